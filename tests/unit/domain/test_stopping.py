"""What a case's own clock and state have to do with its stop orders."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.domain import stopping
from services.domain.actor import Actor
from services.domain.beside import Beside, Made
from services.domain.case import Case
from services.domain.moves import Said
from services.domain.policy_rules import ReviewCause
from services.domain.refusals import Incomplete, NotAllowed, NotInCase, NotYours, OutOfOrder
from services.domain.states import Action, State, TimerKind
from services.domain.stop_order import MOST_ORDERS, BankWord, Rejection, Step, StopState
from services.domain.words import Role
from tests.unit.domain.samples import (
    ASKED,
    OPERATOR,
    POLICY,
    STRANGER,
    SUPERVISOR,
    case_in,
    does,
    minute,
    opened,
    running,
    timer_of,
)

BANK = Actor(name="bank", role=Role.BANK)
HELD = BankWord(step=Step.HOLD, at=minute(6))


def asked(case: Case, *, beside: Beside | None = None, at: float = 2, by: Actor = ASKED, by_hand: bool = False) -> Made:
    return stopping.requested(
        case,
        beside or Beside(),
        amount_fen=1000,
        by_hand=by_hand,
        bank_number=None,
        by=by,
        now=minute(at),
        policy=POLICY,
        said=Said(),
    )


def answered(made: Made, word: BankWord, *, nth: int = 0, at: float = 6, by: Actor = BANK) -> Made:
    case, beside = made.change.case, made.beside
    order = beside.orders[nth]
    return stopping.heard(case, beside, order, word, by=by, now=minute(at), policy=POLICY, said=Said())


def money_moves() -> Case:
    return does(opened(money_moves=True).case, Action.ACKNOWLEDGE, by=ASKED, at=minute(1))


def test_asking_in_time_stops_the_limit_and_opens_nothing() -> None:
    made = asked(money_moves(), at=4)

    assert TimerKind.STOP_REQUEST not in running(made.change.case)
    assert timer_of(made.change.case, TimerKind.STOP_CONFIRM).due_at == minute(4 + 15)
    assert made.beside.reviews == ()


def test_asking_too_late_opens_a_review() -> None:
    made = asked(money_moves(), at=5)

    assert [(one.why, one.order) for one in made.beside.reviews] == [((ReviewCause.STOP_LATE,), 1)]


def test_an_order_by_hand_leaves_the_limit_running_until_it_is_sent() -> None:
    made = asked(money_moves(), by_hand=True)
    assert TimerKind.STOP_REQUEST in running(made.change.case)

    sent = stopping.sent(
        made.change.case,
        made.beside,
        made.beside.orders[0],
        bank_number="N-1",
        by=OPERATOR,
        now=minute(3),
        policy=POLICY,
        said=Said(),
    )

    assert running(sent.change.case) >= {TimerKind.STOP_CONFIRM}
    assert TimerKind.STOP_REQUEST not in running(sent.change.case)
    assert sent.beside.orders[0].state is StopState.SENT


def test_a_cancelled_case_still_hears_what_the_bank_did() -> None:
    made = asked(case_in(State.ACKNOWLEDGED))
    cancelled = does(made.change.case, Action.CANCEL, by=SUPERVISOR, at=minute(3))
    gone = Made(change=made.change.__class__(case=cancelled, facts=()), beside=made.beside)

    heard = answered(gone, HELD)

    assert heard.beside.orders[0].state is StopState.HELD
    assert heard.change.facts[0].action is Action.CHASE_STOP
    assert heard.change.case.next_due_at == HELD.at + timedelta(hours=40)


def test_only_the_answered_orders_limit_stops() -> None:
    first = asked(case_in(State.ACKNOWLEDGED))
    both = asked(first.change.case, beside=first.beside, at=3)

    case = answered(both, HELD, nth=1).change.case

    assert timer_of(case, TimerKind.STOP_CONFIRM, 1).running
    assert not timer_of(case, TimerKind.STOP_CONFIRM, 2).running


def test_a_bank_says_nothing_twice_and_strangers_say_nothing() -> None:
    made = asked(case_in(State.ACKNOWLEDGED))
    once = answered(made, HELD)

    with pytest.raises(OutOfOrder):
        answered(once, HELD)
    with pytest.raises(OutOfOrder):
        answered(once, BankWord(step=Step.REJECT, at=minute(7), reason=Rejection.OTHER))
    with pytest.raises(NotAllowed):
        answered(made, HELD, by=ASKED)
    with pytest.raises(NotYours):
        asked(case_in(State.ACKNOWLEDGED), by=STRANGER)
    with pytest.raises(OutOfOrder):
        asked(case_in(State.ASSIGNED))
    with pytest.raises(NotInCase):
        stopping.order_of(made.beside, UUID(int=9))


def test_a_case_has_no_more_orders_than_its_row_can_bear() -> None:
    made = asked(case_in(State.ACKNOWLEDGED))
    for _ in range(MOST_ORDERS - 1):
        made = asked(made.change.case, beside=made.beside)

    with pytest.raises(Incomplete):
        asked(made.change.case, beside=made.beside)
