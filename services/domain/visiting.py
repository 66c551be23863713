"""When a visit is wanted beside the calls (domain.md §3, rules 1 and 6), and what answers it.

A visit that is wanted is the limit VISIT on the case: it runs whoever holds the case, and stops with the first step of a
visit (set out, arrived, not home, met). At the opening `opening.py` starts it; here is all that starts it later.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.domain import timers as limits
from services.domain import trying
from services.domain.actor import RULES
from services.domain.case import Case, Change
from services.domain.moves import Said, move, then
from services.domain.policy import Policy
from services.domain.states import BEFORE_CONCLUDED, Action, TimerKind
from services.domain.trying import Tried
from services.domain.words import ContactMode

DANGER, FAILED_CALLS, AT_ONCE, CLOSES_IN_PERSON = "DANGER_SIGN", "FAILED_CALLS", "AT_ONCE", "CLOSES_IN_PERSON"


def called_for(change: Change, tried: Sequence[Tried], *, policy: Policy, danger: bool = False) -> Change:
    """The change, and a visit where a rule asks for one after it. `tried` is all that was tried, this change included.

    A danger sign asks whenever nobody has met the person; failed calls, or a risk that wants a visit at once, only where
    nobody went.
    """
    case = change.case
    if case.state not in BEFORE_CONCLUDED or trying.met_at(tried) is not None:
        return change
    after = policy.face_to_face.visit_after_failed_calls[case.risk]
    rules = [DANGER] if danger else []
    if after is not None and trying.failed_calls(tried) >= after and not any(map(trying.is_visit, tried)):
        rules.append(FAILED_CALLS if after else AT_ONCE)
    return _started(change, rules, policy) if rules else change


def answered_by(said: Mapping[str, Any]) -> tuple[TimerKind, ...]:
    """The limits that an attempt or a contact of these words ends: any step of a visit, or a meeting, answers it."""
    visits = said.get("channel") == trying.VISIT or said.get("mode") == ContactMode.IN_PERSON
    return (TimerKind.VISIT,) if visits else ()


def needless_after(case: Case, tried: Sequence[Tried], policy: Policy) -> tuple[TimerKind, ...]:
    """The limits that the conclusion of `case` (as it will be) ends: a visit, unless the case must be met to close."""
    return () if _still_to_meet(case, tried, policy) else (TimerKind.VISIT,)


def concluded(change: Change, tried: Sequence[Tried], *, policy: Policy) -> Change:
    """The change, and a visit where the case can't close without one: dissuaded by voice, say."""
    return _started(change, [CLOSES_IN_PERSON], policy) if _still_to_meet(change.case, tried, policy) else change


def _still_to_meet(case: Case, tried: Sequence[Tried], policy: Policy) -> bool:
    return trying.needs_meeting(case, policy) and trying.met_at(tried) is None


def _started(change: Change, rules: list[str], policy: Policy) -> Change:
    """Told once: a visit that is wanted already, and that nobody has set out on, keeps its limit."""
    if limits.running(change.case.timers, TimerKind.VISIT) is not None:
        return change
    now = change.facts[-1].recorded_at
    said = Said(detail={"rules": rules})
    return then(change, move(change.case, Action.START_VISIT, by=RULES, now=now, policy=policy, said=said))
