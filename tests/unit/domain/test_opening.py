"""A warning becomes a case: when it counts as issued, when it is late, and that both ways of opening agree."""

from dataclasses import fields
from datetime import timedelta
from uuid import uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain import moves
from services.domain.actor import ROUTER
from services.domain.case import CASE_NAMESPACE, Case, Change, case_id_for
from services.domain.opening import IssuedTooFarAhead
from services.domain.states import Action, State, TimerKind
from services.domain.words import Risk
from tests.unit.domain.samples import ISSUED, LARGE_FEN, POLICY, UNIT, minute, opened, ticked, timer_of

MOMENT = timedelta(microseconds=1)


def told(change: Change | None) -> list[tuple[Action, str | None]]:
    assert change is not None
    return [(fact.action, fact.detail.get("timer")) for fact in change.facts]


def in_two_steps(*, minutes: float, risk: Risk, money: bool, amount: int) -> Change:
    """Opened in the queue and then assigned by the router at the same moment."""
    queued = opened(at=minute(minutes), risk=risk, responder=None, money_moves=money, amount_fen=amount)
    choice = {"decided": "NEAREST"}
    asked = moves.assign(
        queued.case, unit=UNIT, responder="R-1", why=choice, by=ROUTER, now=minute(minutes), policy=POLICY
    )
    return moves.then(queued, asked)


@settings(deadline=None)
@given(
    minutes=st.floats(-2, 200),
    risk=st.sampled_from(Risk),
    money=st.booleans(),
    amount=st.sampled_from((LARGE_FEN - 1, LARGE_FEN)),
)
def test_opening_at_once_equals_opening_and_assigning(minutes: float, risk: Risk, money: bool, amount: int) -> None:
    at_once = opened(at=minute(minutes), risk=risk, money_moves=money, amount_fen=amount)
    in_steps = in_two_steps(minutes=minutes, risk=risk, money=money, amount=amount)

    for field in fields(Case):
        if field.name != "timers":
            assert getattr(at_once.case, field.name) == getattr(in_steps.case, field.name), field.name
    assert set(at_once.case.timers) == set(in_steps.case.timers)
    assert at_once.facts == in_steps.facts


@settings(deadline=None)
@given(minutes=st.floats(-2, 200), risk=st.sampled_from(Risk), asked=st.booleans())
def test_the_facts_of_an_opening_count_from_one(minutes: float, risk: Risk, asked: bool) -> None:
    change = opened(at=minute(minutes), risk=risk, responder="R-1" if asked else None)

    assert [fact.version for fact in change.facts] == list(range(1, len(change.facts) + 1))
    assert change.case.version == len(change.facts)
    assert change.case.turn == (2 if asked else 1)


def test_a_case_without_a_responder_waits_in_the_queue() -> None:
    case = opened(responder=None).case

    assert (case.state, case.responsible_unit, case.assigned_unit, case.responder) == (State.PENDING, UNIT, None, None)
    assert (case.issued_at, case.received_at, case.assigned_at) == (ISSUED, ISSUED, None)


def test_an_issue_slightly_ahead_is_clamped_and_flagged() -> None:
    case = opened(at=minute(-2)).case

    assert (case.issued_ahead, case.issued_at) == (True, minute(-2))
    assert case.total_due_at == minute(58)
    assert not opened(at=ISSUED).case.issued_ahead


def test_an_issue_far_ahead_is_refused() -> None:
    with pytest.raises(IssuedTooFarAhead):
        opened(at=minute(-2) - MOMENT)


def test_only_more_than_an_hour_is_late_on_arrival() -> None:
    assert not opened(at=minute(60)).case.late_on_arrival
    assert opened(at=minute(60) + MOMENT).case.late_on_arrival


def test_a_late_arrival_is_breached_at_once() -> None:
    """ASSIGN with the opening, TOTAL with the first tick at the same moment; neither is at risk first."""
    change = opened(at=minute(61))

    assert told(change) == [(Action.OPEN, None), (Action.BREACH, TimerKind.ASSIGN), (Action.ASSIGN, None)]
    assert change.case.next_due_at == minute(60)
    assert told(moves.tick(change.case, now=minute(61), policy=POLICY)) == [(Action.BREACH, TimerKind.TOTAL)]


def test_a_late_arrival_is_still_driven() -> None:
    """The responder has the whole limit to answer, and is not passed over because the total is gone."""
    case = ticked(opened(at=minute(61)).case, at=minute(61))

    assert (case.state, timer_of(case, TimerKind.ACK).due_at) == (State.ASSIGNED, minute(64))


def test_a_late_arrival_in_the_queue_breaches_both() -> None:
    case = opened(at=minute(61), responder=None).case

    assert told(moves.tick(case, now=minute(61), policy=POLICY)) == [
        (Action.BREACH, TimerKind.ASSIGN),
        (Action.BREACH, TimerKind.TOTAL),
    ]


def test_a_slow_arrival_leaves_what_is_left_of_the_hour() -> None:
    case = opened(at=minute(58)).case

    assert timer_of(case, TimerKind.ACK).due_at == minute(60)
    assert told(moves.tick(case, now=minute(58), policy=POLICY)) == [(Action.AT_RISK, TimerKind.TOTAL)]


def test_the_same_instruction_always_names_the_same_case() -> None:
    assert case_id_for("source-1", "编号 1") == uuid5(CASE_NAMESPACE, "source-1\x1f编号 1")
    assert case_id_for("source-1", "N-1") == case_id_for("source-1", "N-1")
    assert len({case_id_for("a", "bc"), case_id_for("ab", "c"), case_id_for("a", "c"), case_id_for("b", "c")}) == 4
