"""The risk of a case raised or lowered, by hand or by a rule, and what that does to its limits (domain.md §1, §3)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from services.domain import timers as limits
from services.domain import trying, visiting
from services.domain.actor import RULES, Actor
from services.domain.case import Case, Change
from services.domain.moves import Said, move, then
from services.domain.policy import Policy
from services.domain.policy_rules import AttemptRules
from services.domain.refusals import Incomplete, OutOfOrder
from services.domain.states import Action, State, TimerKind
from services.domain.timers import OUTSIDE_TOTAL, Timer
from services.domain.trying import Tried
from services.domain.value import replace
from services.domain.visiting import DANGER, FAILED_CALLS
from services.domain.words import RISKS, Risk, higher

VISITS_ONLY = frozenset({State.CONCLUDED, State.REPORTED})  # the person is still to be met before the case may close


def set_risk(
    case: Case,
    risk: Risk,
    *,
    by: Actor,
    now: datetime,
    policy: Policy,
    said: Said | None = None,
    tried: Sequence[Tried] = (),
) -> Change:
    """The case with another risk. Raising pulls running limits in, lowering leaves them; a later stage takes the new one.
    A risk that wants a visit after what was `tried` starts it.

    Raises Incomplete where it has this risk already, OutOfOrder once the case has ended, NotAllowed (only a supervisor
    lowers).
    """
    change = _rated(case, risk, by=by, now=now, policy=policy, said=said)
    return visiting.called_for(change, tried, policy=policy) if higher(risk, case.risk) is risk else change


def _rated(case: Case, risk: Risk, *, by: Actor, now: datetime, policy: Policy, said: Said | None) -> Change:
    if risk is case.risk:
        raise Incomplete(field="risk", why="the case has this risk")
    raised = higher(risk, case.risk) is risk
    if case.repeat_subject and not raised and higher(risk, policy.repeats.raises_to) is not risk:
        raise Incomplete(field="risk", why="a person warned of so often has no lower risk")
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


def attempt(case: Case, before: Iterable[Tried], *, by: Actor, now: datetime, policy: Policy, said: Said) -> Change:
    """An attempt, and what rules 1, 2 and 6 make of it: a danger sign raises to HIGH and starts a visit, failed calls
    raise one level, and ask for a visit. Both at once raise once, to the higher of the two. `before` are the attempts,
    contacts and raises so far. Any step of a visit answers the visit that is wanted.

    Raises what `move` raises, OutOfOrder for anything but a visit once the outcome is known, Incomplete for a result that
    can't be.
    """
    detail = said.detail or {}
    if case.state in VISITS_ONLY and detail.get("channel") != trying.VISIT:
        raise OutOfOrder(state=case.state, action=Action.ATTEMPT)
    stops = visiting.answered_by(detail)
    change = move(case, Action.ATTEMPT, by=by, now=now, policy=policy, said=said, stops=stops)
    trying.must_fit(detail)
    if case.state in VISITS_ONLY:
        return change
    tried = [*before, Tried(action=Action.ATTEMPT, at=change.facts[-1].at, detail=detail)]
    rules, to = [], case.risk
    danger = is_danger(detail.get("result"), case.risk, policy.attempts)
    if danger:
        rules, to = [DANGER], higher(to, policy.attempts.danger_raises_to)
    if failed_often(tried, policy.attempts) and case.risk is not RISKS[-1]:
        rules.append(FAILED_CALLS)
        to = higher(to, RISKS[RISKS.index(case.risk) + 1])
    if to is not case.risk:
        raised = _rated(change.case, to, by=RULES, now=now, policy=policy, said=Said(detail={"rules": rules}))
        change = then(change, raised)
    return visiting.called_for(change, tried, policy=policy, danger=danger)


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
        elif trying.is_failed_call(one) and (last is None or one.at - last >= rules.failed_calls_apart):
            count, last = count + 1, one.at
            completed = count >= rules.failed_calls
    return completed
