"""Who a limit calls in: the levels that a change's facts tell of, the next one past an empty one, and a jump by hand."""

from datetime import datetime

from services.domain import timers as limits
from services.domain.actor import TIMEKEEPER, Actor
from services.domain.case import Case, Change
from services.domain.escalation import Reached, WatchAt, at_level, levels_at, mark_of
from services.domain.moves import Said, move, then
from services.domain.policy import Policy
from services.domain.policy_rules import Mark, Target
from services.domain.refusals import Incomplete
from services.domain.states import STAGES, Action, TimerKind
from services.domain.telling import level_called, level_detail, numbered
from services.domain.timers import Timer
from services.domain.value import replace, value

MARKS = {Action.AT_RISK: Mark.AT_RISK, Action.BREACH: Mark.BREACH}
BY_HAND = "BY_HAND"


@value
class Called:
    """One level that is called in: by its mark, by time, past an empty one, or by hand."""

    timer: TimerKind
    round: int
    level: int
    mark: Mark
    tell: tuple[Target, ...]
    at: datetime  # when it was to be
    late_s: float
    version: int  # of the fact that tells of it
    by_hand: bool = False


def called_by(change: Change, *, policy: Policy, watch: WatchAt) -> list[Called]:
    """The levels that the facts of a change call in, in their order."""
    found: list[Called] = []
    for fact in change.facts:
        if fact.action in MARKS:
            mark, kind = MARKS[fact.action], TimerKind(fact.detail["timer"])
            found += [
                Called(
                    timer=kind,
                    round=fact.detail["round"],
                    level=number,
                    mark=mark,
                    tell=level.tell,
                    at=fact.at,
                    late_s=fact.detail["late_s"],
                    version=fact.version,
                )
                for number, level in enumerate(levels_at(policy, kind, fact.at, watch), 1)
                if level.mark is mark and not level.after
            ]
        elif fact.action is Action.ESCALATE:
            said = fact.detail
            found.append(
                Called(
                    timer=TimerKind(said["timer"]),
                    round=said["round"],
                    level=said["level"],
                    mark=Mark(said["mark"]),
                    tell=tuple(Target(target) for target in said["tell"]),
                    at=fact.at,
                    late_s=said.get("late_s", 0.0),
                    version=fact.version,
                    by_hand=said["why"] == BY_HAND,
                )
            )
    return found


def past_empty(
    change: Change, empty: Called, *, now: datetime, policy: Policy, watch: WatchAt
) -> tuple[Change, Called] | None:
    """The level above an empty one, called in now; None where there is none, or an act has stopped the limit."""
    case = change.case
    timer = _timer(case, empty.timer, empty.round)
    if timer is None or (passed := mark_of(timer)) is None:
        return None
    levels = levels_at(policy, timer.kind, passed[1], watch)
    number = empty.level + 1
    if number > len(levels):
        return None
    climbed = at_level(timer, levels, number, now=now)
    reached = Reached(number=number, level=levels[number - 1], at=now)
    fact = level_called(case, timer, reached, now=now, by=TIMEKEEPER, why="EMPTY")
    skipped = numbered(case, _with(case, timer, climbed), [fact])
    level = reached.level
    called = replace(empty, level=number, mark=level.mark, tell=level.tell, version=skipped.facts[-1].version)
    return then(change, skipped), called


def jump(
    case: Case,
    number: int,
    *,
    kind: TimerKind | None,
    by: Actor,
    now: datetime,
    policy: Policy,
    watch: WatchAt,
    said: Said,
) -> Change:
    """Call in a level of a running limit (by default of the stage that runs, else of the total) now, by hand.

    Raises Incomplete where no such limit runs or has such a level, NotAllowed for who is not the centre.
    """
    timer = _running(case, kind)
    if timer is None:
        raise Incomplete(field="timer", why="no such limit runs")
    passed = mark_of(timer)
    levels = levels_at(policy, timer.kind, now if passed is None else passed[1], watch)
    if not 1 <= number <= len(levels):
        raise Incomplete(field="level", why=f"the limit has {len(levels)} levels")
    climbed = at_level(timer, levels, number, now=now)
    if passed is None or passed[0] is not levels[number - 1].mark:
        climbed = replace(climbed, next_level_at=None)  # what comes above it waits for its mark
    reached = Reached(number=number, level=levels[number - 1], at=now)
    detail = {
        "timer": timer.kind.value,
        "round": timer.round,
        "due_at": timer.due_at.isoformat(),
        **level_detail(reached),
        "why": BY_HAND,
    }
    said = replace(said, detail={**(said.detail or {}), **detail})
    return move(_with(case, timer, climbed), Action.ESCALATE, by=by, now=now, policy=policy, said=said)


def _running(case: Case, kind: TimerKind | None) -> Timer | None:
    if kind is not None:
        return limits.running(case.timers, kind)
    stages = (*(stage for stage in STAGES if stage is not TimerKind.LEASE), TimerKind.REVIEW, TimerKind.TOTAL)
    found = (limits.running(case.timers, stage) for stage in stages)
    return next((timer for timer in found if timer is not None), None)


def _timer(case: Case, kind: TimerKind, round_: int) -> Timer | None:
    """The limit of that round, while it runs."""
    return next((one for one in case.timers if (one.kind, one.round) == (kind, round_) and one.running), None)


def _with(case: Case, was: Timer, now: Timer) -> Case:
    return replace(case, timers=tuple(now if timer is was else timer for timer in case.timers))
