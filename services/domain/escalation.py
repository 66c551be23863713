"""How the escalation of one limit climbs: which levels are called in when, by its marks and by the time after them.

A level is called in so long after its mark. A breach begins anew at its own levels, whatever was skipped to before: who
could not be reached then may be now, and a notice that is there is not made twice. Who is meant is resolved elsewhere.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from services.domain.policy import Policy
from services.domain.policy_rules import Level, Mark, Watch
from services.domain.states import TimerKind
from services.domain.timers import Timer
from services.domain.value import replace, value

WatchAt = Callable[[datetime], Watch]
Levels = tuple[Level, ...]


def by_day(_: datetime) -> Watch:
    """For who has no calendar at hand, where the policy makes no difference."""
    return Watch.DAY


@value
class Reached:
    """A level (1 is the lowest) and the moment from which it was to be called in."""

    number: int
    level: Level
    at: datetime


def levels_at(policy: Policy, kind: TimerKind, at: datetime, watch: WatchAt) -> Levels:
    """The levels of the watch in which a mark falls; a lease has none."""
    return policy.escalation.levels.get((watch(at), kind), ())


def mark_of(timer: Timer) -> tuple[Mark, datetime] | None:
    """The mark that a timer has passed last, and when; None before the first."""
    if timer.breached_at is not None:
        return Mark.BREACH, timer.due_at
    if timer.at_risk_fired and timer.at_risk_at is not None:
        return Mark.AT_RISK, timer.at_risk_at
    return None


def marked(timer: Timer, *, now: datetime, policy: Policy, watch: WatchAt) -> tuple[Timer, list[Reached]]:
    """The timer that has just passed a mark, with the levels that are due by now. At once: see `Level.after`."""
    passed = mark_of(timer)
    if passed is None:
        return timer, []
    mark, at = passed
    levels = levels_at(policy, timer.kind, at, watch)
    first = following(levels, 0, mark)
    if first is None:
        return (timer if timer.next_level_at is None else replace(timer, next_level_at=None)), []
    return _climbed(timer, levels, first - 1, mark, at + levels[first - 1].after, now=now)


def stepped(timer: Timer, *, now: datetime, policy: Policy, watch: WatchAt) -> tuple[Timer, list[Reached]]:
    """The timer with the levels above its last one that are due by now."""
    passed = mark_of(timer)
    if passed is None or timer.next_level_at is None:
        return timer, []
    mark, at = passed
    due_at = timer.next_level_at
    climbed, reached = _climbed(timer, levels_at(policy, timer.kind, at, watch), timer.level, mark, due_at, now=now)
    if not reached and due_at <= now:  # the day has become another kind of day since, and has no such level
        nobody = Level(mark=mark, after=timedelta(0), tell=())
        reached = [Reached(number=timer.level + 1, level=nobody, at=due_at)]
    return climbed, reached


def at_level(timer: Timer, levels: Levels, number: int, *, now: datetime) -> Timer:
    """The timer that was taken to a level now, whatever its mark: the one above it is called in as long after it as the
    policy says.
    """
    mark = levels[number - 1].mark
    above = following(levels, number, mark)
    wait = None if above is None else levels[above - 1].after - levels[number - 1].after
    return replace(timer, level=number, next_level_at=None if wait is None else now + wait)


def following(levels: Levels, number: int, mark: Mark) -> int | None:
    """The next level of a mark above `number`, or None."""
    return next((nth for nth, level in enumerate(levels, 1) if nth > number and level.mark is mark), None)


def _climbed(
    timer: Timer, levels: Levels, level: int, mark: Mark, next_at: datetime, *, now: datetime
) -> tuple[Timer, list[Reached]]:
    reached: list[Reached] = []
    at: datetime | None = next_at
    while at is not None and at <= now:
        number = following(levels, level, mark)
        if number is None:
            at = None
            break
        reached.append(Reached(number=number, level=levels[number - 1], at=at))
        above = following(levels, number, mark)
        at = None if above is None else at + (levels[above - 1].after - levels[number - 1].after)
        level = number
    return replace(timer, level=level, next_level_at=at), reached
