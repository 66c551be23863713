"""Released, reassigned, returned, reopened: what starts again as the next round, and what stays as it was."""

from datetime import datetime

import pytest

from services.domain import moves
from services.domain.case import Case
from services.domain.states import Action, State, TimerKind
from services.domain.words import Outcome
from tests.unit.domain.samples import (
    ASKED,
    OPERATOR,
    POLICY,
    SUPERVISOR,
    assigned,
    case_in,
    does,
    minute,
    running,
    ticked,
    timer_of,
)


def rounds_of(case: Case, kind: TimerKind) -> list[int]:
    return [timer.round for timer in case.timers if timer.kind is kind]


def worked_again(case: Case, *, at: datetime) -> Case:
    """From IN_PROGRESS to REPORTED a second time, all at one moment."""
    case = does(case, Action.CONTACT, by=ASKED, at=at)
    case = moves.conclude(case, Outcome.REFUSED, by=ASKED, now=at, policy=POLICY).case
    return does(case, Action.REPORT, by=ASKED, at=at, submitter=ASKED.name)


@pytest.mark.parametrize(
    ("state", "action"), [(State.REPORTED, Action.RETURN), (State.CLOSED, Action.REOPEN)], ids=["returned", "reopened"]
)
def test_going_back_to_work_starts_a_new_hour(state: State, action: Action) -> None:
    case = does(case_in(state), action, by=SUPERVISOR, at=minute(30))

    assert (case.state, running(case)) == (State.IN_PROGRESS, {TimerKind.TOTAL, TimerKind.CONTACT})
    assert (timer_of(case, TimerKind.TOTAL).round, timer_of(case, TimerKind.CONTACT).round) == (2, 2)
    assert (case.total_due_at, timer_of(case, TimerKind.CONTACT).due_at) == (minute(30 + 60), minute(30 + 20))


@pytest.mark.parametrize(
    ("state", "action"), [(State.REPORTED, Action.RETURN), (State.CLOSED, Action.REOPEN)], ids=["returned", "reopened"]
)
def test_a_second_round_leaves_the_figures_of_the_first(state: State, action: Action) -> None:
    first = case_in(state)

    again = worked_again(does(first, action, by=SUPERVISOR, at=minute(200)), at=minute(210))

    assert again.state is State.REPORTED
    assert again.outcome is Outcome.REFUSED
    for stamp in ("first_attempt_at", "contacted_at", "concluded_at", "feedback_at"):
        assert getattr(again, stamp) == getattr(first, stamp)
    for kind in (TimerKind.TOTAL, TimerKind.CONTACT, TimerKind.DISSUADE, TimerKind.FEEDBACK):
        assert timer_of(again, kind, 1) == timer_of(first, kind, 1)
        assert rounds_of(again, kind) == [1, 2]


def test_a_return_of_the_text_starts_feedback_alone() -> None:
    case = does(case_in(State.REPORTED), Action.RETURN_TEXT, by=OPERATOR, at=minute(100))

    assert (case.state, running(case)) == (State.CONCLUDED, {TimerKind.FEEDBACK})
    assert timer_of(case, TimerKind.FEEDBACK).due_at == minute(100 + 15)
    assert rounds_of(case, TimerKind.TOTAL) == [1]


def test_each_unit_that_declines_starts_a_round() -> None:
    case = case_in(State.ASSIGNED)
    for count in (1, 2, 3):
        case = moves.release(case, Action.DECLINE, by=ASKED, now=minute(count), policy=POLICY).case
        case = assigned(case, at=minute(count))

    assert rounds_of(case, TimerKind.ASSIGN) == rounds_of(case, TimerKind.ACK) == [1, 2, 3, 4]
    assert case.tried == ("R-1",)
    assert case.total_due_at == minute(60)


def test_a_reassignment_asks_again_and_keeps_the_hour() -> None:
    case = assigned(case_in(State.IN_PROGRESS), at=minute(10), responder="R-2")

    assert (case.state, running(case)) == (State.ASSIGNED, {TimerKind.TOTAL, TimerKind.ACK})
    assert (timer_of(case, TimerKind.ACK).round, timer_of(case, TimerKind.ACK).due_at) == (2, minute(13))
    assert case.total_due_at == minute(60)


def test_lost_contact_starts_contact_again() -> None:
    case = does(case_in(State.CONTACTED), Action.LOSE_CONTACT, by=ASKED, at=minute(10))

    assert running(case) == {TimerKind.TOTAL, TimerKind.CONTACT}
    assert (timer_of(case, TimerKind.CONTACT).round, timer_of(case, TimerKind.CONTACT).due_at) == (2, minute(30))


def test_who_did_not_answer_is_remembered_as_tried() -> None:
    case = ticked(case_in(State.ASSIGNED), at=minute(10))

    assert (case.state, case.assigned_unit, case.responder, case.tried) == (State.PENDING, None, None, ("R-1",))


def test_the_first_receipt_of_a_transfer_counts() -> None:
    case = does(case_in(State.TRANSFERRED), Action.RECEIPT, by=OPERATOR, at=minute(5))

    case = does(case, Action.RECEIPT, by=OPERATOR, at=minute(9))

    assert case.receipt_at == timer_of(case, TimerKind.TOTAL).stopped_at == minute(5)
