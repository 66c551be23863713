"""What one case adds to the figures: a count for each thing that happened to it, from its row, its facts and what is
beside it. Nothing here asks what time it is, so the same case always adds the same; `figures` divides the sums.

Counted are actual cases only. One that was cancelled or transferred is out if that happened before any breach.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from services.domain import corrections
from services.domain.beside import Beside
from services.domain.case import Case
from services.domain.corrections import Correction, Stamp, corrected, corrections_of
from services.domain.follow_up import FollowUp, FollowUpState
from services.domain.states import Action, State, TimerKind
from services.domain.stop_order import StopOrder, StopState
from services.domain.timers import Timer
from services.domain.value import value
from services.domain.words import AttemptResult, ContactMode, Mode, Outcome, Risk

THE_HOUR: Final = timedelta(hours=1)
SECOND: Final = timedelta(seconds=1)
LONGEST_S: Final = 2**32 - 1  # a warning from another century must not stop the counting


class Count(StrEnum):
    """What is counted; money in fen. Each is a column of the kept counts."""

    CASES = "cases"
    WAITING = "waiting"  # no feedback yet: judged once its hour is over
    FED_BACK = "fed_back"
    WITHIN_HOUR = "within_hour"
    # Limits, every round of them: judged (done, or over) and kept.
    TOTAL_JUDGED = "total_judged"
    TOTAL_KEPT = "total_kept"
    ASSIGN_JUDGED = "assign_judged"
    ASSIGN_KEPT = "assign_kept"
    ACK_JUDGED = "ack_judged"
    ACK_KEPT = "ack_kept"
    FIRST_ATTEMPT_JUDGED = "first_attempt_judged"
    FIRST_ATTEMPT_KEPT = "first_attempt_kept"
    CONTACT_JUDGED = "contact_judged"
    CONTACT_KEPT = "contact_kept"
    DISSUADE_JUDGED = "dissuade_judged"
    DISSUADE_KEPT = "dissuade_kept"
    FEEDBACK_JUDGED = "feedback_judged"
    FEEDBACK_KEPT = "feedback_kept"
    REVIEW_JUDGED = "review_judged"
    REVIEW_KEPT = "review_kept"
    STOP_REQUEST_JUDGED = "stop_request_judged"
    STOP_REQUEST_KEPT = "stop_request_kept"
    STOP_CONFIRM_JUDGED = "stop_confirm_judged"
    STOP_CONFIRM_KEPT = "stop_confirm_kept"
    VISIT_JUDGED = "visit_judged"
    VISIT_KEPT = "visit_kept"
    SECOND_ACK_JUDGED = "second_ack_judged"
    SECOND_ACK_KEPT = "second_ack_kept"
    CONCLUDED = "concluded"
    MET = "met"  # in person, before the conclusion
    AWAKENED_TOLD = "awakened_told"  # the conclusion says whether the person now sees the fraud
    AWAKENED = "awakened"
    # How it ended; one a concluded case.
    DISSUADED_NO_LOSS = "dissuaded_no_loss"
    DISSUADED_PARTIAL_LOSS = "dissuaded_partial_loss"
    DEFRAUDED_BEFORE_WARNING = "defrauded_before_warning"
    DEFRAUDED_AFTER_WARNING = "defrauded_after_warning"
    REFUSED = "refused"
    NOT_REACHED = "not_reached"
    OUT_OF_AREA = "out_of_area"
    FALSE_POSITIVE = "false_positive"
    WRONG_PERSON = "wrong_person"
    LOST = "lost"  # money after the warning, whenever that came to light
    LOSS_BEFORE_FEN = "loss_before_fen"
    LOSS_AFTER_FEN = "loss_after_fen"
    SAVED_FEN = "saved_fen"
    # Stop orders that the bank was asked for.
    STOPS_SENT = "stops_sent"
    STOPS_EFFECTIVE = "stops_effective"  # held in time and in full
    STOPS_ANSWERED = "stops_answered"
    STOPS_REJECTED = "stops_rejected"
    REQUESTED_FEN = "requested_fen"
    HELD_FEN = "held_fen"
    FROZEN_FEN = "frozen_fen"
    RELEASED_FEN = "released_fen"
    EXPIRED_FEN = "expired_fen"
    REFUNDED_FEN = "refunded_fen"
    RECOVERED_FEN = "recovered_fen"
    FOLLOW_UPS_COME = "follow_ups_come"  # due, or past that
    FOLLOW_UPS_STRUCK = "follow_ups_struck"
    FOLLOW_UPS_JUDGED = "follow_ups_judged"  # done, or missed
    FOLLOW_UPS_ON_TIME = "follow_ups_on_time"
    REVIEWED = "reviewed"  # answers to a feedback
    RETURNED = "returned"
    CLOSED = "closed"


class Told(corrections.Told, Protocol):
    """A fact of the timeline, stored or new."""

    @property
    def version(self) -> int: ...
    @property
    def to_state(self) -> str: ...
    @property
    def at(self) -> datetime: ...


@value
class Counted:
    """What a case adds, and where: to the unit responsible by area, to its risk as it is now, to when it was issued."""

    unit: str | None
    level: Risk
    issued_at: datetime
    loop_s: int | None  # whole seconds from the warning to the first feedback
    counts: Mapping[Count, int]  # those that are not zero


# What brings the end that a limit waits for; all else that stops one (declined, cancelled, lost contact) judges nothing.
DONE_BY: Final[Mapping[TimerKind, frozenset[Action]]] = {
    TimerKind.TOTAL: frozenset({Action.REPORT, Action.RECEIPT}),
    TimerKind.ASSIGN: frozenset({Action.ASSIGN}),
    TimerKind.ACK: frozenset({Action.ACKNOWLEDGE}),
    TimerKind.FIRST_ATTEMPT: frozenset({Action.ATTEMPT}),
    TimerKind.CONTACT: frozenset({Action.CONTACT, Action.CONCLUDE, Action.GIVE_UP}),
    TimerKind.DISSUADE: frozenset({Action.CONCLUDE}),
    TimerKind.FEEDBACK: frozenset({Action.REPORT}),
    TimerKind.REVIEW: frozenset({Action.CLOSE, Action.RETURN, Action.RETURN_TEXT}),
    TimerKind.STOP_REQUEST: frozenset({Action.REQUEST_STOP}),
    TimerKind.STOP_CONFIRM: frozenset({Action.RESOLVE_STOP}),
    TimerKind.VISIT: frozenset({Action.ATTEMPT, Action.CONTACT}),
    TimerKind.SECOND_ACK: frozenset({Action.SECOND_ACKNOWLEDGE}),
}
# The time that ended it, which may have been put right since.
ENDED_AT: Final[Mapping[TimerKind, tuple[Stamp, ...]]] = {
    TimerKind.TOTAL: (Stamp.FEEDBACK,),
    TimerKind.ASSIGN: (Stamp.ASSIGNED,),
    TimerKind.ACK: (Stamp.ACKNOWLEDGED,),
    TimerKind.FIRST_ATTEMPT: (Stamp.FIRST_ATTEMPT,),
    TimerKind.CONTACT: (Stamp.CONTACTED, Stamp.CONCLUDED),
    TimerKind.DISSUADE: (Stamp.CONCLUDED,),
    TimerKind.FEEDBACK: (Stamp.FEEDBACK,),
    TimerKind.REVIEW: (Stamp.CLOSED,),
    TimerKind.STOP_REQUEST: (Stamp.STOP_REQUESTED,),
    TimerKind.STOP_CONFIRM: (Stamp.STOP_RESOLVED,),
    TimerKind.VISIT: (),
    TimerKind.SECOND_ACK: (),
}
JUDGED: Final = {kind: Count(f"{kind.value.lower()}_judged") for kind in DONE_BY}
KEPT: Final = {kind: Count(f"{kind.value.lower()}_kept") for kind in DONE_BY}
ENDED_EARLY: Final = frozenset({State.CANCELLED, State.TRANSFERRED})
_RETURNS: Final = frozenset({Action.RETURN, Action.RETURN_TEXT})
_REVIEWS: Final = _RETURNS | {Action.CLOSE}
_CONCLUSIONS: Final = frozenset({Action.CONCLUDE, Action.GIVE_UP})
_MISSED: Final = frozenset({FollowUpState.MISSED, FollowUpState.ESCALATED})
_DONE: Final = frozenset({FollowUpState.DONE, FollowUpState.CLOSED})


def counted(case: Case, facts: Sequence[Told], beside: Beside) -> Counted | None:
    """What the case adds as all its facts, in order, tell; None where it is in no figure."""
    if not is_counted(case, facts):
        return None
    known = corrections_of(facts)
    feedback_at = corrected(case, known)[Stamp.FEEDBACK]
    loop = None if feedback_at is None else feedback_at - case.issued_at
    judged = [(timer.kind, timer.round, kept) for timer, kept in _judged(case.timers, facts, known)]
    confirmed = {round_ for kind, round_, kept in judged if kind is TimerKind.STOP_CONFIRM and kept}
    counts = {
        Count.CASES: 1,
        Count.WAITING: loop is None,
        Count.FED_BACK: loop is not None,
        Count.WITHIN_HOUR: loop is not None and loop <= THE_HOUR,
        Count.CLOSED: case.state is State.CLOSED,
        Count.REVIEWED: sum(fact.action in _REVIEWS for fact in facts),
        Count.RETURNED: sum(fact.action in _RETURNS for fact in facts),
        **_ending(case, facts),
        **_stops(beside.orders, confirmed),
        **_followed_up(beside.follow_ups),
    }
    for kind, _, kept in judged:
        counts[JUDGED[kind]] = counts.get(JUDGED[kind], 0) + 1
        counts[KEPT[kind]] = counts.get(KEPT[kind], 0) + kept
    return Counted(
        unit=case.responsible_unit,
        level=case.risk,
        issued_at=case.issued_at,
        loop_s=None if loop is None else min(loop // SECOND, LONGEST_S),
        counts={count: int(number) for count, number in counts.items() if number},
    )


def is_counted(case: Case, facts: Iterable[Told]) -> bool:
    """Whether it is an actual case that was not ended early, or only after a limit had been breached."""
    if case.mode is not Mode.ACTUAL:
        return False
    if case.state not in ENDED_EARLY:
        return True
    for fact in facts:
        if fact.action == Action.BREACH:
            return True
        if fact.to_state in ENDED_EARLY:
            return False
    return False


def _judged(
    timers: Iterable[Timer], facts: Iterable[Told], known: Mapping[Stamp, Correction]
) -> list[tuple[Timer, bool]]:
    """The limits that are done or over, and whether each was kept; a lease is none."""
    done = {(fact.action, fact.at) for fact in facts}
    found = []
    for timer in timers:
        if timer.kind not in DONE_BY:
            continue
        at = timer.stopped_at
        if at is not None and any((action, at) in done for action in DONE_BY[timer.kind]):
            found.append((timer, _right(at, ENDED_AT[timer.kind], known) < timer.due_at))
        elif timer.breached_at is not None:
            found.append((timer, False))
    return found


def _right(at: datetime, stamps: Iterable[Stamp], known: Mapping[Stamp, Correction]) -> datetime:
    """The time as it was corrected, if the correction is of this very time."""
    for stamp in stamps:
        if stamp in known and known[stamp].original_at == at:
            return known[stamp].corrected_at
    return at


def _ending(case: Case, facts: Sequence[Told]) -> dict[Count, int]:
    """How it ended, by its newest conclusion, and the money that went with it."""
    awakened: bool | None = None
    met = False
    for fact in facts:
        if fact.action in _CONCLUSIONS:
            awakened = fact.detail.get("awakened")
        elif fact.action == Action.ATTEMPT:
            met = met or fact.detail.get("result") == AttemptResult.REACHED_IN_PERSON
        elif fact.action == Action.CONTACT:
            met = met or fact.detail.get("mode") == ContactMode.IN_PERSON
    found = {
        Count.LOST: case.outcome is Outcome.DEFRAUDED_AFTER_WARNING or bool(case.loss_after_fen),
        Count.LOSS_BEFORE_FEN: case.loss_before_fen or 0,
        Count.LOSS_AFTER_FEN: case.loss_after_fen or 0,
        Count.SAVED_FEN: case.amount_saved_fen or 0,
    }
    if case.outcome is not None:
        found |= {
            Count.CONCLUDED: 1,
            Count.MET: met,
            Count.AWAKENED_TOLD: awakened is not None,
            Count.AWAKENED: awakened is True,
            Count(case.outcome.lower()): 1,
        }
    return found


def _stops(orders: Iterable[StopOrder], confirmed: set[int]) -> dict[Count, int]:
    """The orders that were sent; `confirmed` are the rounds of STOP_CONFIRM that were kept."""
    sent = [order for order in orders if order.sent_at is not None]
    held = [order for order in sent if order.held_fen == order.amount_fen]
    return {
        Count.STOPS_SENT: len(sent),
        Count.STOPS_EFFECTIVE: sum(order.confirm_round in confirmed for order in held),
        Count.STOPS_ANSWERED: sum(order.answered_at is not None for order in sent),
        Count.STOPS_REJECTED: sum(order.state is StopState.REJECTED for order in sent),
        Count.REQUESTED_FEN: sum(order.amount_fen for order in sent),
        Count.HELD_FEN: sum(order.held_fen for order in sent),
        Count.FROZEN_FEN: sum(order.frozen_fen for order in sent),
        Count.RELEASED_FEN: sum(order.released_fen for order in sent),
        Count.EXPIRED_FEN: sum(order.expired_fen for order in sent),
        Count.REFUNDED_FEN: sum(order.refunded_fen for order in sent),
        Count.RECOVERED_FEN: sum(order.recovered_fen for order in sent),
    }


def _followed_up(follow_ups: Iterable[FollowUp]) -> dict[Count, int]:
    """Those whose time has come; one that is wanted no more counts no more."""
    done = [one for one in follow_ups if one.state in _DONE]
    missed = sum(one.state in _MISSED for one in follow_ups)
    return {
        Count.FOLLOW_UPS_COME: len(done) + missed + sum(one.state is FollowUpState.DUE for one in follow_ups),
        Count.FOLLOW_UPS_STRUCK: sum(one.state is FollowUpState.CLOSED for one in done),
        Count.FOLLOW_UPS_JUDGED: len(done) + missed,
        Count.FOLLOW_UPS_ON_TIME: sum(one.done_at is not None and one.done_at < one.due_at + one.grace for one in done),
    }
