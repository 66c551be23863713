"""Follow-ups of a case: the person is asked again, after 24 hours, 7 days and a calendar month for most outcomes.

SCHEDULED → DUE → DONE → CLOSED, by another person than who did it; not done in time → MISSED → ESCALATED, and still to
be done. Counted from the conclusion. The marks are of the policy; a day and a month are those of the installation.
"""

import calendar
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.domain.policy_rules import FollowUp as Rule
from services.domain.policy_rules import FollowUpMark, FollowUpRules
from services.domain.refusals import OutOfOrder, OwnSubmission
from services.domain.value import replace, value
from services.domain.words import Outcome


class FollowUpState(StrEnum):
    SCHEDULED = "SCHEDULED"  # 待回访: its time has not come
    DUE = "DUE"  # 应回访: the owner acts
    MISSED = "MISSED"  # 逾期: the owner acts, late
    ESCALATED = "ESCALATED"  # 已上报: the centre sees to it
    DONE = "DONE"  # 已回访: somebody else closes it
    CLOSED = "CLOSED"  # 已销号
    SUPERSEDED = "SUPERSEDED"  # 已作废: the case was opened again, or has another outcome now


class Result(StrEnum):
    SAFE = "SAFE"  # 情况正常
    CONTACTED_AGAIN = "CONTACTED_AGAIN"  # 再次被骗子联系
    LOSS = "LOSS"  # 又有损失: opens a review
    NOT_REACHED = "NOT_REACHED"  # 联系不上


F = FollowUpState
WAITING = frozenset({F.SCHEDULED, F.DUE, F.MISSED, F.ESCALATED})
TO_DO = frozenset({F.DUE, F.MISSED, F.ESCALATED})
_NEXT = {F.SCHEDULED: F.DUE, F.DUE: F.MISSED, F.MISSED: F.ESCALATED}


@value
class FollowUp:
    id: int | None = None  # the row; None until it is stored
    mark: FollowUpMark
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
    wanted: Sequence[FollowUpMark],
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
            due_at=due_at(rules.marks[mark], concluded_at, zone),
            grace=rules.marks[mark].missed_after,
        )
        for mark in rules.by_outcome[outcome]
        if mark in wanted
    )


def due_at(rule: Rule, concluded_at: datetime, zone: ZoneInfo) -> datetime:
    """Months and days keep the local time; a month ends on the same day, or on the last one of a shorter month."""
    local = concluded_at.astimezone(zone)
    months = local.year * 12 + local.month - 1 + rule.months
    year, month = divmod(months, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    later = local.replace(year=year, month=month + 1, day=day) + timedelta(days=rule.days)
    return later.astimezone(UTC) + timedelta(hours=rule.hours)


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
