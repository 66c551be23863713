"""Where the watch is thinner than it must be, before it is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from services.domain.rota.rota import REST, Rota, begun
from services.domain.rota.spans import Span
from services.domain.value import replace

AHEAD = timedelta(hours=72)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """How many people must be there in a shift, or (shift None) between shifts."""

    shift: str | None
    starts_at: datetime
    ends_at: datetime
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    unit: str
    shift: str | None
    starts_at: datetime
    ends_at: datetime
    present: int
    needed: int

    @property
    def hours(self) -> float:
        return (self.ends_at - self.starts_at) / timedelta(hours=1)


def demands(rota: Rota, starts_at: datetime, ends_at: datetime) -> list[Demand]:
    """What the rotation's shifts ask for in the window, each shift once, however many groups work it."""
    first, last = (at.astimezone(rota.zone).date() for at in (starts_at, ends_at))
    found = {
        (start.shift, start.starts_at, start.ends_at): start.needed
        for start in begun(rota, first - timedelta(days=4), last)
        if start.starts_at < ends_at and start.ends_at > starts_at
    }
    return [
        Demand(shift=shift, starts_at=begins, ends_at=ends, needed=needed)
        for (shift, begins, ends), needed in found.items()
    ]


def between_shifts(rota: Rota, at: datetime) -> int:
    """How many people must be there while no shift runs: one, unless the rotation says otherwise."""
    rotation = rota.rotation_on(at.astimezone(rota.zone).date())
    return 1 if rotation is None else rotation.needed(REST)


def gaps(
    unit: str, spans: Iterable[Span], asked: Sequence[Demand], starts_at: datetime, ends_at: datetime, *, rest: int = 1
) -> list[Gap]:
    """Where fewer people are on duty than are needed, by time; a person in two spans at once counts once.

    Where two shifts overlap, the one that needs more decides; where none runs, `rest` people are needed.
    """
    steps_of: dict[datetime, list[tuple[Span, int]]] = {}
    for span in spans:
        if span.starts_at < ends_at and span.ends_at > starts_at and span.starts_at < span.ends_at:
            steps_of.setdefault(max(span.starts_at, starts_at), []).append((span, 1))
            steps_of.setdefault(span.ends_at, []).append((span, -1))
    cuts = {starts_at, ends_at, *steps_of} | {at for one in asked for at in (one.starts_at, one.ends_at)}
    present: Counter[str] = Counter()
    found: list[Gap] = []
    for begins, ends in pairwise(sorted(cut for cut in cuts if starts_at <= cut <= ends_at)):
        for span, change in steps_of.get(begins, ()):
            present[span.responder] += change
        there = sum(1 for count in present.values() if count > 0)
        running = [one for one in asked if one.starts_at <= begins < one.ends_at]
        most = max(running, key=lambda one: (one.needed, one.shift), default=None)
        shift, needed = (None, rest) if most is None else (most.shift, most.needed)
        if there < needed:
            _add(
                found,
                Gap(unit=unit, shift=shift, starts_at=begins, ends_at=ends, present=there, needed=needed),
            )
    return found


def _add(found: list[Gap], gap: Gap) -> None:
    last = found[-1] if found else None
    if last is not None and (last.ends_at, last.shift, last.present, last.needed) == (
        gap.starts_at,
        gap.shift,
        gap.present,
        gap.needed,
    ):
        found[-1] = replace(last, ends_at=gap.ends_at)
    else:
        found.append(gap)
