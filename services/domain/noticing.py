"""What a change must be told of, to whom, and what it answers: from its facts alone, whoever made it.

A change with nothing to tell costs a look at its facts.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from services.domain import timers as limits
from services.domain.calling import Called
from services.domain.case import Case, Change, Fact
from services.domain.follow_up import FollowUpState
from services.domain.notice import Cause, NoticeKind
from services.domain.policy import Policy
from services.domain.policy_rules import Mark, Target
from services.domain.review import ReviewState
from services.domain.states import BEFORE_CONCLUDED, ENDED, MOVES, STAGES, Action, State, TimerKind
from services.domain.stop_order import RETURNS
from services.domain.value import replace, value
from services.domain.words import Outcome, Role

N = NoticeKind
FOLLOW_UPS: Final = {
    FollowUpState.DUE: N.FOLLOW_UP_DUE,
    FollowUpState.MISSED: N.FOLLOW_UP_MISSED,
    FollowUpState.ESCALATED: N.FOLLOW_UP_ESCALATED,
}
UNANSWERED: Final = frozenset({Action.EXPIRE, Action.LAPSE})  # silence stopped the stage, nobody's act
BY_NAME: Final = {"REROUTE": N.REROUTED, "REPEAT_SUBJECT": N.REPEAT_SUBJECT}  # facts that name themselves who is told


@value
class Answers:
    """What an act answers: the notices of these limits and kinds on its case, or every one of a case that has ended."""

    timers: frozenset[TimerKind]
    kinds: frozenset[NoticeKind]
    everything: bool  # but what goes on afterwards, and the limits that are still running
    running: frozenset[TimerKind]
    act: str
    at: datetime


def causes_of(before: Case | None, change: Change, *, policy: Policy) -> list[Cause]:
    """Everything that the facts tell of besides the levels of escalation. `before` is the case as it was."""
    found: list[Cause] = []
    for fact in change.facts:
        tell = _TOLD.get(fact.action)
        if tell is not None:
            found += [_whole(cause, policy) for cause in tell(before or change.case, change.case, fact)]
        elif fact.action.value in BY_NAME:
            found += _named(change.case, fact)
    if change.case.state is State.PENDING and _came_to_wait(change):
        found.append(_whole(_unassigned(change.case), policy))
    return found


def is_quiet(change: Change) -> bool:
    """Whether an opening has nothing to tell: somebody of the responsible unit was asked in time."""
    case = change.case
    return case.responder is not None and case.assigned_unit == case.responsible_unit and len(change.facts) == 2


def level_told(called: Called, before: Case, case: Case, *, policy: Policy) -> Cause:
    """A level of an escalation: its people are told which limit it is, how late, and until when."""
    timer = next((one for one in case.timers if (one.kind, one.round) == (called.timer, called.round)), None)
    kind = N.JUMPED if called.by_hand else N.AT_RISK if called.mark is Mark.AT_RISK else N.BREACHED
    limit = f"{case.case_id}:{called.timer}:{called.round}:{called.level}"
    due_at = None if timer is None else timer.due_at
    if timer is not None and kind is not N.AT_RISK:
        due_at = timer.next_level_at or case.total_due_at
    return Cause(
        once=f"{limit}:{called.version}" if called.by_hand else limit,
        kind=kind,
        tell=called.tell,
        case_id=case.case_id,
        mode=case.mode,
        unit=_unit(before),
        responder=before.responder,
        timer=called.timer,
        round=called.round,
        level=called.level,
        given=_given(case)
        | {"limit_due_at": None if timer is None else timer.due_at.isoformat(), "late_s": round(called.late_s)},
        due_at=due_at,
        is_late=called.late_s > policy.escalation.late_after.total_seconds(),
    )


def nobody_there(called: Called, case: Case, *, is_last: bool, policy: Policy, is_late: bool) -> Cause:
    """The centre is told which level was empty, loudly where nobody is left above it."""
    kind = N.NOBODY_LEFT if is_last else N.LEVEL_EMPTY
    return Cause(
        once=f"{case.case_id}:{called.timer}:{called.round}:{called.level}:{kind}",
        kind=kind,
        tell=policy.notices[kind],
        case_id=case.case_id,
        mode=case.mode,
        unit=_unit(case),
        timer=called.timer,
        round=called.round,
        level=called.level,
        given=_given(case) | {"tell": [target.value for target in called.tell]},
        due_at=case.total_due_at,
        is_late=is_late,
    )


def answers_of(before: Case, change: Change) -> Answers | None:
    """What the change answers; None, the common case: nobody was told of anything that it ends.

    A limit that a person's act, or an assignment, has stopped is answered in every round; an expiry answers nothing.
    """
    acts = [fact for fact in change.facts if fact.action in _ACTS and fact.action not in UNANSWERED]
    if not acts:
        return None
    act = next((fact for fact in acts if fact.role is not Role.SYSTEM), acts[-1])  # a rule's own doing comes after it
    ended = change.case.state in ENDED and before.state not in ENDED
    ran = {(timer.kind, timer.round) for timer in before.timers if timer.running}
    stopped = {timer.kind for timer in change.case.timers if not timer.running and (timer.kind, timer.round) in ran}
    if any(fact.action in UNANSWERED for fact in change.facts):
        stopped -= set(STAGES)
    kinds: set[NoticeKind] = set()
    for fact in acts:
        kinds |= _answered(fact)
    if before.state is State.PENDING and change.case.state is not State.PENDING:
        kinds.add(N.UNASSIGNED)
    running = frozenset(timer.kind for timer in change.case.timers if timer.running)
    if TimerKind.VISIT in stopped - running:
        kinds.add(N.VISIT_WANTED)
    told = {timer.kind for timer in change.case.timers if timer.at_risk_fired or timer.breached_at or timer.level}
    timers = frozenset((stopped & told) - (running & _PARALLEL))
    if not (timers or kinds or ended):
        return None
    return Answers(
        timers=timers,
        kinds=frozenset(kinds),
        everything=ended,
        running=running,
        act=act.action.value,
        at=act.recorded_at,
    )


_PARALLEL: Final = frozenset({TimerKind.STOP_CONFIRM})  # several may run: one answer leaves the others open
_ACTS: Final = frozenset(action for _, action in MOVES) - {Action.ESCALATE, Action.RAISE, Action.LOWER} | {
    Action.FOLLOW_UP,
    Action.INQUIRE,
    Action.PROTECT,
    Action.CHASE_STOP,
}
AFTERWARDS: Final = frozenset(  # what goes on when the case has ended
    {
        N.FOLLOW_UP_DUE,
        N.FOLLOW_UP_MISSED,
        N.FOLLOW_UP_ESCALATED,
        N.REVIEW_OPENED,
        N.STOP_WARNED,
        N.STOP_EXPIRED,
        N.HOLD_PLACED,
        N.HOLD_APPEALED,
        N.CALLED_OFF,
        N.WITHDRAWN,
    }
)


def _answered(fact: Fact) -> set[NoticeKind]:
    said = fact.detail
    if fact.action is Action.FOLLOW_UP and said.get("state") == FollowUpState.DONE:
        return set(FOLLOW_UPS.values())
    if fact.action is Action.INQUIRE and said.get("state") == ReviewState.CAUSE_SET:
        return {N.REVIEW_OPENED}
    if fact.action is Action.PROTECT and said.get("state") != "HELD":
        return {N.HOLD_PLACED} if said["state"] != "LIFTED" else {N.HOLD_PLACED, N.HOLD_APPEALED}
    if fact.action is Action.CHASE_STOP and said.get("step") not in ("WARN", *RETURNS.values()):
        return {N.STOP_WARNED}
    return {N.RETURNED} if fact.action is Action.REPORT else set()


def _named(case: Case, fact: Fact) -> list[Cause]:
    """A fact that says itself who is told (`tell`), of the unit and responder that it names, else of the case's."""
    told = _tell(fact)
    if not told:
        return []
    about = {name: fact.detail[name] for name in ("unit", "responder") if fact.detail.get(name) is not None}
    return [replace(_cause(BY_NAME[fact.action.value], case, fact, **about), tell=told)]


def _tell(fact: Fact) -> tuple[Target, ...] | None:
    """Whom a fact names; None: it leaves that to the policy."""
    said = fact.detail.get("tell")
    return None if said is None else tuple(Target(target) for target in said)


def _whole(cause: Cause, policy: Policy) -> Cause:
    """With the targets that the policy names for its kind."""
    return replace(cause, tell=policy.notices[cause.kind])


def _cause(kind: NoticeKind, case: Case, fact: Fact, **more: Any) -> Cause:
    about = {
        "unit": _unit(case),
        "responder": case.responder,
        "due_at": case.total_due_at,
        "once": f"{case.case_id}:{fact.version}:{kind}",
    } | more
    given = _given(case) | about.pop("given", {})
    return Cause(kind=kind, tell=(), case_id=case.case_id, mode=case.mode, given=given, **about)


def _given(case: Case) -> dict[str, Any]:
    return {"number": case.instruction_number, "risk": case.risk.value, "state": case.state.value}


def _unit(case: Case) -> str | None:
    return case.assigned_unit or case.responsible_unit


def _came_to_wait(change: Change) -> bool:
    return any(
        fact.to_state is State.PENDING and (fact.from_state is not State.PENDING or fact.action is Action.OPEN)
        for fact in change.facts
    )


def _unassigned(case: Case) -> Cause:
    waiting = limits.running(case.timers, TimerKind.ASSIGN)
    round_ = limits.rounds(case.timers, TimerKind.ASSIGN)
    return Cause(
        once=f"{case.case_id}:{N.UNASSIGNED}:{round_}",
        kind=N.UNASSIGNED,
        tell=(),
        case_id=case.case_id,
        mode=case.mode,
        unit=case.responsible_unit,
        given=_given(case) | {"reason": case.routing.get("choice", {}).get("decided") or "NO_UNIT"},
        due_at=None if waiting is None else waiting.due_at,
    )


Telling = Callable[[Case, Case, Fact], Iterable[Cause]]  # before, after, fact


def _asked(_: Case, case: Case, fact: Fact) -> Iterable[Cause]:
    """A responder of another unit than the responsible one: both units are told."""
    unit, home = fact.detail.get("unit"), case.responsible_unit
    if home is None or unit is None or unit == home:
        return ()
    given = {"by_unit": unit, "by_responder": fact.detail.get("responder"), "home": home}
    return (
        _cause(N.BOUNDARY_CROSSED, case, fact, unit=home, given=given),
        _cause(N.RESPONDER_TAKEN, case, fact, unit=unit, given=given),
    )


def _joined(_: Case, case: Case, fact: Fact) -> Iterable[Cause]:
    unit, responder = fact.detail["unit"], fact.detail["responder"]
    return (_cause(N.CO_ASSIGNED, case, fact, unit=unit, responder=responder, given={"by_unit": unit}),)


def _lapsed(before: Case, case: Case, fact: Fact) -> Iterable[Cause]:
    unit, responder = fact.detail.get("unit"), fact.detail.get("responder")
    return (_cause(N.TAKEN_BACK, case, fact, unit=unit or _unit(before), responder=responder),)


def _called_off(before: Case, case: Case, fact: Fact) -> Iterable[Cause]:
    if before.responder is None:
        return ()
    return (_cause(N.CALLED_OFF, case, fact, unit=_unit(before), responder=before.responder, due_at=None),)


def _withdrawn(before: Case, case: Case, fact: Fact) -> Iterable[Cause]:
    due_at = case.total_due_at
    cause = _cause(N.WITHDRAWN, case, fact, unit=_unit(before), responder=before.responder, due_at=due_at)
    return _as_told(cause, fact)


def _repeated(_: Case, case: Case, fact: Fact) -> Iterable[Cause]:
    kind = N.REPEATED if fact.to_state in BEFORE_CONCLUDED else N.REPEATED_LATE
    given = {"effect": fact.detail.get("effect"), "changed": fact.detail.get("changed", [])}
    return _as_told(_cause(kind, case, fact, given=given), fact)


def _as_told(cause: Cause, fact: Fact) -> Iterable[Cause]:
    """To whom the fact itself names, where it does; nobody, where it says so."""
    told = _tell(fact)
    if told is None:
        return (cause,)
    return (replace(cause, tell=told),) if told else ()


def _visit(_: Case, case: Case, fact: Fact) -> Iterable[Cause]:
    return (_cause(N.VISIT_WANTED, case, fact),)


def _returned(_: Case, case: Case, fact: Fact) -> Iterable[Cause]:
    return (_cause(N.RETURNED, case, fact),)


def _chased(_: Case, case: Case, fact: Fact) -> Iterable[Cause]:
    kind = {"WARN": N.STOP_WARNED, "EXPIRE": N.STOP_EXPIRED}.get(fact.detail.get("step", ""))
    if kind is None or fact.role is not Role.SYSTEM:
        return ()
    given = {name: fact.detail.get(name) for name in ("order", "left_fen", "held_until")}
    until = given["held_until"] if kind is N.STOP_WARNED else None
    return (_cause(kind, case, fact, given=given, due_at=None if until is None else datetime.fromisoformat(until)),)


def _protected(_: Case, case: Case, fact: Fact) -> Iterable[Cause]:
    kind = {"HELD": N.HOLD_PLACED, "APPEALED": N.HOLD_APPEALED}.get(fact.detail["state"])
    given = {"hold": fact.detail["hold"]}
    return () if kind is None else (_cause(kind, case, fact, given=given, due_at=None),)


def _followed(_: Case, case: Case, fact: Fact) -> Iterable[Cause]:
    """The owner is told, or the centre where the person is elsewhere."""
    kind = FOLLOW_UPS.get(fact.detail["state"])
    if kind is None:
        return ()
    elsewhere = case.outcome is Outcome.OUT_OF_AREA
    owner = {"unit": None, "responder": None} if elsewhere else {}
    given = {"mark": fact.detail["mark"], "mark_due_at": fact.detail["due_at"]}
    once = f"{case.case_id}:{kind}:{fact.detail['mark']}:{fact.detail['round']}"
    return (_cause(kind, case, fact, given=given, due_at=None, once=once, **owner),)


def _inquired(_: Case, case: Case, fact: Fact) -> Iterable[Cause]:
    if "why" not in fact.detail or fact.detail["state"] != ReviewState.OPEN:
        return ()
    given = {"review": fact.detail["review"], "why": fact.detail["why"], "order": fact.detail["order"]}
    return (_cause(N.REVIEW_OPENED, case, fact, given=given, due_at=None),)


_TOLD: Final[Mapping[Action, Telling]] = {
    Action.ASSIGN: _asked,
    Action.REASSIGN: _asked,
    Action.CO_ASSIGN: _joined,
    Action.LAPSE: _lapsed,
    Action.CANCEL: _called_off,
    Action.WITHDRAW: _withdrawn,
    Action.REPEAT: _repeated,
    Action.START_VISIT: _visit,
    Action.RETURN: _returned,
    Action.RETURN_TEXT: _returned,
    Action.CHASE_STOP: _chased,
    Action.PROTECT: _protected,
    Action.FOLLOW_UP: _followed,
    Action.INQUIRE: _inquired,
}
