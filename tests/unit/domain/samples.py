"""Made-up people, policies and cases for the tests of the domain. Nothing here decides anything."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.domain import moves
from services.domain.actor import ROUTER, TIMEKEEPER, Actor
from services.domain.case import Case, Change
from services.domain.opening import open_case
from services.domain.policy import policy_from
from services.domain.states import Action, State, TimerKind
from services.domain.timers import Timer
from services.domain.words import Mode, Outcome, Risk, Role
from services.store.policies import default_document

POLICY = policy_from(1, default_document())
LARGE_FEN = POLICY.second_acknowledgement_from_fen
ISSUED = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
UNIT, ELSEWHERE = "T-001", "T-002"

OPERATOR = Actor(name="operator-1", role=Role.OPERATOR)
SUPERVISOR = Actor(name="supervisor-1", role=Role.SUPERVISOR)
DESK = Actor(name="desk-1", role=Role.DESK, unit=UNIT)
OTHER_DESK = Actor(name="desk-2", role=Role.DESK, unit=ELSEWHERE)
ASKED = Actor(name="asked", role=Role.RESPONDER, unit=UNIT, responder="R-1")
COLLEAGUE = Actor(name="colleague", role=Role.RESPONDER, unit=UNIT, responder="R-2")
STRANGER = Actor(name="stranger", role=Role.RESPONDER, unit=ELSEWHERE, responder="R-3")
INTEGRATOR = Actor(name="source-1", role=Role.INTEGRATOR)
PEOPLE = (
    OPERATOR,
    SUPERVISOR,
    DESK,
    OTHER_DESK,
    ASKED,
    COLLEAGUE,
    STRANGER,
    INTEGRATOR,
    ROUTER,
    TIMEKEEPER,
    *(Actor(name=role.value, role=role) for role in (Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR, Role.BANK)),
)


def minute(count: float) -> datetime:
    """So many minutes after the warning was issued."""
    return ISSUED + timedelta(minutes=count)


def opened(
    *,
    at: datetime = ISSUED,
    issued_at: datetime = ISSUED,
    risk: Risk = Risk.HIGH,
    responder: str | None = "R-1",
    money_moves: bool = False,
    amount_fen: int | None = None,
) -> Change:
    """A warning taken at `at`: offered to `responder`, or in the queue where that is None."""
    return open_case(
        case_id=UUID(int=1),
        source="source-1",
        instruction_number="N-1",
        mode=Mode.ACTUAL,
        risk=risk,
        fraud_type="UNKNOWN",
        issued_at=issued_at,
        now=at,
        policy=POLICY,
        responsible_unit=UNIT,
        routing={"rule": "POLYGON"},
        asked=(UNIT, responder) if responder else None,
        choice={"decided": "NEAREST"} if responder else {},
        money_moves=money_moves,
        amount_fen=amount_fen,
    )


def does(case: Case, action: Action, *, by: Actor, at: datetime, **more: Any) -> Case:
    return moves.move(case, action, by=by, now=at, policy=POLICY, **more).case


def assigned(case: Case, *, at: datetime, by: Actor = OPERATOR, unit: str = UNIT, responder: str = "R-1") -> Case:
    return moves.assign(case, unit=unit, responder=responder, why={}, by=by, now=at, policy=POLICY).case


def ticked(case: Case, *, at: datetime) -> Case:
    change = moves.tick(case, now=at, policy=POLICY)
    return case if change is None else change.case


def case_in(state: State, *, risk: Risk = Risk.HIGH) -> Case:
    """A case that came to `state` the straight way, one step a second, all limits kept."""
    case = opened(risk=risk, responder=None).case
    if state is State.CANCELLED:
        return does(case, Action.CANCEL, by=SUPERVISOR, at=minute(0.1))
    if state is State.TRANSFERRED:
        return does(case, Action.TRANSFER, by=OPERATOR, at=minute(0.1))
    second = 1
    while case.state is not state:
        case = _step(case, ISSUED + timedelta(seconds=second))
        second += 1
    return case


def _step(case: Case, at: datetime) -> Case:
    if case.state is State.PENDING:
        return assigned(case, at=at)
    if case.state is State.CONTACTED:
        return moves.conclude(case, Outcome.DISSUADED_NO_LOSS, by=ASKED, now=at, policy=POLICY).case
    if case.state is State.CONCLUDED:
        return does(case, Action.REPORT, by=ASKED, at=at, submitter=ASKED.name)
    steps = {
        State.ASSIGNED: (Action.ACKNOWLEDGE, ASKED),
        State.ACKNOWLEDGED: (Action.ATTEMPT, ASKED),
        State.IN_PROGRESS: (Action.CONTACT, ASKED),
        State.REPORTED: (Action.CLOSE, OPERATOR),
    }
    action, by = steps[case.state]
    return does(case, action, by=by, at=at)


def running(case: Case) -> set[TimerKind]:
    return {timer.kind for timer in case.timers if timer.running}


def timer_of(case: Case, kind: TimerKind, round_: int | None = None) -> Timer:
    """The named round of `kind`, else its newest."""
    found = [timer for timer in case.timers if timer.kind is kind and round_ in (None, timer.round)]
    return max(found, key=lambda timer: timer.round)
