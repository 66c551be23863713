"""Who may be the second to acknowledge a large amount, from when on, and when it is wanted again."""

import pytest

from services.domain import seconding
from services.domain.actor import Actor
from services.domain.case import Case
from services.domain.moves import Said
from services.domain.refusals import NotYours, OutOfOrder, SamePerson
from services.domain.seconding import First
from services.domain.states import Action, State, TimerKind
from services.domain.words import Risk, Role
from tests.unit.domain.samples import (
    ASKED,
    COLLEAGUE,
    DESK,
    LARGE_FEN,
    OPERATOR,
    OTHER_DESK,
    POLICY,
    STRANGER,
    does,
    minute,
    opened,
    running,
    ticked,
    timer_of,
)

FIRST = First(actor=ASKED.name, role=Role.RESPONDER, responder=ASKED.responder)
BY_DESK = First(actor=DESK.name, role=Role.DESK, responder=ASKED.responder)


def acknowledged(*, at: float = 1) -> Case:
    return does(opened(amount_fen=LARGE_FEN).case, Action.ACKNOWLEDGE, by=ASKED, at=minute(at))


def seconded(case: Case, by: Actor, first: First | None = FIRST, *, at: float = 2) -> Case:
    return seconding.second(case, first, by=by, now=minute(at), policy=POLICY, said=Said()).case


@pytest.mark.parametrize("risk", Risk)
def test_only_a_large_amount_is_acknowledged_twice(risk: Risk) -> None:
    large, small = (opened(risk=risk, amount_fen=amount).case for amount in (LARGE_FEN, LARGE_FEN - 1))

    assert (TimerKind.SECOND_ACK in running(large), TimerKind.SECOND_ACK in running(small)) == (True, False)
    limit = timer_of(large, TimerKind.SECOND_ACK)
    assert limit.due_at - limit.started_at == POLICY.limit(risk, TimerKind.SECOND_ACK)


@pytest.mark.parametrize("by", [COLLEAGUE, DESK, OPERATOR], ids=lambda by: by.name)
def test_anybody_else_of_the_unit_or_the_centre_may_second(by: Actor) -> None:
    case = seconded(acknowledged(), by)

    assert timer_of(case, TimerKind.SECOND_ACK).stopped_at == minute(2)
    assert (case.state, case.responder) == (State.ACKNOWLEDGED, ASKED.responder)


def test_nobody_seconds_themself() -> None:
    again = Actor(name="another token", role=Role.RESPONDER, unit=ASKED.unit, responder=ASKED.responder)
    for by in (ASKED, again):
        with pytest.raises(SamePerson):
            seconded(acknowledged(), by)
    with pytest.raises(SamePerson):
        seconded(acknowledged(), DESK, BY_DESK)
    assert TimerKind.SECOND_ACK not in running(seconded(acknowledged(), ASKED, BY_DESK))


@pytest.mark.parametrize("by", [STRANGER, OTHER_DESK], ids=lambda by: by.name)
def test_another_unit_seconds_nothing(by: Actor) -> None:
    with pytest.raises(NotYours):
        seconded(acknowledged(), by)


def test_what_nobody_acknowledged_or_wants_is_not_seconded() -> None:
    for case in (opened(amount_fen=LARGE_FEN).case, seconded(acknowledged(), DESK)):
        with pytest.raises(OutOfOrder):
            seconded(case, COLLEAGUE)


def test_a_late_second_acknowledgement_is_breached() -> None:
    case = ticked(acknowledged(), at=minute(8))

    assert timer_of(case, TimerKind.SECOND_ACK).breached_at == minute(8)
    assert timer_of(seconded(acknowledged(), DESK, at=9), TimerKind.SECOND_ACK).breached_at == minute(9)


def test_only_a_holder_whom_nobody_seconded_wants_it_anew() -> None:
    waiting, done = acknowledged(), seconded(acknowledged(), DESK)

    assert seconding.starts_again(waiting) == ()
    assert seconding.starts_again(done) == (TimerKind.SECOND_ACK,)
    assert seconding.starts_again(opened().case) == ()
