"""Why this unit and this responder, as sentences in both languages, from what is stored with the case. Decides nothing."""

from collections.abc import Mapping
from typing import Any, Final

from services.domain.choice import Decided, Nobody, Rejected
from services.domain.located import Language, Located, Rule, Why, explain

BY_HAND: Final = "BY_HAND"
SHIFT_CHANGE: Final = "SHIFT_CHANGE"

CHOICES: Final[Mapping[Language, Mapping[str, str]]] = {
    "zh": {
        Decided.ONLY_ONE: "{responder}是可选的唯一人员。",
        Decided.NEAREST: "{responder}距离最近。",
        Decided.FEWEST_OPEN_CASES: "距离相当,{responder}在办案件最少。",
        Decided.LOWEST_CODE: "距离和在办数相当,按编号取{responder}。",
        Decided.LACKS_LEAST: "{responder}最符合所需条件。",
        Decided.GRID: "{responder}是该网格的责任人。",
        Decided.HEAD: "该单位无人可派,指派负责人{responder}。",
        Decided.NEIGHBOUR: "该单位无人可派,由最近的邻近单位{responder}支援。",
        Decided.NEIGHBOUR_FASTER: "紧急:邻近单位{responder}明显更快到达。",
        Nobody.NOBODY_ON_DUTY: "该单位无人当班,须由中心决定。",
        Nobody.ALL_EXCLUDED: "当班人员均已派过,须由中心决定。",
        Nobody.NOBODY_FIT: "当班人员均已派过、不在岗或在办数已满,须由中心决定。",
        Nobody.ROUTING_OFF: "该单位已停止自动分派,须由中心决定。",
        BY_HAND: "由中心指定{responder}。",
        SHIFT_CHANGE: "交接班时由{responder}接手。",
    },
    "en": {
        Decided.ONLY_ONE: "{responder} is the only one who could be chosen.",
        Decided.NEAREST: "{responder} is the nearest.",
        Decided.FEWEST_OPEN_CASES: "Equally near; {responder} has the fewest open cases.",
        Decided.LOWEST_CODE: "Equally near and equally busy; {responder} has the lowest code.",
        Decided.LACKS_LEAST: "{responder} has most of what is needed.",
        Decided.GRID: "It is {responder}'s beat.",
        Decided.HEAD: "Nobody of the unit can be asked; its head {responder} is.",
        Decided.NEIGHBOUR: "Nobody of the unit can be asked; {responder} of a neighbouring one is the nearest.",
        Decided.NEIGHBOUR_FASTER: "Urgent: {responder} of a neighbouring unit is there much sooner.",
        Nobody.NOBODY_FIT: "Everybody on duty was asked already, is away or at the load cap; the centre must decide.",
        Nobody.ROUTING_OFF: "The unit is offered no cases by itself; the centre must decide.",
        Nobody.NOBODY_ON_DUTY: "Nobody of the unit is on duty; the centre must decide.",
        Nobody.ALL_EXCLUDED: "Everybody on duty was asked already; the centre must decide.",
        BY_HAND: "The centre chose {responder}.",
        SHIFT_CHANGE: "{responder} took it over at the change of shift.",
    },
}

REJECTIONS: Final[Mapping[Language, Mapping[str, str]]] = {
    "zh": {
        Rejected.EXCLUDED: "已派过",
        Rejected.AWAY: "不在岗",
        Rejected.AT_LOAD_CAP: "在办数已满",
        Rejected.LACKS_SKILL: "缺所需技能",
        Rejected.LACKS_LANGUAGE: "不会所需语言",
        Rejected.ON_CALL: "仅在必要时可派",
        Rejected.NOT_RESTED: "休息不足",
        Rejected.OTHER_GRID: "非本网格",
        Rejected.FARTHER: "较远",
        Rejected.BUSIER: "在办较多",
        Rejected.HIGHER_CODE: "编号在后",
        Rejected.SLOWER: "到达明显较慢",
    },
    "en": {
        Rejected.EXCLUDED: "was asked before",
        Rejected.AWAY: "is away",
        Rejected.AT_LOAD_CAP: "holds as many cases as allowed",
        Rejected.LACKS_SKILL: "lacks the skill",
        Rejected.LACKS_LANGUAGE: "does not speak the language",
        Rejected.ON_CALL: "can be pulled away only if need be",
        Rejected.NOT_RESTED: "has not rested",
        Rejected.OTHER_GRID: "has another beat",
        Rejected.FARTHER: "is farther",
        Rejected.BUSIER: "has more open cases",
        Rejected.HIGHER_CODE: "has a higher code",
        Rejected.SLOWER: "is there much later",
    },
}


def why_not(rejected: str | None, language: Language) -> str | None:
    """Why a candidate was not asked; None for the one who was."""
    return None if rejected is None else REJECTIONS[language].get(rejected, rejected)


def why_unit(routing: Mapping[str, Any], unit: str | None, language: Language, names: Mapping[str, str]) -> str:
    """The sentence on the responsible unit; empty where what is stored is of another time and says nothing to us."""
    try:
        located = Located(
            unit=unit,
            rule=Rule(routing["rule"]),
            why=tuple(Why(why) for why in routing["why"]),
            distance_m=routing.get("distance_m"),
            also=tuple(routing.get("also", ())),
            region_code=routing.get("region_code"),
            township=routing.get("township"),
            candidates=tuple(routing.get("townships", ())),
        )
        return explain(located, language, names)
    except (KeyError, ValueError, IndexError):
        return ""


def why_responder(routing: Mapping[str, Any], responder: str | None, language: Language) -> str:
    """The sentence on the responder asked last, or on why nobody was; empty where nobody was looked for."""
    frame = CHOICES[language].get(routing.get("choice", {}).get("decided", ""), "")
    return frame.format(responder=responder or "—")
