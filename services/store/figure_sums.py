"""Questions to the kept counts: the sums of a period by unit, level, day or hour, and the cases that make a number."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, Column, ColumnElement, Table, cast, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.counted import Count
from services.domain.words import Risk
from services.store import tables
from services.store.cases import Stored, to_stored
from services.store.figure_tables import Span

added, sums, cases, unit = tables.figure_case, tables.figure_count, tables.cases, tables.unit


class By(StrEnum):
    UNIT = "unit"
    LEVEL = "level"
    DAY = "day"
    HOUR = "hour"


Group = tuple[Any, ...]  # the values of `Wanted.by`, in its order
STARTS: Final = {Span.DAY: "day_at", Span.HOUR: "hour_at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Cases issued from `since` until just before `until`, which are both starts of a `span`; of some units and levels."""

    span: Span
    since: datetime
    until: datetime
    units: frozenset[str] | None = None  # None: all, cases without a unit too
    levels: tuple[Risk, ...] = ()  # none: all
    by: tuple[By, ...] = ()

    def holds(self, table: Table, starts_at: Column[Any]) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [starts_at >= self.since, starts_at < self.until]
        if self.units is not None:
            found.append(table.c.unit.in_(sorted(self.units)))
        if self.levels:
            found.append(table.c.level.in_(self.levels))
        return found

    def groups(self, table: Table, starts_at: Column[Any]) -> list[Column[Any]]:
        named = {By.UNIT: table.c.unit, By.LEVEL: table.c.level, By.DAY: starts_at, By.HOUR: starts_at}
        return [named[by] for by in self.by]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """Which cases a number is made of."""

    counts: Sequence[Count]  # any of them
    less: Sequence[Count] = ()  # and only those with more of `counts` than of these
    waiting_since: datetime | None = None  # of those that wait only those issued by then
    hours: Sequence[datetime] | None = None  # issued in an hour that begins so

    def holds(self) -> Iterator[ColumnElement[bool]]:
        yield or_(*(added.c[count.value] > 0 for count in self.counts))
        if self.less:
            yield _sum(self.counts) > _sum(self.less)
        if self.waiting_since is not None:
            yield or_(added.c.waiting.is_(None), added.c.issued_at < self.waiting_since)
        if self.hours is not None:
            yield added.c.hour_at.in_(self.hours)


def _sum(counts: Sequence[Count]) -> ColumnElement[int]:
    """What a case adds to all of them; a count of zero is kept as nothing."""
    return sum((func.coalesce(added.c[count.value], 0) for count in counts), start=literal(0))


async def counts_of(conn: AsyncConnection, wanted: Wanted, *, most: int) -> dict[Group, dict[Count, int]]:
    """The sums by group, of at most so many groups. A group without a case is not there."""
    groups = wanted.groups(sums, sums.c.starts_at)
    totals = [cast(func.sum(sums.c[count.value]), BigInteger) for count in Count]
    question = select(*groups, *totals).where(sums.c.span == wanted.span, *wanted.holds(sums, sums.c.starts_at))
    found = {}
    for row in await conn.execute(question.group_by(*groups).having(func.sum(sums.c.cases) > 0).limit(most)):
        found[tuple(row[: len(groups)])] = dict(zip(Count, row[len(groups) :], strict=True))
    return found


async def loops_of(conn: AsyncConnection, wanted: Wanted) -> dict[Group, bytes]:
    """The loops by group: pairs as `figures.unpacked` reads them, in no order, a second perhaps several times."""
    groups = wanted.groups(sums, sums.c.starts_at)
    question = select(sums.c.loops, *groups).where(
        sums.c.span == wanted.span, sums.c.fed_back > 0, *wanted.holds(sums, sums.c.starts_at)
    )
    found: defaultdict[Group, list[bytes]] = defaultdict(list)
    for loops, *group in await conn.execute(question):
        found[tuple(group)].append(loops)
    return {group: b"".join(loops) for group, loops in found.items()}


async def young_of(conn: AsyncConnection, wanted: Wanted, *, since: datetime) -> dict[Group, int]:
    """By group, how many cases issued at or after `since` have no feedback yet."""
    starts_at = added.c[STARTS[wanted.span]]
    groups = wanted.groups(added, starts_at)
    question = select(func.count(), *groups).where(added.c.issued_at >= since, added.c.waiting == 1)
    question = question.where(*wanted.holds(added, starts_at)).group_by(*groups)
    return {tuple(group): many for many, *group in await conn.execute(question)}


async def cases_of(
    conn: AsyncConnection, wanted: Wanted, behind: Behind, *, before: int | None, limit: int
) -> list[Stored]:
    """Up to `limit` of the cases behind a number, newest first, older than the row `before`."""
    # The time alone finds them by the index: a day and an hour hold what is issued in them.
    question = select(cases).join(added, added.c.case_id == cases.c.id)
    question = question.where(*wanted.holds(added, added.c.issued_at), *behind.holds())
    if before is not None:
        question = question.where(cases.c.id < before)
    return [to_stored(row) for row in await conn.execute(question.order_by(cases.c.id.desc()).limit(limit))]


async def units_below(conn: AsyncConnection, code: str) -> frozenset[str]:
    """The unit and all below it, units that have ended too: old cases name them. Empty: no unit has this code."""
    below = select(unit.c.code).where(unit.c.code == code).cte(recursive=True)
    below = below.union(select(unit.c.code).join(below, unit.c.parent == below.c.code))
    return frozenset((await conn.execute(select(below.c.code))).scalars())
