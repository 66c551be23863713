"""Why this unit and this responder, as sentences in both languages, from what is stored with the case. Decides nothing."""

from collections.abc import Mapping
from typing import Any, Final

from services.domain.choosing import Decided, Nobody
from services.domain.located import Language, Located, Rule, Why, explain

BY_HAND: Final = "BY_HAND"

CHOICES: Final[Mapping[Language, Mapping[str, str]]] = {
    "zh": {
        Decided.ONLY_ONE: "{responder}是可选的唯一人员。",
        Decided.NEAREST: "{responder}距离最近。",
        Decided.FEWEST_OPEN_CASES: "距离相当,{responder}在办案件最少。",
        Decided.LOWEST_CODE: "距离和在办数相当,按编号取{responder}。",
        Nobody.NOBODY_ON_DUTY: "该单位无人当班,须由中心决定。",
        Nobody.ALL_EXCLUDED: "当班人员均已派过,须由中心决定。",
        BY_HAND: "由中心指定{responder}。",
    },
    "en": {
        Decided.ONLY_ONE: "{responder} is the only one who could be chosen.",
        Decided.NEAREST: "{responder} is the nearest.",
        Decided.FEWEST_OPEN_CASES: "Equally near; {responder} has the fewest open cases.",
        Decided.LOWEST_CODE: "Equally near and equally busy; {responder} has the lowest code.",
        Nobody.NOBODY_ON_DUTY: "Nobody of the unit is on duty; the centre must decide.",
        Nobody.ALL_EXCLUDED: "Everybody on duty was asked already; the centre must decide.",
        BY_HAND: "The centre chose {responder}.",
    },
}


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
        )
        return explain(located, language, names)
    except (KeyError, ValueError, IndexError):
        return ""


def why_responder(routing: Mapping[str, Any], responder: str | None, language: Language) -> str:
    """The sentence on the responder asked last, or on why nobody was; empty where nobody was looked for."""
    frame = CHOICES[language].get(routing.get("choice", {}).get("decided", ""), "")
    return frame.format(responder=responder or "—")
