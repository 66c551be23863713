"""repeats: what a warning that comes again does to the case that it belongs to (domain.md §3 rule 5).

What changed is told as names of fields; the values are personal and sealed by whoever stores the fact.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from services.domain.actor import ROUTER, RULES, Actor
from services.domain.case import Case, Change, Fact
from services.domain.moves import Said, move, then
from services.domain.policy import Policy
from services.domain.policy_rules import Target
from services.domain.risk import set_risk
from services.domain.states import BEFORE_CONCLUDED, Action, State
from services.domain.telling import noted
from services.domain.words import Risk, higher

SAME_INSTRUCTION, SAME_SUBJECT = "REPEATED", "ATTACHED"
UNANSWERED = (State.PENDING, State.ASSIGNED)
PLACES = "places"
NAMES_IT = frozenset({"instruction_number"})  # which warning it is, not what it says


def changed_fields(was: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """What the newer warning says otherwise than the older, as `subject.phone`, in its order.

    What it leaves out stays as it was: a source that is in a hurry sends what is new. A list, and each place, is one
    value: an address never goes with the point of another.
    """
    return tuple(name for name in _differing(was, now) if name not in NAMES_IT)


def _differing(was: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for name, new in now.items():
        old = was.get(name)
        if not _is_said(new) or old == new:
            continue
        if isinstance(new, Mapping) and path != f"{PLACES}.":
            yield from _differing(old if isinstance(old, Mapping) else {}, new, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def merged(was: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """The older warning with everything that the newer one says laid over it."""
    laid = dict(was)
    for name, new in now.items():
        old = was.get(name)
        if not _is_said(new):
            continue
        atomic = path == f"{PLACES}." or not (isinstance(new, Mapping) and isinstance(old, Mapping))
        laid[name] = new if atomic else merged(old, new, f"{path}{name}.")  # type: ignore[arg-type]
    return laid


def _is_said(value: object) -> bool:
    return value is not None and value not in ("", [], {}, ())


def place_changed(changed: tuple[str, ...]) -> bool:
    return any(name.startswith(f"{PLACES}.") for name in changed)


def repeated(
    case: Case,
    *,
    by: Actor,
    now: datetime,
    effect: str,
    risk: Risk,
    source: str,
    changed: tuple[str, ...] = (),
    tell: tuple[Target, ...] = (),
) -> Change:
    """The same instruction or the same subject came again: counted, with what changed and who must hear of it."""
    detail = {
        "effect": effect,
        "risk": risk.value,
        "source": source,
        "changed": list(changed),
        "tell": [target.value for target in tell],
    }
    return noted(case, Action.REPEAT, by=by, now=now, detail=detail, repeat_count=case.repeat_count + 1)


def told_to(case: Case, changed: tuple[str, ...], *, before: tuple[Fact, ...], rerouted: bool) -> tuple[Target, ...]:
    """Who hears of a repeat: whoever holds the case, once a batch unless it brings something new; the operator of a
    place that routes nothing any more, and of whatever comes when there is a conclusion.
    """
    if case.state not in BEFORE_CONCLUDED:
        return (Target.OPERATOR,)
    tell: list[Target] = []
    heard = any(fact.action is Action.REPEAT for fact in before)
    if case.responder is not None and not rerouted and (changed or not heard):
        tell.append(Target.RESPONDER)
    if place_changed(changed) and not rerouted and case.state is not State.PENDING:
        tell.append(Target.OPERATOR)
    return tuple(tell)


def reroute(case: Case, *, unit: str, routing: dict[str, Any], now: datetime, policy: Policy) -> Change:
    """The case is another unit's by its new place. Where somebody was asked the case is in the queue again, with the
    reason, and is offered from there; TOTAL runs on. Raises OutOfOrder once somebody has acknowledged.

    Where the unit has the case already, as a neighbour, it keeps it with whoever was asked.
    """
    detail = {
        "reason": "PLACE_CHANGED",
        "unit": case.assigned_unit,
        "responder": case.responder,
        "from_unit": case.responsible_unit,
        "to_unit": unit,
        "routing": routing,
        "tell": [Target.RESPONDER.value, Target.DUTY_DESK.value] if case.responder is not None else [],
    }
    choice = {"choice": case.routing["choice"]} if "choice" in case.routing else {}
    if case.assigned_unit == unit:
        stays: dict[str, Any] = {"responsible_unit": unit, "routing": {**routing, **choice}}
        return noted(case, Action.REROUTE, by=ROUTER, now=now, detail=detail | {"tell": []}, **stays)
    said = Said(detail=detail)
    gone: dict[str, Any] = {"assigned_unit": None, "responder": None} if case.state is State.ASSIGNED else {}
    return move(
        case,
        Action.REROUTE,
        by=ROUTER,
        now=now,
        policy=policy,
        said=said,
        responsible_unit=unit,
        routing={**routing, **choice},
        **gone,
    )


def flag_subject(case: Case, warnings: int, *, now: datetime, policy: Policy) -> Change | None:
    """The person was warned of so often that the case says so and has a floor of risk; None where that is not so, or
    was said before.
    """
    rules = policy.repeats
    if case.repeat_subject or warnings < rules.subject_warnings:
        return None
    detail = {"warnings": warnings, "days": rules.within.days, "tell": [Target.RESPONDER.value, Target.OPERATOR.value]}
    change = noted(case, Action.REPEAT_SUBJECT, by=RULES, now=now, detail=detail, repeat_subject=True)
    return then(change, raised) if (raised := _raised(change.case, rules.raises_to, now, policy)) else change


def _raised(case: Case, floor: Risk, now: datetime, policy: Policy) -> Change | None:
    if case.state not in BEFORE_CONCLUDED or higher(case.risk, floor) is case.risk:
        return None
    said = Said(detail={"rules": [Action.REPEAT_SUBJECT.value]})
    return set_risk(case, floor, by=RULES, now=now, policy=policy, said=said)


def raised_by(change: Change, risk: Risk, *, effect: str, now: datetime, policy: Policy) -> Change:
    """The higher risk of the two wins, while somebody is at it."""
    case = change.case
    if case.state not in BEFORE_CONCLUDED or higher(risk, case.risk) is case.risk:
        return change
    said = Said(detail={"rules": [effect]})
    return then(change, set_risk(case, risk, by=RULES, now=now, policy=policy, said=said))


def withdraw(
    case: Case, *, source: str, stands: int, newer: bool, why: str | None, by: Actor, now: datetime, policy: Policy
) -> Change:
    """The source takes its warning back: the case ends where nobody has acknowledged it and no other warning stands in
    it; else it is a mark, and who holds it is told. `newer`: the source has issued it anew since.
    """
    cancels = case.state in UNANSWERED and not stands and not newer
    holds = case.responder is not None and case.state is not State.CANCELLED
    tell = [Target.RESPONDER.value] if holds else []
    detail: dict[str, Any] = {
        "reason": "WITHDRAWN_BY_SOURCE",
        "source": source,
        "stands": stands,
        "newer": newer,
        "unit": case.assigned_unit,
        "responder": case.responder,
        "tell": tell,
    }
    private = {"reason": why} if why else None
    if not cancels and case.state in UNANSWERED:
        return noted(case, Action.WITHDRAW, by=by, now=now, detail=detail, private=private)
    said = Said(detail=detail, private=private)
    return move(case, Action.WITHDRAW, by=by, now=now, policy=policy, said=said)
