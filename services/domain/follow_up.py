"""Follow-ups of a case: the person is asked again after 24 hours, 7 days and a calendar month, or the very next day.

SCHEDULED → DUE → DONE → CLOSED, by another person than who did it; not done in time → MISSED → ESCALATED, and still to
be done. Counted from the conclusion. The marks are of the policy; a day and a month are those of the installation.
"""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.domain.refusals import OutOfOrder, OwnSubmission
from services.domain.value import value
from services.domain.words import Outcome


class FollowUpState(StrEnum):
    SCHEDULED = "SCHEDULED"  # 待回访: its time has not come
    DUE = "DUE"  # 应回访: the owner acts
    MISSED = "MISSED"  # 逾期: the owner acts, late
    ESCALATED = "ESCALATED"  # 已上报: the centre sees to it
    DONE = "DONE"  # 已回访: somebody else closes it
    CLOSED = "CLOSED"  # 已销号
    SUPERSEDED = "SUPERSEDED"  # 已作废: the case was opened again, or has another outcome now


class Mark(StrEnum):
    NEXT_DAY = "NEXT_DAY"
    AFTER_24_H = "AFTER_24_H"
    AFTER_7_D = "AFTER_7_D"
    AFTER_MONTH = "AFTER_MONTH"


class Result(StrEnum):
    SAFE = "SAFE"  # 情况正常
    CONTACTED_AGAIN = "CONTACTED_AGAIN"  # 再次被骗子联系
    LOSS = "LOSS"  # 又有损失: opens a review
    NOT_REACHED = "NOT_REACHED"  # 联系不上


F = FollowUpState
WAITING = frozenset({F.SCHEDULED, F.DUE, F.MISSED, F.ESCALATED})
TO_DO = frozenset({F.DUE, F.MISSED, F.ESCALATED})
_NEXT = {F.SCHEDULED: F.DUE, F.DUE: F.MISSED, F.MISSED: F.ESCALATED}
_HOUR = timedelta(hours=1)
_USUAL = (Mark.AFTER_24_H, Mark.AFTER_7_D, Mark.AFTER_MONTH)


def _by_outcome() -> Mapping[Outcome, tuple[Mark, ...]]:
    at_once = {Outcome.REFUSED, Outcome.NOT_REACHED}
    none = {Outcome.FALSE_POSITIVE, Outcome.WRONG_PERSON}
    return {
        outcome: () if outcome in none else (*((Mark.NEXT_DAY,) if outcome in at_once else ()), *_USUAL)
        for outcome in Outcome
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRules:
    """Which marks an outcome brings, how long after each it is missed, and when the next day's is due (local time)."""

    marks: Mapping[Outcome, tuple[Mark, ...]] = field(default_factory=_by_outcome)
    grace: Mapping[Mark, timedelta] = field(
        default_factory=lambda: {
            Mark.NEXT_DAY: 12 * _HOUR,
            Mark.AFTER_24_H: 12 * _HOUR,
            Mark.AFTER_7_D: 24 * _HOUR,
            Mark.AFTER_MONTH: 72 * _HOUR,
        }
    )
    next_day_at: time = time(9)


@value
class FollowUp:
    id: int | None = None  # the row; None until it is stored
    mark: Mark
    round: int  # 1, and one more for each time that the case was opened again
    state: FollowUpState = F.SCHEDULED
    unit: str | None  # None: the centre
    responder: str | None
    by_receiver: bool = False  # the person is elsewhere: who has them now does it, the centre writes it down
    due_at: datetime
    grace: timedelta
    done_at: datetime | None = None
    done_by: str | None = None
    result: Result | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None

    @property
    def next_due_at(self) -> datetime | None:
        """It is due at its mark, missed once its grace is over, and escalated after as long again."""
        times = {F.SCHEDULED: 0, F.DUE: 1, F.MISSED: 2}
        return self.due_at + times[self.state] * self.grace if self.state in times else None


def planned(
    wanted: Sequence[Mark],
    *,
    outcome: Outcome,
    concluded_at: datetime,
    round_: int,
    owner: tuple[str | None, str | None],
    zone: ZoneInfo,
    rules: FollowUpRules,
) -> tuple[FollowUp, ...]:
    """The follow-ups of these marks that the outcome brings, for `owner` (unit, responder)."""
    receiver = outcome is Outcome.OUT_OF_AREA
    unit, responder = (None, None) if receiver else owner
    return tuple(
        FollowUp(
            mark=mark,
            round=round_,
            unit=unit,
            responder=responder,
            by_receiver=receiver,
            due_at=due_at(mark, concluded_at, zone, rules),
            grace=rules.grace[mark],
        )
        for mark in rules.marks[outcome]
        if mark in wanted
    )


def due_at(mark: Mark, concluded_at: datetime, zone: ZoneInfo, rules: FollowUpRules) -> datetime:
    """A month ends on the same day and at the same local time, or on the last day of a shorter month."""
    if mark is Mark.AFTER_24_H:
        return concluded_at + 24 * _HOUR
    if mark is Mark.AFTER_7_D:
        return concluded_at + timedelta(days=7)
    local = concluded_at.astimezone(zone)
    if mark is Mark.NEXT_DAY:
        return datetime.combine(local.date() + timedelta(days=1), rules.next_day_at, tzinfo=zone).astimezone(UTC)
    year, month = (local.year + 1, 1) if local.month == 12 else (local.year, local.month + 1)
    day = min(local.day, calendar.monthrange(year, month)[1])
    return local.replace(year=year, month=month, day=day).astimezone(UTC)


def passed(one: FollowUp, *, now: datetime) -> list[FollowUp]:
    """Every state that time has brought it to, in order; empty where nothing is due."""
    reached: list[FollowUp] = []
    while (at := one.next_due_at) is not None and at <= now:
        one = replace(one, state=_NEXT[one.state])
        reached.append(one)
    return reached


def done(one: FollowUp, *, result: Result, by: str, at: datetime) -> FollowUp:
    """Raises OutOfOrder before its time, and where it was done."""
    if one.state not in TO_DO:
        raise OutOfOrder(state=one.state, action="DO")
    return replace(one, state=F.DONE, result=result, done_by=by, done_at=at)


def closed(one: FollowUp, *, by: str, at: datetime) -> FollowUp:
    """Struck off. Raises OutOfOrder, and OwnSubmission for the person who did it."""
    if one.state is not F.DONE:
        raise OutOfOrder(state=one.state, action="CLOSE")
    if by == one.done_by:
        raise OwnSubmission()
    return replace(one, state=F.CLOSED, closed_by=by, closed_at=at)


def superseded(one: FollowUp) -> FollowUp:
    """No longer wanted; one that was done stays."""
    return replace(one, state=F.SUPERSEDED) if one.state in WAITING else one
