"""What would have breached under another policy: every limit of past cases drawn anew from the stamps as they were.

A shorter limit would also have moved some cases on sooner; that is not guessed at.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.domain.policy import Policy
from services.domain.states import TimerKind
from services.domain.timers import OUTSIDE_TOTAL, Timer
from services.domain.words import Risk, higher

JUST_AFTER = timedelta(microseconds=1)
Cell = tuple[Risk, TimerKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A case's limits, and its risk from the opening on: (since when, which), in order."""

    risks: tuple[tuple[datetime, Risk], ...]
    timers: tuple[Timer, ...]


@dataclass(slots=True, kw_only=True)
class Counts:
    """By the risk that a case has now, and stage: limits that ran, and how many were breached, as it was and as it
    would have been.
    """

    cases: int = 0
    limits: Counter[Cell] = field(default_factory=Counter)
    old: Counter[Cell] = field(default_factory=Counter)
    new: Counter[Cell] = field(default_factory=Counter)

    def add(self, pasts: Iterable[Past], policy: Policy, now: datetime) -> None:
        """Count more cases, as of `now`. Leases are no stages and are left out."""
        for past in pasts:
            self.cases += 1
            risk = past.risks[-1][1]
            for timer, due_at in drawn_anew(past, policy):
                if timer.kind is TimerKind.LEASE:
                    continue
                cell, until = (risk, timer.kind), timer.stopped_at or now
                self.limits[cell] += 1
                self.old[cell] += timer.due_at <= until
                self.new[cell] += due_at <= until


def drawn_anew(past: Past, policy: Policy) -> list[tuple[Timer, datetime]]:
    """Each limit with the due time that `policy` gives it, by the rules of `timers.start` and `risk.pulled_in`."""
    totals = [timer for timer in past.timers if timer.kind is TimerKind.TOTAL]
    drawn = []
    for timer in past.timers:
        total = None
        if timer.kind not in OUTSIDE_TOTAL:
            total = next((one for one in totals if _ran_at(one, timer.started_at)), None)
        drawn.append((timer, _due_at(past, timer, policy, total)))
    return drawn


def _ran_at(total: Timer, at: datetime) -> bool:
    return total.started_at <= at and (total.stopped_at is None or at < total.stopped_at)


def _due_at(past: Past, timer: Timer, policy: Policy, total: Timer | None, before: datetime | None = None) -> datetime:
    """The due time once every raise in the limit's run (`before` a moment, if one is given) has pulled it in.

    It is cut by the `total` it runs in, unless that was over at its start. A raise at the very start came after it: an
    attempt starts a limit, and what it was raises the risk.
    """
    started_at = timer.started_at
    held = [risk for since, risk in past.risks if since < started_at]
    risk = held[-1] if held else past.risks[0][1]
    due_at = started_at + policy.limit(risk, timer.kind)
    if total is not None:
        total_due = _due_at(past, total, policy, None, before=started_at)
        total = total if total_due > started_at else None
        due_at = due_at if total is None else min(due_at, total_due)
    for since, new in past.risks[len(held) :]:
        if (before is not None and since >= before) or (timer.stopped_at is not None and since >= timer.stopped_at):
            break
        if since < due_at and higher(new, risk) is not risk:
            due_at = min(due_at, _pulled_in(timer, new, since, policy))
            if total is not None:
                due_at = min(due_at, _due_at(past, total, policy, None, before=since + JUST_AFTER))
        risk = new
    return due_at


def _pulled_in(timer: Timer, risk: Risk, now: datetime, policy: Policy) -> datetime:
    if timer.kind is TimerKind.TOTAL:
        return min(now + policy.limit(risk, timer.kind), timer.started_at + policy.longest_total)
    return timer.started_at + policy.limit(risk, timer.kind)
