"""From an address in words to its township and unit: a village name that is unique inside its county. Never guesses."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.domain.ground import significant
from services.domain.located import Located, Rule, Why
from services.domain.place import Places

COMMITTEE = r"(?:村民+委员?会|村委会|居民委员会|居委会)"
OFFICE = re.compile(COMMITTEE + "$")
KIND = re.compile("(?:社区|村)$")
ENDS_A_NAME = re.compile(
    f"(?:$|社区|村|{COMMITTEE})"
)  # what may follow a cut name: 东街村 is the village, 东街路 is not
TOWNSHIP_KIND = re.compile("(?:街道办事处|办事处|街道|乡|镇)$")
TOWNSHIP_KINDS = ("街道办事处", "办事处", "街道", "乡", "镇")
COUNTY_DIGITS = 6
BEFORE_ADDRESS = 2  # reasons of an answer that no address was asked for: of the point, of the region code


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    """A village or community by its official name; `unit` None: no unit is known for it."""

    village: str
    township_code: str
    township: str
    county_code: str
    county: str
    unit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What an address names: one township (`village` is of it), or why not, with what it could be."""

    why: Why
    village: Village | None = None
    candidates: tuple[str, ...] = ()  # codes of townships, ascending


def cut(name: str) -> str:
    """A name without what it has in common with others: 焦窑社区居民委员会 and 焦窑村 are 焦窑."""
    return KIND.sub("", OFFICE.sub("", name))


class Villages:
    """Every known village, built once and never changed; an instance may be asked from any thread."""

    def __init__(self, villages: Iterable[Village]) -> None:
        by_county: dict[str, list[Village]] = defaultdict(list)
        for village in villages:
            by_county[village.county_code].append(village)
        self._counties = {code: _County(members) for code, members in by_county.items()}
        self._codes_by_name: dict[str, set[str]] = defaultdict(set)
        for code, county in self._counties.items():
            self._codes_by_name[county.name].add(code)
        self._names = sorted(filter(None, self._codes_by_name), key=len, reverse=True)
        self.townships: Mapping[str, str] = {
            village.township_code: village.township for members in by_county.values() for village in members
        }

    def settle(self, located: Sequence[Located], places: Places) -> list[Located]:
        """The same answers, those where the centre would decide settled by their address where it names one place.

        Safe to repeat: an answer that has heard its address is not asked again.
        """
        if not self._counties:
            return list(located)
        return [
            self._settled(answer, places, row) if _is_open(answer) and places.address(row) else answer
            for row, answer in enumerate(located)
        ]

    def _settled(self, answer: Located, places: Places, row: int) -> Located:
        named = self.find(places.address(row), county=places.county(row) or places.region_codes[row] or "")
        if named.village is None:
            return answer._replace(why=(*answer.why, named.why), candidates=named.candidates)
        township = named.village.township_code
        if named.village.unit is None:
            return answer._replace(why=(*answer.why, Why.TOWNSHIP_WITHOUT_UNIT), township=township)
        why = (*answer.why, named.why)
        return answer._replace(unit=named.village.unit, rule=Rule.ADDRESS, why=why, township=township)

    def find(self, address: str, *, county: str = "") -> Named:
        """The village that `address` names. `county` is a code (or one of a place in it) or a name; else the address says it."""
        text = "".join(address.split())
        code = self._code_of(county) or self._code_in(text)
        if code is None:
            return Named(why=Why.NO_COUNTY)
        return self._counties[code].find(text)

    def _code_of(self, county: str) -> str | None:
        given = significant(county)[:COUNTY_DIGITS]
        if given in self._counties:
            return given
        codes = self._codes_by_name.get(county.strip(), set())
        return next(iter(codes)) if len(codes) == 1 else None

    def _code_in(self, text: str) -> str | None:
        """The one county whose code the text begins with, or whose name is in it; None where there is none, or more than one."""
        if text[:COUNTY_DIGITS] in self._counties:
            return text[:COUNTY_DIGITS]
        named = [name for name in self._names if name in text]
        codes = {code for name in named for code in self._codes_by_name[name]}
        return codes.pop() if len(codes) == 1 else None


def _is_open(answer: Located) -> bool:
    return answer.rule is Rule.CENTRE and len(answer.why) == BEFORE_ADDRESS


class _County:
    """The villages of one county by their official and by their cut names."""

    def __init__(self, villages: Sequence[Village]) -> None:
        self.name, self._code = villages[0].county, villages[0].county_code
        self._official: dict[str, list[Village]] = defaultdict(list)
        self._short: dict[str, list[Village]] = defaultdict(list)
        for village in villages:
            self._official[village.village].append(village)
            if short := cut(village.village):
                self._short[short].append(village)
        self._lengths = sorted({len(name) for name in (*self._official, *self._short)}, reverse=True)
        self._townships = {village.township_code: village.township for village in villages}

    def find(self, text: str) -> Named:
        """The text as it is, then what follows the county's and the township's name in it."""
        named = self._match(text, None)
        if named.why is not Why.UNKNOWN_VILLAGE:
            return named
        rest = text.removeprefix(self._code)
        rest = rest.partition(self.name)[2] if self.name and self.name in rest else rest
        townships, after = self._township(rest)
        return self._match(after, townships)

    def _township(self, text: str) -> tuple[set[str] | None, str]:
        """The townships that the text begins with (乡 and 镇 are taken for each other), and what follows; None: it names none."""
        best, found = 0, set[str]()
        for code, name in self._townships.items():
            length = _length_of(name, text)
            if length > best:
                best, found = length, set()
            if length and length == best:
                found.add(code)
        return (found, text[best:]) if found else (None, text)

    def _match(self, text: str, townships: set[str] | None) -> Named:
        """By the longest official name that the text begins with; only where there is none by a cut one."""
        for names, why in ((self._official, Why.VILLAGE_NAMED), (self._short, Why.VILLAGE_NAMED_SHORT)):
            for length in self._lengths:
                if len(text) < length or text[:length] not in names:
                    continue
                if names is self._short and not ENDS_A_NAME.match(text, length):
                    continue
                inside = [one for one in names[text[:length]] if townships is None or one.township_code in townships]
                if inside:
                    return _one_of(inside, why)
        return Named(why=Why.UNKNOWN_VILLAGE)


def _length_of(township: str, text: str) -> int:
    """How much of the text is the township's name, its kind being any; 0 where the text does not begin with it."""
    stem = TOWNSHIP_KIND.sub("", township)
    if not text.startswith(stem):
        return 0
    kind = next((len(stem) + len(kind) for kind in TOWNSHIP_KINDS if text.startswith(kind, len(stem))), 0)
    return max(kind, len(township) if text.startswith(township) else 0)


def _one_of(villages: Sequence[Village], why: Why) -> Named:
    codes = sorted({village.township_code for village in villages})
    if len(codes) > 1:
        return Named(why=Why.AMBIGUOUS_VILLAGE, candidates=tuple(codes))
    if len({village.unit for village in villages}) > 1:  # of one township, but not of one unit
        return Named(why=Why.AMBIGUOUS_VILLAGE, candidates=tuple(codes))
    return Named(why=why, village=villages[0])
