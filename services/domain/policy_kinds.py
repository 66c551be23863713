"""What may stand at a place of a policy document: numbers, words, times, lists, tables. Each reads and notes every fault."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Protocol

from services.domain.policy_fault import Flaw, Path, PolicyFault

MOST_ITEMS = 50  # in one list
SHOWN = 40  # letters of a wrong word
CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class Kind(Protocol):
    def read(self, said: Any, path: Path, faults: list[PolicyFault]) -> Any:
        """The value that is meant; where it can't be, a fault is added and what comes back is not to be used."""


@dataclass(frozen=True, slots=True)
class Number:
    """From `least` to `most`; with `above` or `below` not the bound itself."""

    least: float
    most: float
    above: bool = False
    below: bool = False
    whole: bool = False

    def read(self, said: Any, path: Path, faults: list[PolicyFault]) -> Any:
        number = isinstance(said, int if self.whole else int | float) and not isinstance(said, bool)
        if number and self._fits(said):
            return said if self.whole else float(said)
        faults.append(PolicyFault(path=path, flaw=Flaw.NUMBER, given={"bounds": self.bounds}))
        return None

    def _fits(self, number: float) -> bool:
        low = self.least < number if self.above else self.least <= number
        return low and (number < self.most if self.below else number <= self.most)

    @property
    def bounds(self) -> str:
        signs = ("<" if self.above else "≤", "<" if self.below else "≤")
        return f"{self.least:.15g} {signs[0]} x {signs[1]} {self.most:.15g}"


@dataclass(frozen=True, slots=True)
class YesOrNo:
    def read(self, said: Any, path: Path, faults: list[PolicyFault]) -> Any:
        if not isinstance(said, bool):
            faults.append(PolicyFault(path=path, flaw=Flaw.YES_OR_NO))
        return said


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, HH:MM."""

    def read(self, said: Any, path: Path, faults: list[PolicyFault]) -> Any:
        if isinstance(said, str) and CLOCK.fullmatch(said):
            return time.fromisoformat(said)
        faults.append(PolicyFault(path=path, flaw=Flaw.CLOCK))
        return None


@dataclass(frozen=True, slots=True)
class Word:
    words: type[StrEnum]

    def read(self, said: Any, path: Path, faults: list[PolicyFault]) -> Any:
        known = [word.value for word in self.words]
        if isinstance(said, str) and said in known:
            return self.words(said)
        given = {"words": " ".join(known)}
        faults.append(PolicyFault(path=path, flaw=Flaw.WORD, given=given, nearest=nearest(said, known)))
        return None


@dataclass(frozen=True, slots=True)
class Many:
    """A list, each item of the same kind."""

    of: Kind

    def read(self, said: Any, path: Path, faults: list[PolicyFault]) -> Any:
        if not isinstance(said, list) or len(said) > MOST_ITEMS:
            faults.append(PolicyFault(path=path, flaw=Flaw.LIST))
            return ()
        return tuple(self.of.read(item, (*path, index), faults) for index, item in enumerate(said))


@dataclass(frozen=True, slots=True)
class Maybe:
    """The same, or null."""

    of: Kind

    def read(self, said: Any, path: Path, faults: list[PolicyFault]) -> Any:
        return None if said is None else self.of.read(said, path, faults)


@dataclass(frozen=True, slots=True)
class Key:
    """One word of a table: what it holds, and what it is for, in Chinese and English."""

    of: Kind
    zh: str = ""
    en: str = ""
    optional: bool = False  # absent means None


@dataclass(frozen=True, slots=True)
class Table:
    keys: Mapping[str, Key] = field(default_factory=dict)

    def read(self, said: Any, path: Path, faults: list[PolicyFault]) -> Any:
        if not isinstance(said, Mapping):
            faults.append(PolicyFault(path=path, flaw=Flaw.TABLE))
            return {}
        meant = {word: nearest(word, self.keys) for word in said if word not in self.keys}
        for word, like in meant.items():
            faults.append(PolicyFault(path=(*path, str(word)[:SHOWN]), flaw=Flaw.UNKNOWN, nearest=like))
        found = {}
        for word, key in self.keys.items():
            if word in said:
                found[word] = key.of.read(said[word], (*path, word), faults)
            elif key.optional:
                found[word] = None
            elif word not in meant.values():  # else one fault says it: the word is there, misspelt
                faults.append(PolicyFault(path=(*path, word), flaw=Flaw.MISSING))
        return found


def table_of(words: type[StrEnum] | tuple[StrEnum, ...], of: Kind, *, optional: bool = False) -> Table:
    """The same kind under each of a closed list of words."""
    return Table({word.value: Key(of, optional=optional) for word in words})


def nearest(said: object, known: Any) -> str | None:
    """The known word that is most like what was said, if one is like it at all."""
    if not isinstance(said, str):
        return None
    by_letters = {word.lower().replace("_", ""): word for word in known}
    close = get_close_matches(said[:SHOWN].lower().replace("_", "").replace("-", ""), by_letters, n=1, cutoff=0.6)
    return by_letters[close[0]] if close else None
