"""A warning becomes a case: opened, and, where somebody fits, offered in the same breath. The hot path's decision."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.domain.actor import ROUTER
from services.domain.case import Case, Change, Fact, kept_of
from services.domain.policy import Policy
from services.domain.states import Action, State, TimerKind
from services.domain.timers import Timer, start, stop
from services.domain.words import Mode, Risk


class IssuedTooFarAhead(ValueError):
    """issued_at lies further in the future than the policy tolerates: refused, a dead letter."""


def open_case(
    *,
    case_id: UUID,
    source: str,
    instruction_number: str,
    mode: Mode,
    risk: Risk,
    fraud_type: str,
    issued_at: datetime,
    now: datetime,
    policy: Policy,
    responsible_unit: str | None,
    routing: dict[str, Any],
    asked: tuple[str, str] | None,
    choice: dict[str, Any],
    money_moves: bool = False,
    amount_fen: int | None = None,
) -> Change:
    """The new case with its facts: ASSIGNED to whoever is `asked` (unit, responder), or PENDING in the centre's queue.

    The same as opening and then `moves.assign`, built at once because every warning passes here.
    Raises IssuedTooFarAhead. TOTAL and ASSIGN run from issued_at, so a warning that arrives late is late at once; so does
    whatever is wanted beside the loop: a stop request where `money_moves`, a visit that the risk asks for at once, a
    second acknowledgement of an amount that needs one.
    """
    ahead = issued_at > now
    if issued_at - now > policy.future_tolerance:
        raise IssuedTooFarAhead()
    started = now if ahead else issued_at
    total = start((), TimerKind.TOTAL, at=started, now=now, risk=risk, policy=policy)
    waiting = start((total,), TimerKind.ASSIGN, at=started, now=now, risk=risk, policy=policy)
    timers: tuple[Timer, ...] = (total, waiting)
    facts = [_fact(Action.OPEN, 1, None, State.PENDING, now=now, detail=routing)]
    version = turn = 1
    unit, responder = asked or (None, None)
    if responder is not None:
        if waiting.due_at <= now:
            version += 1
            facts.append(_late_assignment(version, waiting, now=now))
        version, turn = version + 1, 2
        acknowledge = start((total,), TimerKind.ACK, at=now, now=now, risk=risk, policy=policy)
        timers = (total, stop(waiting, at=now), acknowledge)
        detail = {"unit": unit, "responder": responder, "why": choice}
        facts.append(_fact(Action.ASSIGN, version, State.PENDING, State.ASSIGNED, now=now, detail=detail))
    for kind in _beside(risk, policy, money_moves=money_moves, amount_fen=amount_fen):
        timers = (*timers, start((), kind, at=started, now=now, risk=risk, policy=policy))
    case = Case(
        id=None,
        case_id=case_id,
        source=source,
        instruction_number=instruction_number,
        mode=mode,
        risk=risk,
        fraud_type=fraud_type,
        state=State.PENDING if responder is None else State.ASSIGNED,
        responsible_unit=responsible_unit,
        assigned_unit=unit,
        responder=responder,
        policy_version=policy.version,
        issued_at=started,
        received_at=now,
        version=version,
        turn=turn,
        late_on_arrival=now - started > policy.late_on_arrival,
        issued_ahead=ahead,
        routing={**routing, "choice": kept_of(choice) if responder is not None else choice},
        assigned_at=now if responder is not None else None,
        timers=timers,
    )
    return Change(case=case, facts=tuple(facts))


def _beside(risk: Risk, policy: Policy, *, money_moves: bool, amount_fen: int | None) -> list[TimerKind]:
    wanted = [TimerKind.STOP_REQUEST] if money_moves else []
    if policy.face_to_face.visit_after_failed_calls[risk] == 0:
        wanted.append(TimerKind.VISIT)
    if amount_fen is not None and amount_fen >= policy.second_acknowledgement_from_fen:
        wanted.append(TimerKind.SECOND_ACK)
    return wanted


def _fact(
    action: Action,
    version: int,
    before: State | None,
    after: State,
    *,
    now: datetime,
    detail: dict[str, Any],
    at: datetime | None = None,
) -> Fact:
    return Fact(
        action=action,
        version=version,
        from_state=before,
        to_state=after,
        at=at or now,
        recorded_at=now,
        actor=ROUTER.name,
        role=ROUTER.role,
        detail=detail,
    )


def _late_assignment(version: int, waiting: Timer, *, now: datetime) -> Fact:
    late: timedelta = now - waiting.due_at
    detail = {
        "timer": waiting.kind.value,
        "round": waiting.round,
        "due_at": waiting.due_at.isoformat(),
        "late_s": round(late.total_seconds(), 3),
    }
    return _fact(Action.BREACH, version, State.PENDING, State.PENDING, at=waiting.due_at, now=now, detail=detail)
