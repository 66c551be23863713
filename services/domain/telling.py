"""What a change tells: facts that follow by themselves from a limit or an end, and the versions they get."""

from datetime import datetime
from typing import Any

from services.domain.actor import Actor
from services.domain.case import Case, Change, CoAssigned, Fact
from services.domain.escalation import Reached
from services.domain.states import Action
from services.domain.timers import Timer
from services.domain.value import replace


def part(case: Case, unit: str, *, why: str, by: Actor, now: datetime) -> Change:
    """`unit` is co-assigned no longer; nothing changes where it was not."""
    gone = [one for one in case.co_assigned if one.unit == unit]
    stays = tuple(one for one in case.co_assigned if one.unit != unit)
    left = replace(case, co_assigned=stays)
    return numbered(case, left, [parting(left, one, why=why, by=by, now=now) for one in gone])


def parting(case: Case, one: CoAssigned, *, why: str, by: Actor, now: datetime) -> Fact:
    """A co-assignment that ended by itself: with the case, or because its unit became accountable."""
    return Fact(
        action=Action.CO_RELEASE,
        version=0,
        from_state=case.state,
        to_state=case.state,
        at=now,
        recorded_at=now,
        actor=by.name,
        role=by.role,
        unit=by.unit,
        detail={"unit": one.unit, "responder": one.responder, "why": why},
    )


def breach(case: Case, timer: Timer, *, now: datetime, by: Actor) -> Fact:
    return mark(Action.BREACH, case, timer, due_at=timer.due_at, now=now, by=by)


def mark(action: Action, case: Case, timer: Timer, *, due_at: datetime, now: datetime, by: Actor) -> Fact:
    return Fact(
        action=action,
        version=0,
        from_state=case.state,
        to_state=case.state,
        at=due_at,
        recorded_at=now,
        actor=by.name,
        role=by.role,
        detail={
            "timer": timer.kind.value,
            "round": timer.round,
            "due_at": timer.due_at.isoformat(),
            "late_s": round((now - due_at).total_seconds(), 3),
        },
    )


def level_called(case: Case, timer: Timer, reached: Reached, *, now: datetime, by: Actor, why: str = "TIME") -> Fact:
    """A level of a limit's escalation was called in, later than by the mark itself, or past an empty one."""
    fact = mark(Action.ESCALATE, case, timer, due_at=reached.at, now=now, by=by)
    return replace(fact, detail={**fact.detail, **level_detail(reached), "why": why})


def level_detail(reached: Reached) -> dict[str, Any]:
    """What the timeline says of a level: its number, the mark that it belongs to, and whom it calls in."""
    level = reached.level
    return {"level": reached.number, "mark": level.mark.value, "tell": [target.value for target in level.tell]}


def noted(
    case: Case,
    action: Action,
    *,
    by: Actor,
    now: datetime,
    detail: dict[str, Any],
    at: datetime | None = None,
    private: dict[str, Any] | None = None,
    **changes: Any,
) -> Change:
    """Something happened beside the loop (at `at`): told in the timeline, with `changes` laid on; nothing moves."""
    fact = Fact(
        action=action,
        version=0,
        from_state=case.state,
        to_state=case.state,
        at=at or now,
        recorded_at=now,
        actor=by.name,
        role=by.role,
        unit=by.unit,
        detail=detail,
        private=private,
    )
    return numbered(case, replace(case, **changes), [fact])


def numbered(before: Case, after: Case, facts: list[Fact]) -> Change:
    """Give each fact its version, and the case a new turn if what a command must have seen has changed."""
    told = tuple(replace(fact, version=before.version + index) for index, fact in enumerate(facts, start=1))
    turned = (before.state, before.assigned_unit, before.responder, before.risk) != (
        after.state,
        after.assigned_unit,
        after.responder,
        after.risk,
    )
    after = replace(after, version=before.version + len(told), turn=before.turn + (1 if turned else 0))
    return Change(case=after, facts=told)
