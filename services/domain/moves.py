"""What a command or the passing of time does to a case. Decides and explains; never waits, stores or reads a clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.domain import escalation
from services.domain import timers as limits
from services.domain.actor import TIMEKEEPER, Actor
from services.domain.case import Case, Change, Fact, kept_of
from services.domain.escalation import WatchAt, by_day
from services.domain.policy import Policy
from services.domain.refusals import Incomplete, NotYours, OwnSubmission
from services.domain.states import ENDED, Action, Move, State, TimerKind, move_for
from services.domain.telling import breach, level_called, mark, numbered, part, parting
from services.domain.timers import Timer
from services.domain.value import replace
from services.domain.words import Outcome, Role

ANYBODYS = frozenset({Action.ACKNOWLEDGE, Action.SECOND_ACKNOWLEDGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What comes with a command: the device's time, facts for the timeline, and words that must be sealed."""

    occurred_at: datetime | None = None
    detail: dict[str, Any] | None = None
    private: dict[str, Any] | None = None


def move(
    case: Case,
    action: Action,
    *,
    by: Actor,
    now: datetime,
    policy: Policy,
    said: Said | None = None,
    round_: int | None = None,
    stops: tuple[TimerKind, ...] = (),
    starts: tuple[TimerKind, ...] = (),
    **changes: Any,
) -> Change:
    """The case after `action`, with `changes` laid on it. Of several rounds of a limit only `round_` stops, where given;
    `stops` and `starts` name limits besides those that this move always stops and starts.

    Raises OutOfOrder, NotAllowed, NotYours or OwnSubmission.
    """
    said = said or Said()
    made = move_for(case.state, action, by.role)
    if stops or starts:
        made = replace(made, stops=(*made.stops, *stops), starts=(*made.starts, *starts))
    _must_hold(case, action, made, by)
    if action in (Action.CLOSE, Action.RETURN, Action.RETURN_TEXT) and by.name == case.submitter:
        raise OwnSubmission()
    at = counted_time(case, said.occurred_at, now=now, policy=policy)
    changes |= _stamp(case, made, at)
    timers, breached = _restart(case, made, at=at, now=now, policy=policy, round_=round_)
    ends = made.to in ENDED
    if ends:
        changes["co_assigned"] = ()
    moved = replace(case, state=made.to, timers=timers, **changes)
    facts = [breach(case, timer, now=now, by=by) for timer in sorted(breached, key=lambda timer: timer.due_at)]
    facts.append(
        Fact(
            action=action,
            version=0,
            from_state=case.state,
            to_state=made.to,
            at=at,
            recorded_at=now,
            actor=by.name,
            role=by.role,
            unit=by.unit,
            occurred_at=said.occurred_at,
            detail=said.detail or {},
            private=said.private,
        )
    )
    if ends:
        facts += [parting(moved, one, why="ENDED", by=by, now=now) for one in case.co_assigned]
    return numbered(case, moved, facts)


def tick(case: Case, *, now: datetime, policy: Policy, watch: WatchAt = by_day) -> Change | None:
    """Everything due by `now`, each once: marks and levels of escalation, oldest first, then the move that a breach
    brings. None: nothing is due.

    A limit found breached is not reported at risk as well, and a level that is called in by a mark itself is told by
    that mark. Safe to repeat: what has fired does not fire again.
    """
    facts: list[Fact] = []
    timers = []
    for timer in case.timers:
        if (at := timer.next_at) is None or at > now:
            timers.append(timer)
            continue
        if timer.breached_at is None and timer.due_at <= now:
            facts.append(breach(case, timer, now=now, by=TIMEKEEPER))
            fired = replace(timer, breached_at=now, at_risk_fired=True)
            climbed, reached = escalation.marked(fired, now=now, policy=policy, watch=watch)
        elif timer.breached_at is None and not timer.at_risk_fired and timer.at_risk_at is not None:
            facts.append(mark(Action.AT_RISK, case, timer, due_at=at, now=now, by=TIMEKEEPER))
            fired = replace(timer, at_risk_fired=True)
            climbed, reached = escalation.marked(fired, now=now, policy=policy, watch=watch)
        else:
            climbed, reached = escalation.stepped(timer, now=now, policy=policy, watch=watch)
            facts += [level_called(case, timer, one, now=now, by=TIMEKEEPER) for one in reached]
            reached = []
        facts += [level_called(case, timer, one, now=now, by=TIMEKEEPER) for one in reached if one.level.after]
        timers.append(climbed)
    if not facts:
        return None
    facts.sort(key=lambda fact: fact.at)
    change = numbered(case, replace(case, timers=tuple(timers)), facts)
    brought = _brought_by(change.case)
    return (
        change
        if brought is None
        else then(change, release(change.case, brought, by=TIMEKEEPER, now=now, policy=policy))
    )


def _brought_by(case: Case) -> Action | None:
    """The move that an unanswered limit makes by itself (domain.md §2)."""
    ack, lease = limits.running(case.timers, TimerKind.ACK), limits.running(case.timers, TimerKind.LEASE)
    if case.state is State.ASSIGNED and ack is not None and ack.breached_at is not None:
        return Action.EXPIRE
    if case.state is State.ACKNOWLEDGED and lease is not None and lease.breached_at is not None:
        return Action.LAPSE
    return None


def assign(
    case: Case,
    *,
    unit: str,
    responder: str | None,
    why: dict[str, Any],
    by: Actor,
    now: datetime,
    policy: Policy,
    said: Said | None = None,
) -> Change:
    """Ask `responder` of `unit`: from the queue an assignment, later a reassignment. `why` is stored and shown.

    A co-assigned unit that becomes accountable is co-assigned no longer.

    Raises NotYours also where a desk names another unit than its own.
    """
    if by.role is Role.DESK and unit != by.unit:
        raise NotYours()
    action = Action.ASSIGN if case.state is State.PENDING else Action.REASSIGN
    said = said or Said()
    detail = {"unit": unit, "responder": responder, **(said.detail or {}), "why": why}
    if action is Action.REASSIGN:
        detail["from_unit"] = case.assigned_unit
    asked = move(
        case,
        action,
        by=by,
        now=now,
        policy=policy,
        said=replace(said, detail=detail),
        assigned_unit=unit,
        responder=responder,
        routing={**case.routing, "choice": kept_of(why)},
    )
    return then(asked, part(asked.case, unit, why="ACCOUNTABLE", by=by, now=now)) if case.co_assigned else asked


def release(
    case: Case, action: Action, *, by: Actor, now: datetime, policy: Policy, said: Said | None = None
) -> Change:
    """Back to the queue (declined, not answered, handed over, lapsed); who had it is not asked again by itself.

    The fact names who had it: a desk may decline for the one asked, and the timekeeper for whoever did not answer.
    """
    said = said or Said()
    said = replace(said, detail={"unit": case.assigned_unit, "responder": case.responder, **(said.detail or {})})
    tried = case.tried if case.responder is None or case.responder in case.tried else (*case.tried, case.responder)
    return move(case, action, by=by, now=now, policy=policy, said=said, assigned_unit=None, responder=None, tried=tried)


def conclude(
    case: Case,
    outcome: Outcome,
    *,
    by: Actor,
    now: datetime,
    policy: Policy,
    said: Said | None = None,
    stops: tuple[TimerKind, ...] = (),
    **amounts: int | None,
) -> Change:
    """The outcome is known. NOT_REACHED without a contact is a supervisor's word (domain.md §2)."""
    gives_up = outcome is Outcome.NOT_REACHED
    if gives_up and case.state is State.CONTACTED:
        raise Incomplete(field="outcome", why="the person was reached")
    action = Action.GIVE_UP if gives_up else Action.CONCLUDE
    changes: dict[str, Any] = {"outcome": outcome, **amounts}
    return move(case, action, by=by, now=now, policy=policy, said=said, stops=stops, **changes)


def nobody(change: Change, why: dict[str, Any]) -> Change:
    """The case stays in the queue, with the reason why nobody could be asked."""
    return replace(change, case=replace(change.case, routing={**change.case.routing, "choice": why}))


def then(first: Change, second: Change) -> Change:
    """Two changes in one transaction, as one."""
    return Change(case=second.case, facts=first.facts + second.facts)


def counted_time(case: Case, occurred_at: datetime | None, *, now: datetime, policy: Policy) -> datetime:
    """The time that figures use: the device's if it differs by no more than the skew, never before the last step.

    The steps are read off the limits: every one starts or stops a limit, but a stamp may keep its first value.
    """
    if occurred_at is None or abs(occurred_at - now) > policy.device_skew:
        return now
    steps = (moment for timer in case.timers for moment in (timer.started_at, timer.stopped_at))
    last = max(at for at in (case.received_at, case.assigned_at, *steps) if at is not None)
    return min(max(occurred_at, last), now)


def _must_hold(case: Case, action: Action, made: Move, by: Actor) -> None:
    if not made.own_unit or by.sees_every_unit or by.role is Role.SYSTEM:
        return
    if made.shared and by.role is Role.RESPONDER and case.is_shared_with(by.unit, by.responder):
        return
    if by.unit is None or by.unit != case.assigned_unit:
        raise NotYours()
    # Any fit responder of the accountable unit may acknowledge; all else is for the one who was asked, or answered.
    if by.role is not Role.RESPONDER or (action in ANYBODYS and by.responder is not None):
        return
    if by.responder is None or by.responder != case.responder:
        raise NotYours()


def _stamp(case: Case, made: Move, at: datetime) -> dict[str, Any]:
    if made.stamp is None or (made.keeps_first and getattr(case, made.stamp) is not None):
        return {}
    return {made.stamp: at}


def _restart(
    case: Case, made: Move, *, at: datetime, now: datetime, policy: Policy, round_: int | None
) -> tuple[tuple[Timer, ...], list[Timer]]:
    """The timers after a move, and those that it found over before anybody had said so."""
    timers: list[Timer] = []
    breached: list[Timer] = []
    for timer in case.timers:
        if timer.running and timer.kind in made.stops and round_ in (None, timer.round):
            stopped = limits.stop(timer, at=at)
            if stopped.breached_at is not None and timer.breached_at is None:
                breached.append(timer)
            timers.append(stopped)
        else:
            timers.append(timer)
    for kind in made.starts:
        timers.append(limits.start(tuple(timers), kind, at=at, now=now, risk=case.risk, policy=policy))
    return tuple(timers), breached
