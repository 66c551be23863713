"""The kept counts: how far the events are counted, what each case adds, and the sums. Divides nothing.

A case's row here and the sums that hold it change in one transaction with the position, so after a crash all of it is
there or none. Counting the same events again changes nothing: what a case adds is replaced, never added once more.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from sqlalchemy import Row, Table, delete, func, or_, select, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.case import Case
from services.domain.counted import Count, Counted
from services.domain.words import Risk
from services.store import seals, tables
from services.store.cases import to_stored
from services.store.engine import Store, Transaction
from services.store.events import Entry
from services.store.figure_tables import Span

position, added, sums = tables.figure_position, tables.figure_case, tables.figure_count
cases, event = tables.cases, tables.event

PAIR: Final = np.dtype("<u4")
COUNTS: Final = tuple(count.value for count in Count)
LOOK_S: Final = 0.02
LONGEST_DAY: Final = timedelta(hours=26)
A_MONTH: Final = timedelta(days=30)

Key = tuple[Span, datetime, str, Risk]  # of one sum


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    event_id: int
    as_of: datetime | None
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What a case adds, with the hour and the day that it adds to."""

    counted: Counted
    hour_at: datetime
    day_at: datetime

    @property
    def keys(self) -> tuple[Key, Key]:
        unit, level = self.counted.unit or "", self.counted.level
        return (Span.HOUR, self.hour_at, unit, level), (Span.DAY, self.day_at, unit, level)


class Sum:
    """The counts of one cell while it is changed."""

    def __init__(self, counts: Mapping[str, int] | None = None, loops: bytes = b"") -> None:
        self.counts: dict[str, int] = dict.fromkeys(COUNTS, 0) | dict(counts or {})
        self.loops: dict[int, int] = dict(unpacked(loops).tolist())

    def add(self, counted: Counted, times: int = 1) -> None:
        for count, number in counted.counts.items():
            self.counts[count.value] += times * number
        if counted.loop_s is not None:
            self.loops[counted.loop_s] = self.loops.get(counted.loop_s, 0) + times

    @property
    def packed(self) -> bytes:
        pairs = sorted((second, many) for second, many in self.loops.items() if many)
        return np.array(pairs, dtype=PAIR).tobytes()


def unpacked(loops: bytes) -> "np.ndarray[Any, np.dtype[np.uint32]]":
    """Rows of (second, how many)."""
    return np.frombuffer(loops, dtype=PAIR).reshape(-1, 2)


async def settled(store: Store) -> int:
    """The newest event, once everybody who may still commit one with a lower number is done, as for the seals."""
    async with store.read() as conn:  # each question sees what is committed by then
        horizon = await seals.look(conn, postgres=store.postgres)
        while event.name not in await horizon.settled(conn, postgres=store.postgres):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(LOOK_S)
    return horizon.newest[event.name]


async def find_position(conn: AsyncConnection) -> Position:
    return _position((await conn.execute(select(position))).one())


async def hold(tx: Transaction) -> Position | None:
    """The position, until the end of the transaction, whose questions all see one moment; None: another has it."""
    if tx.postgres:
        await tx.conn.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    row = (await tx.conn.execute(select(position).with_for_update(skip_locked=True))).one_or_none()
    return None if row is None else _position(row)


def _position(row: Row[Any]) -> Position:
    return Position(event_id=row.event_id, as_of=row.as_of, zone=row.zone)


async def move_to(tx: Transaction, event_id: int, *, as_of: datetime | None) -> None:
    """Everything up to this event is counted; where that is all there was at `as_of`, that is said as well."""
    said: dict[str, Any] = {"event_id": event_id} | ({} if as_of is None else {"as_of": as_of})
    await tx.conn.execute(update(position).values(**said))


async def begin_anew(tx: Transaction, zone: str) -> None:
    """Forget every count; all events are to be counted again, by the days of `zone`. Waits for who counts now."""
    await tx.conn.execute(update(position).values(event_id=0, as_of=None, zone=zone))
    for table, at in ((added, added.c.issued_at), (sums, sums.c.starts_at)):
        while (since := (await tx.conn.execute(select(func.min(at)))).scalar()) is not None:
            await tx.conn.execute(delete(table).where(at < since + A_MONTH))  # no statement may take long


async def number_of_cases(conn: AsyncConnection) -> int:
    """How many cases are in the figures."""
    return int((await conn.execute(select(func.count()).select_from(added))).scalar_one())


async def changed(conn: AsyncConnection, after: int, until: int, *, limit: int) -> tuple[set[int], int]:
    """The cases of the next `limit` events, and the last of these; `until` where no more are left before it."""
    question = select(event.c.id, event.c.case_id).where(event.c.id > after, event.c.id <= until)
    found = (await conn.execute(question.order_by(event.c.id).limit(limit))).all()
    return {row.case_id for row in found}, found[-1].id if len(found) == limit else until


async def facts_of(conn: AsyncConnection, row_ids: Collection[int]) -> dict[int, list[Entry]]:
    """Everything that happened to these cases, each in order; what is sealed stays where it is."""
    wanted = [event.c[name] for name in Entry.__dataclass_fields__ if name != "sealed"]
    question = select(event.c.case_id, *wanted).where(event.c.case_id.in_(row_ids))
    found: dict[int, list[Entry]] = {row: [] for row in row_ids}
    for row in await conn.execute(question.order_by(event.c.case_id, event.c.version)):
        told = dict(row._mapping)
        found[told.pop("case_id")].append(Entry(**told, sealed=None))
    return found


async def added_by(conn: AsyncConnection, row_ids: Collection[int]) -> dict[int, Added]:
    """What these cases add as it is kept; a case that adds nothing is left out."""
    found = await conn.execute(select(added).where(added.c.case_id.in_(row_ids)))
    return {row.case_id: _added(row._mapping) for row in found}


def _added(row: Mapping[Any, Any]) -> Added:
    counted = Counted(
        unit=row["unit"] or None,
        level=row["level"],
        issued_at=row["issued_at"],
        loop_s=row["loop_s"],
        counts={count: row[count.value] for count in Count if row[count.value]},
    )
    return Added(counted=counted, hour_at=row["hour_at"], day_at=row["day_at"])


async def replace(tx: Transaction, before: Mapping[int, Added], now: Mapping[int, Added]) -> int:
    """Take out what the cases added and put in what they add now; gives how many are different."""
    different = [row for row in before.keys() | now.keys() if before.get(row) != now.get(row)]
    if not different:
        return 0
    out = [before[row] for row in different if row in before]
    into = [now[row] for row in different if row in now]
    cells = await sums_of(tx.conn, {key for one in (*out, *into) for key in one.keys})
    for many, times in ((out, -1), (into, 1)):
        for one in many:
            for key in one.keys:
                cells[key].add(one.counted, times)
    gone = [row for row in different if row not in now]
    if gone:
        await tx.conn.execute(delete(added).where(added.c.case_id.in_(gone)))
    await _put(tx, added, [added_columns(row, now[row]) for row in different if row in now])
    await _put(tx, sums, [sum_columns(key, cell) for key, cell in cells.items()])
    return len(different)


def added_columns(row: int, one: Added) -> dict[str, Any]:
    counted = one.counted
    plain = {"level": counted.level, "issued_at": counted.issued_at, "loop_s": counted.loop_s}
    where = {"case_id": row, "unit": counted.unit or "", "hour_at": one.hour_at, "day_at": one.day_at}
    return plain | where | {count.value: counted.counts.get(count) for count in Count}


def sum_columns(key: Key, cell: Sum) -> dict[str, Any]:
    span, starts_at, unit, level = key
    return {"span": span, "starts_at": starts_at, "unit": unit, "level": level, "loops": cell.packed, **cell.counts}


async def _put(tx: Transaction, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, or write them over those of the same key."""
    if not rows:
        return
    made: Any = (postgresql if tx.postgres else sqlite).insert(table)
    values = {name: made.excluded[name] for name in rows[0] if name not in table.primary_key.columns}
    written = made.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=values)
    await tx.conn.execute(written, list(rows))


async def sums_of(conn: AsyncConnection, keys: Iterable[Key]) -> defaultdict[Key, Sum]:
    """These cells; one that is not there yet is empty."""
    named = tuple_(sums.c.span, sums.c.starts_at, sums.c.unit, sums.c.level)
    found: defaultdict[Key, Sum] = defaultdict(Sum)
    for row in await conn.execute(select(sums).where(named.in_(list(keys)))):
        found[row.span, row.starts_at, row.unit, row.level] = _sum(row._mapping)
    return found


def _sum(row: Mapping[Any, Any]) -> Sum:
    return Sum({name: row[name] for name in COUNTS}, row["loops"])


async def cases_of(conn: AsyncConnection, row_ids: Collection[int]) -> dict[int, Case]:
    found = await conn.execute(select(cases).where(cases.c.id.in_(row_ids)))
    return {row.id: to_stored(row).case for row in found}


@asynccontextmanager
async def one_moment(store: Store) -> AsyncIterator[AsyncConnection]:
    """A connection for a few questions that all see the same moment."""
    async with store.read(one_moment=True) as conn:
        yield conn


async def page_of_cases(conn: AsyncConnection, after: int, *, limit: int) -> list[int]:
    """The next rows of all cases, whatever their mode."""
    found = await conn.execute(select(cases.c.id).where(cases.c.id > after).order_by(cases.c.id).limit(limit))
    return list(found.scalars())


async def not_counted_yet(conn: AsyncConnection, row_ids: Collection[int], after: int) -> set[int]:
    """Which of these cases have events after the position."""
    found = await conn.execute(select(event.c.case_id).where(event.c.case_id.in_(row_ids), event.c.id > after))
    return set(found.scalars())


async def next_start(conn: AsyncConnection, since: datetime | None) -> datetime | None:
    """The first start of a sum, or of what a case adds, from `since` on; None: there is none."""
    starts = [sums.c.starts_at, added.c.hour_at, added.c.day_at]
    asked = [select(func.min(at)) if since is None else select(func.min(at)).where(at >= since) for at in starts]
    found = [(await conn.execute(one)).scalar() for one in asked]
    return min((at for at in found if at is not None), default=None)


async def kept_and_fresh(
    conn: AsyncConnection, since: datetime, until: datetime
) -> tuple[dict[Key, Sum], dict[Key, Sum]]:
    """The sums that start in a window as they are kept, and as the cases' rows add up to."""
    kept = {
        (row.span, row.starts_at, row.unit, row.level): _sum(row._mapping)
        for row in await conn.execute(select(sums).where(sums.c.starts_at >= since, sums.c.starts_at < until))
    }
    fresh: defaultdict[Key, Sum] = defaultdict(Sum)
    within = [(column >= since) & (column < until) for column in (added.c.hour_at, added.c.day_at)]
    # By the index first: what starts in the window is issued in it, or up to a day after.
    near = (added.c.issued_at >= since) & (added.c.issued_at < until + LONGEST_DAY)
    for row in await conn.execute(select(added).where(near, or_(*within))):
        one = _added(row._mapping)
        for key in one.keys:
            if since <= key[1] < until:
                fresh[key].add(one.counted)
    return kept, fresh
