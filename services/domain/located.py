"""Which unit a place belongs to, as an answer: the rule that decided, why, and the sentence that says so."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import partial
from itertools import repeat
from typing import Literal, NamedTuple

Language = Literal["zh", "en"]


class Rule(StrEnum):
    """In the order in which they are asked; the first that has an answer decides."""

    POLYGON = "POLYGON"  # the area that holds the point
    EDGE = "EDGE"  # the nearest boundary within a limit
    STATION = "STATION"  # the nearest station within a limit
    REGION_CODE = "REGION_CODE"  # the longest known prefix of the region code
    ADDRESS = "ADDRESS"  # the village that the address names, unique inside its county
    CENTRE = "CENTRE"  # nobody: a person at the centre decides


class Why(StrEnum):
    HOLDS_POINT = "HOLDS_POINT"
    MANY_HOLD_POINT = "MANY_HOLD_POINT"  # areas overlap or the point is on a shared edge: the tie rule decided
    NEAR_EDGE = "NEAR_EDGE"
    NEAR_STATION = "NEAR_STATION"
    NO_POINT = "NO_POINT"
    ZERO_ZERO = "ZERO_ZERO"  # 0, 0 is what a missing fix looks like
    OUTSIDE_WORLD = "OUTSIDE_WORLD"
    LOOKS_SWAPPED = "LOOKS_SWAPPED"  # outside the world, inside it when latitude and longitude change places
    OUTSIDE_LIMITS = "OUTSIDE_LIMITS"
    NO_REGION_CODE = "NO_REGION_CODE"
    UNKNOWN_REGION_CODE = "UNKNOWN_REGION_CODE"
    VILLAGE_NAMED = "VILLAGE_NAMED"  # by its official name
    VILLAGE_NAMED_SHORT = "VILLAGE_NAMED_SHORT"  # by its name without 村, 社区 and the like
    NO_COUNTY = "NO_COUNTY"  # a village name alone is not unique
    UNKNOWN_VILLAGE = "UNKNOWN_VILLAGE"
    AMBIGUOUS_VILLAGE = "AMBIGUOUS_VILLAGE"  # several townships of the county have it
    TOWNSHIP_WITHOUT_UNIT = "TOWNSHIP_WITHOUT_UNIT"


class Located(NamedTuple):
    """The unit responsible for one place; None where the centre must decide.

    A tuple because many are made at once: see `located_near`.
    """

    unit: str | None
    rule: Rule
    # One reason; for ADDRESS and CENTRE what is wrong with the point, then with the region code, then of the address,
    # where one is given.
    why: tuple[Why, ...]
    distance_m: float | None = None  # to the boundary or station; 0 inside the area; None where there is no point
    also: tuple[str, ...] = ()  # the other units whose areas hold the point
    region_code: str | None = None  # the known prefix that decided
    township: str | None = None  # code of the township whose village the address names
    candidates: tuple[str, ...] = ()  # codes of the townships that an ambiguous address could mean


def located_near(units: Iterable[str], metres: Iterable[float], *, rule: Rule, why: Why) -> Iterator[Located]:
    """One for each of the units, so many metres away. No call for each: a third of the time of a batch was that."""
    nothing: tuple[str, ...] = ()
    columns = (
        units,
        repeat(rule),
        repeat((why,)),
        metres,
        repeat(nothing),
        repeat(None),
        repeat(None),
        repeat(nothing),
    )
    return map(partial(tuple.__new__, Located), zip(*columns, strict=False))


ASKED_ADDRESS = "ASKED_ADDRESS"  # the frame of CENTRE where an address was given too

SENTENCES: Mapping[Language, Mapping[str, str]] = {
    "en": {
        Why.HOLDS_POINT: "The point lies in the area of {unit}.",
        Why.MANY_HOLD_POINT: "The point lies in the areas of {unit} and {also}; "
        "the smallest area goes first, then the lowest code.",
        Why.NEAR_EDGE: "No area holds the point; the boundary of {unit} is the nearest, {metres} m away.",
        Why.NEAR_STATION: "No area is near the point; the station of {unit} is the nearest, {metres} m away.",
        Why.NO_POINT: "no point is given",
        Why.ZERO_ZERO: "the point is 0, 0, which stands for none",
        Why.OUTSIDE_WORLD: "the point is outside the world",
        Why.LOOKS_SWAPPED: "the point is outside the world, as if latitude and longitude were swapped",
        Why.OUTSIDE_LIMITS: "the point is too far from every area and station",
        Why.NO_REGION_CODE: "no region code is given",
        Why.UNKNOWN_REGION_CODE: "the region code is not known",
        Why.VILLAGE_NAMED: "the village that the address names",
        Why.VILLAGE_NAMED_SHORT: "the village that the address names in short",
        Why.NO_COUNTY: "the address does not say which county",
        Why.UNKNOWN_VILLAGE: "the address names no known village",
        Why.AMBIGUOUS_VILLAGE: "the village named in the address could be in {candidates}",
        Why.TOWNSHIP_WITHOUT_UNIT: "the address is in {township}, which has no unit",
        Rule.REGION_CODE: "By the region code {region_code} it is {unit}, as {point}.",
        Rule.ADDRESS: "By {address}, in {township}, it is {unit}, as {point} and {code}.",
        Rule.CENTRE: "The centre must decide: {point}, and {code}.",
        ASKED_ADDRESS: "The centre must decide: {point}, {code}, and {address}.",
    },
    "zh": {
        Why.HOLDS_POINT: "该点位于{unit}辖区内。",
        Why.MANY_HOLD_POINT: "该点同时位于{unit}和{also}辖区内;面积最小者优先,其次代码最小者。",
        Why.NEAR_EDGE: "该点不在任何辖区内;距{unit}辖区边界最近,{metres}米。",
        Why.NEAR_STATION: "该点附近没有辖区;距{unit}驻地最近,{metres}米。",
        Why.NO_POINT: "未提供坐标",
        Why.ZERO_ZERO: "坐标为0,0,即无定位",
        Why.OUTSIDE_WORLD: "坐标超出地球范围",
        Why.LOOKS_SWAPPED: "坐标超出地球范围,疑似经纬度颠倒",
        Why.OUTSIDE_LIMITS: "坐标距所有辖区和驻地过远",
        Why.NO_REGION_CODE: "未提供行政区划代码",
        Why.UNKNOWN_REGION_CODE: "行政区划代码未登记",
        Why.VILLAGE_NAMED: "地址所写村(社区)",
        Why.VILLAGE_NAMED_SHORT: "地址所写村(社区)简称",
        Why.NO_COUNTY: "地址未写明县(市、区)",
        Why.UNKNOWN_VILLAGE: "地址所写村(社区)未登记",
        Why.AMBIGUOUS_VILLAGE: "地址所写村(社区)可能属于{candidates}",
        Why.TOWNSHIP_WITHOUT_UNIT: "地址在{township},该地尚无责任单位",
        Rule.REGION_CODE: "{point},按行政区划代码{region_code}归{unit}。",
        Rule.ADDRESS: "{point},且{code};按{address}(在{township})归{unit}。",
        Rule.CENTRE: "{point},且{code},须由中心决定。",
        ASKED_ADDRESS: "{point},{code},且{address},须由中心决定。",
    },
}


def explain(located: Located, language: Language, names: Mapping[str, str] | None = None) -> str:
    """One plain sentence on who is responsible and why, units and townships by their names where given.

    It holds no coordinates and no address.
    """
    called = names or {}
    say = SENTENCES[language]
    comma = "、" if language == "zh" else ", "
    told = {
        "unit": called.get(located.unit or "", located.unit),
        "also": comma.join(called.get(unit, unit) for unit in located.also),
        "metres": None if located.distance_m is None else round(located.distance_m),
        "region_code": located.region_code,
        "township": called.get(located.township or "", located.township),
        "candidates": comma.join(called.get(code, code) for code in located.candidates),
    }
    point, code, address = _parts(located)
    return _frame(located, say).format(**told, point=say[point], code=say[code], address=say[address].format(**told))


def _parts(located: Located) -> tuple[Why, Why, Why]:
    """What is said of the point, the region code and the address; one that is not there repeats another and is not said."""
    first, *others = located.why
    return first, others[0] if others else first, others[-1] if others else first


def _frame(located: Located, say: Mapping[str, str]) -> str:
    if located.rule is Rule.CENTRE and len(located.why) > 2:
        return say[ASKED_ADDRESS]
    return say[located.rule] if located.rule in say else say[located.why[0]]
