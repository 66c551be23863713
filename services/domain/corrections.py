"""Times that were wrong, put right: a new fact with both values. What was recorded stays; figures use the corrected one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.moves import Said, move
from services.domain.policy import Policy
from services.domain.refusals import Incomplete
from services.domain.states import Action
from services.domain.value import replace


class Stamp(StrEnum):
    """The times that people bring about. issued_at is the source's word and received_at the server's own."""

    ASSIGNED = "assigned_at"
    ACKNOWLEDGED = "acknowledged_at"
    FIRST_ATTEMPT = "first_attempt_at"
    CONTACTED = "contacted_at"
    CONCLUDED = "concluded_at"
    FEEDBACK = "feedback_at"
    CLOSED = "closed_at"
    STOP_REQUESTED = "stop_requested_at"
    STOP_RESOLVED = "stop_resolved_at"


LOOP = (
    Stamp.ASSIGNED,
    Stamp.ACKNOWLEDGED,
    Stamp.FIRST_ATTEMPT,
    Stamp.CONTACTED,
    Stamp.CONCLUDED,
    Stamp.FEEDBACK,
    Stamp.CLOSED,
)
STOP = (Stamp.STOP_REQUESTED, Stamp.STOP_RESOLVED)


class Told(Protocol):
    """A fact of the timeline, stored or new."""

    @property
    def action(self) -> str: ...
    @property
    def recorded_at(self) -> datetime: ...
    @property
    def actor(self) -> str: ...
    @property
    def detail(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    stamp: Stamp
    original_at: datetime
    corrected_at: datetime
    corrected_by: str
    recorded_at: datetime


def corrections_of(facts: Iterable[Told]) -> dict[Stamp, Correction]:
    """The correction in force of each time, from a case's facts in order. One of a stamp that was set anew since, in a
    later round, is over: see `corrected`.
    """
    found: dict[Stamp, Correction] = {}
    for fact in facts:
        if fact.action == Action.CORRECT and "stamp" in fact.detail:
            stamp = Stamp(fact.detail["stamp"])
            found[stamp] = Correction(
                stamp=stamp,
                original_at=datetime.fromisoformat(fact.detail["original"]),
                corrected_at=datetime.fromisoformat(fact.detail["new"]),
                corrected_by=fact.actor,
                recorded_at=fact.recorded_at,
            )
    return found


def corrected(case: Case, corrections: Mapping[Stamp, Correction]) -> dict[Stamp, datetime | None]:
    """Every time of a case as figures use it: the corrected one where there is one of the very time recorded."""
    times: dict[Stamp, datetime | None] = {}
    for stamp in Stamp:
        recorded: datetime | None = getattr(case, stamp)
        known = corrections.get(stamp)
        times[stamp] = known.corrected_at if known is not None and known.original_at == recorded else recorded
    return times


def correct(
    case: Case,
    stamp: Stamp,
    at: datetime,
    before: Iterable[Told],
    *,
    by: Actor,
    now: datetime,
    policy: Policy,
    said: Said | None = None,
) -> Change:
    """Say that a time was another; `before` are the case's corrections so far. Limits, states and stamps stay.

    Raises Incomplete where the time was never recorded, nothing would change, it lies before the warning or in the
    future, or steps would change their order.
    """
    times = corrected(case, corrections_of(before))
    old, original = times[stamp], getattr(case, stamp)
    if old is None:
        raise Incomplete(field="stamp", why="this time was not recorded")
    if at == old:
        raise Incomplete(field="at", why="this is the time that is recorded")
    if at < case.issued_at:
        raise Incomplete(field="at", why="before the warning was issued")
    if at > now:
        raise Incomplete(field="at", why="in the future")
    if _passes(stamp, at, old, times):
        raise Incomplete(field="at", why="another step would come before or after it")
    said = said or Said()
    values = {"original": original, "old": old, "new": at}
    detail = {"stamp": stamp.value, **{name: moment.isoformat() for name, moment in values.items()}}
    said = replace(said, detail={**(said.detail or {}), **detail})
    return move(case, Action.CORRECT, by=by, now=now, policy=policy, said=said)


def _passes(stamp: Stamp, at: datetime, old: datetime, times: Mapping[Stamp, datetime | None]) -> bool:
    """Whether a step would change sides with another; where a later round has turned two round, that stays as it is."""
    order = LOOP if stamp in LOOP else STOP
    for other in order:
        there = times[other]
        if other is stamp or there is None:
            continue
        is_earlier = (there, order.index(other)) < (old, order.index(stamp))
        if at < there if is_earlier else at > there:
            return True
    return False
