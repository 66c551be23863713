"""Who is on duty: one unit's rotation, plans, swaps, leave and overrides. No clock, no I/O.

The rule, from the weakest to the strongest; it holds at every instant by itself:

1. The rotation (on a public holiday its holiday pattern, where it has one) and the planned duty put people on. A shift
   belongs to the day it begins on, and to the rotation that is in force on that day.
2. Accepted swaps move duty from one to the other, in the order in which they were accepted; one that was asked only,
   refused or withdrawn moves nothing. Who gave a duty away has it no more, on leave or not.
3. Leave takes a person off whatever is left to them, a duty taken over in a swap included.
4. An override puts a person on or takes them off, whatever 1 to 3 say; of two for one person the later made one decides.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.domain.rota.pattern import Pattern, instant
from services.domain.value import replace

REST = "*"  # in `minimum`: every shift that is not named, and the time between shifts


class Via(StrEnum):
    ROTATION = "ROTATION"
    PLAN = "PLAN"
    SWAP = "SWAP"
    OVERRIDE = "OVERRIDE"


class Kind(StrEnum):
    PLAN = "PLAN"  # on duty as a file or a desk planned it, day by day
    LEAVE = "LEAVE"
    ON = "ON"  # override: on duty whatever else is said
    OFF = "OFF"  # override: not on duty whatever else is said


OVERRIDES = frozenset({Kind.ON, Kind.OFF})


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """People who turn through the pattern together, `offset` days ahead of the anchor."""

    name: str
    offset: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """In force for shifts that begin on `starts_on` or later, until the next rotation of the unit."""

    starts_on: date
    anchor: date  # day 0 of the turn for a group without an offset
    pattern: Pattern
    groups: tuple[Group, ...]
    holiday_pattern: Pattern | None = None
    minimum: Mapping[str, int] = field(default_factory=lambda: {REST: 1})  # by the name of the shift

    def needed(self, shift: str | None) -> int:
        return self.minimum.get(shift or REST, self.minimum.get(REST, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One person's span; `order` rises with every entry made."""

    kind: Kind
    responder: str
    starts_at: datetime
    ends_at: datetime
    shift: str = ""
    order: int = 0

    def holds(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """An accepted one: what `asker` has in `gives` goes to `other`, what `other` has in `takes` goes to `asker`."""

    asker: str
    other: str
    gives: tuple[datetime, datetime]
    takes: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What somebody does at an instant: the shift, with its whole length."""

    shift: str
    starts_at: datetime
    ends_at: datetime
    via: Via


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """All that decides who of one unit is on duty. `rotations` ascend by `starts_on`, `swaps` by their acceptance."""

    unit: str
    zone: ZoneInfo
    is_off: Callable[[date], bool]  # a public holiday
    rotations: tuple[Rotation, ...] = ()
    entries: tuple[Entry, ...] = ()
    swaps: tuple[Swap, ...] = ()

    def rotation_on(self, day: date) -> Rotation | None:
        found = bisect_right(self.rotations, day, key=lambda rotation: rotation.starts_on)
        return self.rotations[found - 1] if found else None

    def pattern_on(self, day: date) -> Pattern | None:
        rotation = self.rotation_on(day)
        if rotation is None:
            return None
        holiday = rotation.holiday_pattern
        return holiday if holiday is not None and self.is_off(day) else rotation.pattern


@dataclass(slots=True)
class Standing:
    """Everybody's post at one instant, and who would have to be in two places."""

    posts: dict[str, Post]
    doubled: set[str]


def on_duty(rota: Rota, at: datetime) -> dict[str, Post]:
    """Who is on duty at `at`, exact for any instant; costs the groups, entries and swaps of one unit."""
    return standing(rota, at).posts


def standing(rota: Rota, at: datetime, shifts_about: Iterable["Begun"] | None = None) -> Standing:
    """As `on_duty`, with the overlaps. `shifts_about` saves looking for the shifts that may run at `at`."""
    now = Standing({}, set())
    if shifts_about is None:
        today = at.astimezone(rota.zone).date()
        shifts_about = begun(rota, today - timedelta(days=reach_of(rota)), today + timedelta(days=1))
    running = [start for start in shifts_about if start.starts_at <= at < start.ends_at]
    for start in running:
        for responder in start.members:
            _put(now, responder, start.post)
    held = [entry for entry in rota.entries if entry.holds(at)]
    for entry in held:
        if entry.kind is Kind.PLAN:
            _put(now, entry.responder, _post(entry, entry.shift, Via.PLAN))
    for swap in rota.swaps:
        _exchange(now, swap, at)
    for entry in held:
        if entry.kind is Kind.LEAVE:
            _take_off(now, entry.responder)
    last = {entry.responder: entry for entry in sorted(held, key=lambda one: one.order) if entry.kind in OVERRIDES}
    for responder, entry in last.items():
        if entry.kind is Kind.OFF:
            _take_off(now, responder)
        elif responder not in now.posts:
            # Who is put on by hand counts for the shift that runs.
            name = entry.shift or max(((one.starts_at, one.shift) for one in running), default=(None, ""))[1]
            now.posts[responder] = _post(entry, name, Via.OVERRIDE)
    return now


@dataclass(frozen=True, slots=True)
class Begun:
    """One shift of one group on one day."""

    shift: str
    starts_at: datetime
    ends_at: datetime
    members: tuple[str, ...]
    needed: int  # people, in this shift

    @property
    def post(self) -> Post:
        return Post(shift=self.shift, starts_at=self.starts_at, ends_at=self.ends_at, via=Via.ROTATION)


def begun(rota: Rota, first: date, last: date) -> Iterator[Begun]:
    """Every shift of the rotation that begins on a day from `first` to `last`."""
    day = first
    while day <= last:
        rotation, pattern = rota.rotation_on(day), rota.pattern_on(day)
        if rotation is not None and pattern is not None:
            for group in rotation.groups:
                for shift in pattern.on((day - rotation.anchor).days + group.offset):
                    yield Begun(
                        shift.name,
                        instant(day, shift.starts, rota.zone),
                        instant(day, shift.ends, rota.zone),
                        group.members,
                        rotation.needed(shift.name),
                    )
        day += timedelta(days=1)


def reach_of(rota: Rota) -> int:
    """How many days after the one it begins on a shift may still run."""
    patterns = [pattern for one in rota.rotations for pattern in (one.pattern, one.holiday_pattern) if pattern]
    return max((pattern.reach for pattern in patterns), default=0)


def _post(entry: Entry, shift: str, via: Via) -> Post:
    return Post(shift=shift, starts_at=entry.starts_at, ends_at=entry.ends_at, via=via)


def _take_off(now: Standing, responder: str) -> None:
    now.posts.pop(responder, None)
    now.doubled.discard(responder)


def _put(now: Standing, responder: str, post: Post) -> None:
    """Of two posts at once the one that began first is kept, and the other told."""
    held = now.posts.get(responder)
    if held is not None:
        now.doubled.add(responder)
        post = min(held, post, key=lambda one: (one.starts_at, one.shift))
    now.posts[responder] = post


def _exchange(now: Standing, swap: Swap, at: datetime) -> None:
    given = now.posts.pop(swap.asker, None) if _within(swap.gives, at) else None
    taken = now.posts.pop(swap.other, None) if swap.takes is not None and _within(swap.takes, at) else None
    if given is not None:
        now.doubled.discard(swap.asker)
        _put(now, swap.other, replace(given, via=Via.SWAP))
    if taken is not None:
        if given is None:
            now.doubled.discard(swap.other)
        _put(now, swap.asker, replace(taken, via=Via.SWAP))


def _within(span: tuple[datetime, datetime], at: datetime) -> bool:
    return span[0] <= at < span[1]
