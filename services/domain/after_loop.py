"""What a case brings with it once its outcome is known: follow-ups, and a review where money was lost after the warning.

The next day's follow-up is made at the conclusion, the others at the feedback. A case that is opened again supersedes
what is still to be done and gets a new set, counted from its new conclusion; what was done stays.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.domain import beside as besides
from services.domain import follow_up, moves, review, telling
from services.domain.actor import Actor
from services.domain.beside import Beside, Made
from services.domain.case import Case, Change
from services.domain.follow_up import WAITING, FollowUp, FollowUpState, Result
from services.domain.policy import Policy
from services.domain.policy_rules import FollowUpMark, ReviewCause
from services.domain.refusals import Incomplete, NotAllowed, NotYours
from services.domain.states import Action, TimerKind
from services.domain.value import replace
from services.domain.words import Outcome, Role

CENTRE = frozenset({Role.OPERATOR, Role.SUPERVISOR})
FIELD = frozenset({Role.DESK, Role.RESPONDER})
REVIEWING = CENTRE | {Role.REVIEWER}
AT_CONCLUSION = (FollowUpMark.AT_ONCE, FollowUpMark.NEXT_DAY)
AT_FEEDBACK = (FollowUpMark.DAY, FollowUpMark.WEEK, FollowUpMark.MONTH)


def concluded(change: Change, beside: Beside, *, by: Actor, now: datetime, policy: Policy, zone: ZoneInfo) -> Made:
    """The outcome is known: the next day's follow-up, and a review where it tells of a loss after the warning."""
    made = _planned(change, beside, AT_CONCLUSION, policy=policy, zone=zone)
    case = change.case
    lost = case.outcome is Outcome.DEFRAUDED_AFTER_WARNING or bool(case.loss_after_fen)
    return besides.inquired(
        made, [(ReviewCause.LOSS_AFTER_WARNING, None)] if lost else [], by=by, now=now, policy=policy
    )


def reported(change: Change, beside: Beside, *, policy: Policy, zone: ZoneInfo) -> Made:
    """The feedback is there: the other follow-ups of its outcome, unless this round has them."""
    return _planned(change, beside, AT_FEEDBACK, policy=policy, zone=zone)


def reopened(change: Change, beside: Beside) -> Made:
    """What was still to be done is done again, after the new conclusion."""
    return besides.made(change, besides.superseded(beside))


def followed_up(
    case: Case,
    beside: Beside,
    one: FollowUp,
    *,
    result: Result,
    loss_after_fen: int | None,
    by: Actor,
    now: datetime,
    policy: Policy,
    private: dict[str, Any] | None,
) -> Made:
    """Somebody of the owning unit, or the centre, asked the person again. A loss found so opens a review.

    Raises NotAllowed, NotYours, OutOfOrder, or Incomplete where a loss has no amount or an amount no loss.
    """
    if by.role not in CENTRE | FIELD:
        raise NotAllowed(role=by.role, action=Action.FOLLOW_UP)
    if by.role in FIELD and by.unit != one.unit:
        raise NotYours()
    if (result is Result.LOSS) != bool(loss_after_fen):
        raise Incomplete(field="loss_after_fen", why="an amount belongs to a loss, and only there")
    after = follow_up.done(one, result=result, by=by.name, at=now)
    detail = besides.follow_up_detail(after) | {"result": result.value}
    change = telling.noted(case, Action.FOLLOW_UP, by=by, now=now, detail=detail, private=private)
    made = besides.made(change, besides.with_follow_up(beside, one, after))
    return made if loss_after_fen is None else _lost(made, loss_after_fen, by=by, now=now, policy=policy)


def struck_off(
    case: Case, beside: Beside, one: FollowUp, *, by: Actor, now: datetime, private: dict[str, Any] | None
) -> Made:
    """Another person closes it. Raises NotAllowed, NotYours, OutOfOrder or OwnSubmission."""
    if by.role not in REVIEWING | {Role.DESK}:
        raise NotAllowed(role=by.role, action=Action.FOLLOW_UP)
    if by.role is Role.DESK and by.unit != one.unit:
        raise NotYours()
    after = follow_up.closed(one, by=by.name, at=now)
    detail = besides.follow_up_detail(after)
    change = telling.noted(case, Action.FOLLOW_UP, by=by, now=now, detail=detail, private=private)
    return besides.made(change, besides.with_follow_up(beside, one, after))


def lost(
    case: Case,
    beside: Beside,
    *,
    loss_after_fen: int,
    lost_at: datetime | None,
    by: Actor,
    now: datetime,
    policy: Policy,
    private: dict[str, Any] | None,
) -> Made:
    """A loss after the warning was found, or its amount is corrected: both values stay in the timeline.

    Raises NotAllowed, or Incomplete where it was lost before the warning or lies ahead.
    """
    if by.role not in CENTRE | FIELD:
        raise NotAllowed(role=by.role, action=Action.LOSE)
    if lost_at is not None and not case.issued_at <= lost_at <= now:
        raise Incomplete(field="lost_at", why="before the warning was issued, or still to come")
    so_far = besides.made(Change(case=case, facts=()), beside)
    return _lost(so_far, loss_after_fen, by=by, now=now, policy=policy, lost_at=lost_at, private=private)


def must_review(by: Actor) -> None:
    """Raises NotAllowed for a role that reviews nothing."""
    if by.role not in REVIEWING:
        raise NotAllowed(role=by.role, action=Action.INQUIRE)


def reviewed(
    case: Case, beside: Beside, after: review.Review, *, by: Actor, now: datetime, private: dict[str, Any] | None
) -> Made:
    """A step of a review."""
    detail = {"review": after.number, "state": after.state.value, "accountable": after.accountable}
    change = telling.noted(case, Action.INQUIRE, by=by, now=now, detail=detail, private=private)
    return besides.made(change, besides.with_review(beside, after))


def _lost(
    so_far: Made,
    loss_after_fen: int,
    *,
    by: Actor,
    now: datetime,
    policy: Policy,
    lost_at: datetime | None = None,
    private: dict[str, Any] | None = None,
) -> Made:
    case = so_far.change.case
    detail = {
        "loss_after_fen": loss_after_fen,
        "was_fen": case.loss_after_fen,
        "lost_at": None if lost_at is None else lost_at.isoformat(),
    }
    change = telling.noted(
        case, Action.LOSE, by=by, now=now, detail=detail, private=private, loss_after_fen=loss_after_fen
    )
    made = besides.made(moves.then(so_far.change, change), so_far.beside)
    return besides.inquired(
        made, [(ReviewCause.LOSS_AFTER_WARNING, None)] if loss_after_fen else [], by=by, now=now, policy=policy
    )


def _planned(change: Change, beside: Beside, marks: Sequence[FollowUpMark], *, policy: Policy, zone: ZoneInfo) -> Made:
    """The follow-ups of `marks` that the outcome wants and this round has not, told in the last fact of the change."""
    case, rules = change.case, policy.follow_ups
    assert case.outcome is not None  # noqa: S101 - a concluded case has its outcome
    round_, wanted = case.reopened_count + 1, rules.by_outcome[case.outcome]
    kept = tuple(
        follow_up.superseded(one) if one.round == round_ and one.mark not in wanted else one
        for one in beside.follow_ups
    )
    there = {one.mark for one in kept if one.round == round_ and one.state is not FollowUpState.SUPERSEDED}
    new = follow_up.planned(
        [mark for mark in marks if mark not in there],
        outcome=case.outcome,
        concluded_at=_concluded_at(case),
        round_=round_,
        owner=(case.assigned_unit or case.responsible_unit, case.responder),
        zone=zone,
        rules=rules,
    )
    if new:
        last = change.facts[-1]
        told = {"follow_ups": [besides.follow_up_detail(one) for one in new if one.state in WAITING]}
        change = replace(change, facts=(*change.facts[:-1], replace(last, detail={**last.detail, **told})))
    return besides.made(change, replace(beside, follow_ups=(*kept, *new)))


def _concluded_at(case: Case) -> datetime:
    """The case keeps its first conclusion; opened again, it counts from the newest, which started FEEDBACK."""
    started = [timer.started_at for timer in case.timers if timer.kind is TimerKind.FEEDBACK]
    first = case.concluded_at or case.received_at
    return max(started, default=first) if case.reopened_count else first
