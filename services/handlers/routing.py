"""What a case asks of choosing; and why this unit and this responder, as it is stored with the case."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from schemas.warning import WarningIssued
from services.domain.choice import Ask, Choice, Measured, NoChoice
from services.domain.located import Located
from services.domain.place import Whereabouts
from services.domain.value import replace
from services.domain.ways import ways_of
from services.handlers.context import Context


def ask_for(
    warning: WarningIssued,
    unit: str,
    lat: float | None,
    lon: float | None,
    *,
    grid: str | None = None,
    excluding: frozenset[str] = frozenset(),
) -> Ask:
    """What the case of this warning asks of whoever gets it."""
    needs = warning.needs
    return Ask(
        unit=unit,
        lat=lat,
        lon=lon,
        grid=grid,
        excluding=excluding,
        skill=needs.skill or None,
        language=needs.language or None,
        urgent=warning.risk == "URGENT",
    )


async def with_ways(context: Context, asks: Sequence[Ask], now: datetime) -> Sequence[Ask]:
    """The same asks with the travel times that somebody knows, where somebody can be asked."""
    if context.ways is None:
        return asks
    ways = ways_of(context.picture.roster, asks, now, context.rules)
    wanted = [way for way in ways if way is not None]
    if not wanted:
        return asks
    measured, found = await context.ways.seconds(wanted)
    known = iter(found)
    return [
        ask if way is None else replace(ask, travel_s=(travel_s := next(known)), measured=_by(measured, travel_s))
        for ask, way in zip(asks, ways, strict=True)
    ]


def _by(measured: Measured, travel_s: Mapping[str, float]) -> Measured:
    """Where nobody knows a single way, distance decides, whoever was asked."""
    return measured if travel_s or measured is Measured.NO_ANSWER else Measured.DISTANCE


def routing_of(located: Located, which: Whereabouts | None, *, grid: str | None = None) -> dict[str, Any]:
    """How the responsible unit was found. Holds no position: distances only."""
    told: dict[str, Any] = {"rule": located.rule.value, "why": [why.value for why in located.why]}
    if which is not None:
        told["place"] = which.value
    if located.distance_m is not None:
        told["distance_m"] = round(located.distance_m, 1)
    if located.also:
        told["also"] = list(located.also)
    if located.region_code is not None:
        told["region_code"] = located.region_code
    if grid is not None:
        told["grid"] = grid
    if located.township is not None:
        told["township"] = located.township
    if located.candidates:
        told["townships"] = list(located.candidates)
    return told


def choice_of(choice: Choice | NoChoice | None) -> dict[str, Any]:
    """How the responder was found, with those who were not; empty where nobody was looked for."""
    if choice is None:
        return {}
    decided = choice.decided.value if isinstance(choice, Choice) else choice.reason.value
    told: dict[str, Any] = {
        "decided": decided,
        "candidates": [
            {
                "responder": candidate.responder,
                "distance_m": None if candidate.distance_m is None else round(candidate.distance_m, 1),
                "fix_age_s": None if candidate.fix_age_s is None else round(candidate.fix_age_s),
                "open_cases": candidate.open_cases,
                "rejected": candidate.rejected,
                **({} if candidate.travel_s is None else {"travel_s": round(candidate.travel_s)}),
            }
            for candidate in choice.candidates
        ],
    }
    if isinstance(choice, Choice):
        told["distance_m"] = told["candidates"][0]["distance_m"]
        if choice.lacks:
            told["lacks"] = list(choice.lacks)
        if choice.measured is not Measured.DISTANCE:
            told["measured"] = choice.measured
    return told
