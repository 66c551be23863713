"""Which unit a place belongs to, as an answer: the rule that decided, why, and the sentence that says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Language = Literal["zh", "en"]


class Rule(StrEnum):
    """In the order in which they are asked; the first that has an answer decides."""

    POLYGON = "POLYGON"  # the area that holds the point
    EDGE = "EDGE"  # the nearest boundary within a limit
    STATION = "STATION"  # the nearest station within a limit
    REGION_CODE = "REGION_CODE"  # the longest known prefix of the region code
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The unit responsible for one place; None where the centre must decide."""

    unit: str | None
    rule: Rule
    why: tuple[Why, ...]  # one reason; for CENTRE two: what is wrong with the point, then with the region code
    distance_m: float | None = None  # to the boundary or station; 0 inside the area; None where there is no point
    also: tuple[str, ...] = ()  # the other units whose areas hold the point
    region_code: str | None = None  # the known prefix that decided


SENTENCES: Mapping[Language, Mapping[Rule | Why, str]] = {
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
        Rule.REGION_CODE: "By the region code {region_code} it is {unit}, as {point}.",
        Rule.CENTRE: "The centre must decide: {point}, and {code}.",
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
        Rule.REGION_CODE: "{point},按行政区划代码{region_code}归{unit}。",
        Rule.CENTRE: "{point},且{code},须由中心决定。",
    },
}


def explain(located: Located, language: Language, names: Mapping[str, str] | None = None) -> str:
    """One plain sentence on who is responsible and why, units by their names where given. It holds no coordinates."""
    called = names or {}
    say = SENTENCES[language]
    first, last = located.why[0], located.why[-1]
    frame = say[located.rule] if located.rule in say else say[first]
    return frame.format(
        unit=called.get(located.unit or "", located.unit),
        also=("、" if language == "zh" else ", ").join(called.get(unit, unit) for unit in located.also),
        metres=None if located.distance_m is None else round(located.distance_m),
        region_code=located.region_code,
        point=say[first],
        code=say[last],
    )
