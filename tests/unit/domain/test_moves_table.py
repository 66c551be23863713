"""The whole table of moves, written a second time from domain.md §2 and compared cell by cell."""

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

CENTRE = "operator supervisor"
FIELD = "desk responder"
TO_THE_QUEUE = ("PENDING", "released_at", "ASSIGN FIRST_ATTEMPT LEASE ACK CONTACT DISSUADE FEEDBACK", "ASSIGN")
TO_A_NEW_HOLDER = ("ASSIGNED", "assigned_at", "ACK FIRST_ATTEMPT LEASE CONTACT", "ACK")
EVERYTHING = "TOTAL ASSIGN ACK FIRST_ATTEMPT LEASE CONTACT DISSUADE FEEDBACK REVIEW"

# state, action: who may; then where to, the stamp, the limits that stop, the limits that start.
ALLOWED = {
    "PENDING ASSIGN": ("system operator supervisor", "ASSIGNED", "assigned_at", "ASSIGN", "ACK"),
    "ASSIGNED ACKNOWLEDGE": (FIELD, "ACKNOWLEDGED", "acknowledged_at", "ACK", "FIRST_ATTEMPT LEASE"),
    "ASSIGNED DECLINE": (FIELD, *TO_THE_QUEUE),
    "ASSIGNED EXPIRE": ("system", *TO_THE_QUEUE),
    "ACKNOWLEDGED HAND_OVER": (FIELD, *TO_THE_QUEUE),
    "ACKNOWLEDGED LAPSE": ("system", *TO_THE_QUEUE),
    "IN_PROGRESS HAND_OVER": (FIELD, *TO_THE_QUEUE),
    "CONTACTED HAND_OVER": (FIELD, *TO_THE_QUEUE),
    "ASSIGNED REASSIGN": ("operator supervisor desk", *TO_A_NEW_HOLDER),
    "ACKNOWLEDGED REASSIGN": ("operator supervisor desk", *TO_A_NEW_HOLDER),
    "IN_PROGRESS REASSIGN": ("operator supervisor desk", *TO_A_NEW_HOLDER),
    "CONTACTED REASSIGN": ("operator supervisor desk", "CONTACTED", "assigned_at", "", ""),
    "CONCLUDED REASSIGN": ("operator supervisor desk", "CONCLUDED", "assigned_at", "", ""),
    "ACKNOWLEDGED ATTEMPT": ("responder", "IN_PROGRESS", "first_attempt_at", "FIRST_ATTEMPT LEASE", "CONTACT"),
    "IN_PROGRESS ATTEMPT": ("responder", "IN_PROGRESS", "", "", ""),
    "CONTACTED ATTEMPT": ("responder", "CONTACTED", "", "", ""),
    "IN_PROGRESS CONTACT": ("responder", "CONTACTED", "contacted_at", "CONTACT", "DISSUADE"),
    "CONTACTED LOSE_CONTACT": ("responder", "IN_PROGRESS", "contact_lost_at", "DISSUADE", "CONTACT"),
    "CONTACTED CONCLUDE": ("responder", "CONCLUDED", "concluded_at", "DISSUADE", "FEEDBACK"),
    "IN_PROGRESS CONCLUDE": ("responder", "CONCLUDED", "concluded_at", "CONTACT", "FEEDBACK"),
    "IN_PROGRESS GIVE_UP": ("supervisor", "CONCLUDED", "concluded_at", "CONTACT", "FEEDBACK"),
    "CONCLUDED REPORT": ("responder", "REPORTED", "feedback_at", "FEEDBACK TOTAL", "REVIEW"),
    "REPORTED CLOSE": (CENTRE, "CLOSED", "closed_at", "REVIEW", ""),
    "REPORTED RETURN": (CENTRE, "IN_PROGRESS", "returned_at", "REVIEW", "TOTAL CONTACT"),
    "REPORTED RETURN_TEXT": (CENTRE, "CONCLUDED", "returned_at", "REVIEW", "FEEDBACK"),
    "CLOSED REOPEN": ("supervisor", "IN_PROGRESS", "reopened_at", "", "TOTAL CONTACT"),
    "PENDING CANCEL": ("supervisor", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "ASSIGNED CANCEL": ("supervisor", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "ACKNOWLEDGED CANCEL": ("supervisor", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "IN_PROGRESS CANCEL": ("supervisor", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "CONTACTED CANCEL": ("supervisor", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "PENDING WITHDRAW": ("integrator", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "ASSIGNED WITHDRAW": ("integrator", "CANCELLED", "cancelled_at", EVERYTHING, ""),
    "ACKNOWLEDGED WITHDRAW": ("integrator", "ACKNOWLEDGED", "", "", ""),
    "IN_PROGRESS WITHDRAW": ("integrator", "IN_PROGRESS", "", "", ""),
    "CONTACTED WITHDRAW": ("integrator", "CONTACTED", "", "", ""),
    "CONCLUDED WITHDRAW": ("integrator", "CONCLUDED", "", "", ""),
    "REPORTED WITHDRAW": ("integrator", "REPORTED", "", "", ""),
    "PENDING TRANSFER": (CENTRE, "TRANSFERRED", "transferred_at", "ASSIGN", ""),
    "ASSIGNED TRANSFER": (CENTRE, "TRANSFERRED", "transferred_at", "ACK", ""),
    "ACKNOWLEDGED TRANSFER": (CENTRE, "TRANSFERRED", "transferred_at", "FIRST_ATTEMPT LEASE", ""),
    "IN_PROGRESS TRANSFER": (CENTRE, "TRANSFERRED", "transferred_at", "CONTACT", ""),
    "TRANSFERRED RECEIPT": (CENTRE, "TRANSFERRED", "receipt_at", "TOTAL", ""),
}
# The payment is stopped beside the loop: asked for by whoever holds the case, answered whatever became of it.
ASKING = "ACKNOWLEDGED IN_PROGRESS CONTACTED CONCLUDED REPORTED".split()
ALLOWED |= {
    f"{state} REQUEST_STOP": (
        "responder desk operator supervisor",
        state,
        "stop_requested_at",
        "STOP_REQUEST",
        "STOP_CONFIRM",
    )
    for state in ASKING
} | {
    f"{state} RESOLVE_STOP": ("bank operator supervisor", state, "stop_resolved_at", "STOP_CONFIRM", "")
    for state in State
    if state is not State.CANCELLED
}
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
