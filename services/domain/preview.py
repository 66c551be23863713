"""What would have breached under another policy: every limit of past cases drawn anew from the stamps as they were.

A shorter limit would also have moved some cases on sooner; that is not guessed at.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from services.domain.policy import Policy
from services.domain.states import TimerKind
from services.domain.timers import OUTSIDE_TOTAL, Timer
from services.domain.words import RISKS, Risk

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
    drawn = [(timer, _due_under(past, timer, policy)) for timer in past.timers]
    totals = [one for one in drawn if one[0].kind is TimerKind.TOTAL]
    for index, (timer, own) in enumerate(drawn):
        if timer.kind in OUTSIDE_TOTAL:
            continue
        for total, total_due in totals:
            if timer.started_at < total_due < own and _ran_at(total, timer.started_at):
                drawn[index] = (timer, total_due)
    return drawn


def _ran_at(total: Timer, at: datetime) -> bool:
    return total.started_at <= at and (total.stopped_at is None or at < total.stopped_at)


def _due_under(past: Past, timer: Timer, policy: Policy) -> datetime:
    """The limit alone: of the risk it started under, pulled in by each raise in its run.

    A raise at the very start came after it: an attempt starts a limit, and what it was raises the risk.
    """
    if len(past.risks) == 1:
        return timer.started_at + policy.limit(past.risks[0][1], timer.kind)
    held = [risk for since, risk in past.risks if since < timer.started_at]
    risk = held[-1] if held else past.risks[0][1]
    due_at = timer.started_at + policy.limit(risk, timer.kind)
    for since, raised in past.risks:
        in_its_run = timer.started_at <= since < due_at and (timer.stopped_at is None or since < timer.stopped_at)
        if in_its_run and RISKS.index(raised) > RISKS.index(risk):
            begins = since if timer.kind is TimerKind.TOTAL else timer.started_at
            due_at = min(due_at, begins + policy.limit(raised, timer.kind))
            if timer.kind is TimerKind.TOTAL:
                due_at = min(due_at, timer.started_at + policy.longest_total)
        if in_its_run:
            risk = raised
    return due_at
