"""The risk of a case raised or lowered, by hand or by a rule, and what that does to its limits (domain.md §1, §3)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.domain import timers as limits
from services.domain.actor import RULES, Actor
from services.domain.case import Case, Change
from services.domain.moves import Said, move, then
from services.domain.policy import Policy
from services.domain.policy_rules import AttemptRules
from services.domain.refusals import Incomplete
from services.domain.states import Action, TimerKind
from services.domain.timers import OUTSIDE_TOTAL, Timer
from services.domain.words import RISKS, AttemptResult, Risk, higher

CALL = "call"
REACHED = frozenset({AttemptResult.REACHED_VOICE, AttemptResult.REACHED_IN_PERSON, AttemptResult.REACHED_FAMILY})
DANGER, FAILED_CALLS = "DANGER_SIGN", "FAILED_CALLS"


def set_risk(case: Case, risk: Risk, *, by: Actor, now: datetime, policy: Policy, said: Said | None = None) -> Change:
    """The case with another risk. Raising pulls running limits in, lowering leaves them; a later stage takes the new one.

    Raises Incomplete where it has this risk already, OutOfOrder once the case has ended, NotAllowed (only a supervisor
    lowers).
    """
    if risk is case.risk:
        raise Incomplete(field="risk", why="the case has this risk")
    raised = higher(risk, case.risk) is risk
    said = said or Said()
    said = replace(said, detail={"from": case.risk.value, "to": risk.value, **(said.detail or {})})
    timers = pulled_in(case, risk, now=now, policy=policy) if raised else case.timers
    action = Action.RAISE if raised else Action.LOWER
    pulled = replace(case, timers=timers)
    return move(pulled, action, by=by, now=now, policy=policy, said=said, risk=risk)


def pulled_in(case: Case, risk: Risk, *, now: datetime, policy: Policy) -> tuple[Timer, ...]:
    """The limits once `risk` holds: total = min(old, now + new total), no later than the longest total after its start;
    a running stage = min(old, its start + new limit), and no later than the total. What is over stays as it was.
    """
    total = limits.running(case.timers, TimerKind.TOTAL)
    total_due = None
    if total is not None and _goes_on(total, now):
        longest = total.started_at + policy.longest_total
        total_due = min(total.due_at, now + policy.limit(risk, TimerKind.TOTAL), longest)
    pulled = []
    for timer in case.timers:
        if not (timer.running and _goes_on(timer, now)):
            pulled.append(timer)
        elif timer.kind is TimerKind.TOTAL:
            pulled.append(_due(timer, total_due or timer.due_at, policy))
        else:
            due_at = min(timer.due_at, _own_due(timer, risk, now, policy))
            if total_due is not None and timer.kind not in OUTSIDE_TOTAL:
                due_at = min(due_at, total_due)
            pulled.append(_due(timer, due_at, policy))
    return tuple(pulled)


def _goes_on(timer: Timer, now: datetime) -> bool:
    """Not over: one that is, is told with the due time that it had, whenever somebody gets round to it."""
    return timer.breached_at is None and timer.due_at > now


def _own_due(timer: Timer, risk: Risk, now: datetime, policy: Policy) -> datetime:
    due_at = timer.started_at + policy.limit(risk, timer.kind)
    if timer.kind is TimerKind.LEASE:
        # No stage: over at once, it would take the case away before its holder has heard that there is less time.
        return max(due_at, now + policy.limit(risk, TimerKind.FIRST_ATTEMPT))
    return due_at


def _due(timer: Timer, due_at: datetime, policy: Policy) -> Timer:
    if due_at == timer.due_at:
        return timer
    at_risk_at = timer.at_risk_at
    if at_risk_at is not None and not timer.at_risk_fired:
        at_risk_at = timer.started_at + (due_at - timer.started_at) * policy.at_risk_share
    return replace(timer, due_at=due_at, at_risk_at=at_risk_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """An attempt, or a raise, out of a case's timeline, in order."""

    action: str
    at: datetime
    detail: dict[str, Any]


def attempt(case: Case, before: Iterable[Tried], *, by: Actor, now: datetime, policy: Policy, said: Said) -> Change:
    """An attempt, and what rules 1 and 2 make of it: a danger sign raises to HIGH and starts a visit, failed calls raise
    one level. Both at once raise once, to the higher of the two. `before` are the attempts and raises so far.
    """
    change = move(case, Action.ATTEMPT, by=by, now=now, policy=policy, said=said)
    detail = said.detail or {}
    counted = Tried(action=Action.ATTEMPT, at=change.facts[-1].at, detail=detail)
    rules, to = [], case.risk
    danger = is_danger(detail.get("result"), case.risk, policy.attempts)
    if danger:
        rules, to = [DANGER], higher(to, policy.attempts.danger_raises_to)
    if failed_often([*before, counted], policy.attempts) and case.risk is not RISKS[-1]:
        rules.append(FAILED_CALLS)
        to = higher(to, RISKS[RISKS.index(case.risk) + 1])
    if to is not case.risk:
        raised = set_risk(change.case, to, by=RULES, now=now, policy=policy, said=Said(detail={"rules": rules}))
        change = then(change, raised)
    if danger:
        visit = Said(detail={"rules": [DANGER]})
        change = then(change, move(change.case, Action.START_VISIT, by=RULES, now=now, policy=policy, said=visit))
    return change


def is_danger(result: str | None, risk: Risk, rules: AttemptRules) -> bool:
    """Rule 1: a busy line, or a person who hangs up, may be the fraudster at work."""
    return result in rules.danger_results and risk in rules.danger_risks


def failed_often(tried: Iterable[Tried], rules: AttemptRules) -> bool:
    """Rule 2: whether the newest call completes so many failed ones, far enough apart, since they last raised the risk."""
    count, last, completed = 0, None, False
    for one in tried:
        completed = False
        if one.action == Action.RAISE and FAILED_CALLS in one.detail.get("rules", ()):
            count, last = 0, None
        elif _is_failed_call(one) and (last is None or one.at - last >= rules.failed_calls_apart):
            count, last = count + 1, one.at
            completed = count >= rules.failed_calls
    return completed


def _is_failed_call(one: Tried) -> bool:
    said = one.detail
    return one.action == Action.ATTEMPT and said.get("channel") == CALL and said.get("result") not in REACHED
