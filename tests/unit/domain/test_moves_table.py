"""The whole table of moves, compared cell by cell with the one written by hand in table.py."""

from collections.abc import Iterator
from itertools import product

import pytest

from services.domain import moves
from services.domain.actor import Actor
from services.domain.case import Case
from services.domain.refusals import NotAllowed, OutOfOrder
from services.domain.states import MOVES, Action, State, TimerKind, move_for
from services.domain.words import Role
from tests.unit.domain.samples import ASKED, PEOPLE, POLICY, UNIT, case_in, minute, running, timer_of
from tests.unit.domain.table import ALLOWED

LEGAL = [(*map(str, pair.split()), *row) for pair, row in ALLOWED.items()]
STAMPS = {row[2] for row in ALLOWED.values()} - {""}


def illegal() -> Iterator[tuple[State, Action]]:
    return (pair for pair in product(State, Action) if " ".join(pair) not in ALLOWED)


def somebody(role: Role) -> Actor:
    """An actor of that role to whom the sample case belongs, where it can belong to the role at all."""
    return next(actor for actor in PEOPLE if actor.role is role)


def made(state: State, action: Action, role: Role) -> tuple[Case, Case]:
    """The case in `state`, and what became of it at minute 0.5."""
    before = case_in(state)
    by = ASKED if role is Role.RESPONDER else somebody(role)
    return before, moves.move(before, action, by=by, now=minute(0.5), policy=POLICY).case


@pytest.mark.parametrize(("state", "action"), [pytest.param(*pair, id="-".join(pair)) for pair in illegal()])
def test_every_other_pair_is_out_of_order(state: State, action: Action) -> None:
    for actor in PEOPLE:
        with pytest.raises(OutOfOrder):
            moves.move(case_in(state), action, by=actor, now=minute(0.5), policy=POLICY)


@pytest.mark.parametrize(("state", "action", "may", "to", "stamp", "stops", "starts"), LEGAL)
def test_a_legal_move_does_what_its_row_says(
    *, state: str, action: str, may: str, to: str, stamp: str, stops: str, starts: str
) -> None:
    before, after = made(State(state), Action(action), Role(may.split(maxsplit=1)[0]))
    ran, runs = running(before), running(after)
    begun = {timer.kind for timer in after.timers if timer not in before.timers and timer.running}

    assert after.state == to
    assert {name for name in STAMPS if getattr(after, name) != getattr(before, name)} == ({stamp} if stamp else set())
    assert not stamp or getattr(after, stamp) == minute(0.5)
    assert begun == set(starts.split())
    assert runs == (ran - set(stops.split())) | begun


@pytest.mark.parametrize(("state", "action", "may"), [row[:3] for row in LEGAL])
def test_a_move_is_only_for_the_roles_of_its_row(state: str, action: str, may: str) -> None:
    for role in Role:
        if role in may.split():
            assert move_for(State(state), Action(action), role) is MOVES[State(state), Action(action)]
        else:
            with pytest.raises(NotAllowed):
                move_for(State(state), Action(action), role)


@pytest.mark.parametrize("action", [Action.DECLINE, Action.HAND_OVER, Action.EXPIRE, Action.LAPSE])
def test_a_release_starts_the_queue_anew(action: Action) -> None:
    state = State.ASSIGNED if action in (Action.DECLINE, Action.EXPIRE) else State.ACKNOWLEDGED
    role = Role.SYSTEM if action in (Action.EXPIRE, Action.LAPSE) else Role.RESPONDER

    _, after = made(state, action, role)

    waiting = timer_of(after, TimerKind.ASSIGN)
    assert (waiting.round, waiting.started_at, waiting.due_at) == (2, minute(0.5), minute(1.5))
    assert after.total_due_at == minute(60)


def test_every_running_limit_stops_when_a_case_is_released() -> None:
    for state in (State.ACKNOWLEDGED, State.IN_PROGRESS, State.CONTACTED):
        _, after = made(state, Action.HAND_OVER, Role.RESPONDER)

        assert running(after) == {TimerKind.TOTAL, TimerKind.ASSIGN}


def test_a_transferred_case_keeps_its_hour_until_the_receipt() -> None:
    _, after = made(State.TRANSFERRED, Action.RECEIPT, Role.OPERATOR)

    assert running(case_in(State.TRANSFERRED)) == {TimerKind.TOTAL}
    assert running(after) == set()


def test_the_samples_belong_to_the_sample_unit() -> None:
    """Guards the table above: a refusal for scope would hide one for order."""
    assert somebody(Role.DESK).unit == ASKED.unit == UNIT
