"""counting: the kept counts follow the events; checked, they are what a recount from the events gives.

A changed case is read anew, whole, and what it adds takes the place of what it added: a loss found later changes the
sums of the hour in which its warning was issued. Any number may count: whoever holds the position does, and a crash at
any point leaves the counts as they were before or as they are after.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.counted import counted
from services.store import beside, figures
from services.store.engine import Store, Transaction
from services.store.figures import COUNTS, Added, Key, Sum

AT_ONCE = 200  # events: at most as many cases, and some tens of ms of the event loop in several pieces
PAGE, WINDOW = 200, timedelta(days=1)  # of a check


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedOn:
    """What one step did; `done` where nothing is left before its end, `held` where another was at it."""

    changed: int = 0
    done: bool = True
    held: bool = False


async def count_on(store: Store, zone: ZoneInfo, *, limit: int = AT_ONCE) -> CountedOn:
    """Count the next events. Days are those of `zone`: under another one, everything is counted anew."""
    assert store.clock is not None  # noqa: S101 - a store has its clock before its first transaction
    as_of = store.clock.now()
    until = await figures.settled(store)
    async with store.begin() as tx:
        position = await figures.hold(tx)
        if position is None:
            return CountedOn(held=True)
        if position.zone != zone.key:
            await figures.begin_anew(tx, zone.key)
            return CountedOn(done=False)
        until = max(until, position.event_id)  # another has counted further meanwhile
        rows, last = await figures.changed(tx.conn, position.event_id, until, limit=limit)
        different = await _recount(tx, rows, zone)
        await figures.move_to(tx, last, as_of=as_of if last == until else None)
        return CountedOn(changed=different, done=last == until)


async def recount(store: Store, zone: ZoneInfo) -> int:
    """Forget every count and count all events again; gives how many cases are in the figures then."""
    async with store.begin() as tx:
        await figures.begin_anew(tx, zone.key)
    step = CountedOn(done=False)
    while step.held or not step.done:
        if step.held:  # others may count on as well
            await asyncio.sleep(figures.LOOK_S)
        step = await count_on(store, zone)
    async with store.read() as conn:
        return await figures.number_of_cases(conn)


async def _recount(tx: Transaction, rows: set[int], zone: ZoneInfo) -> int:
    if not rows:
        return 0
    before = await figures.added_by(tx.conn, rows)
    return await figures.replace(tx, before, await adding(tx.conn, rows, zone))


async def adding(conn: AsyncConnection, rows: set[int], zone: ZoneInfo) -> dict[int, Added]:
    """What these cases add, from their rows and events; a case in no figure is left out."""
    found_cases = await figures.cases_of(conn, rows)
    facts = await figures.facts_of(conn, rows)
    besides = await beside.load(conn, rows)
    found = {}
    for row, case in found_cases.items():
        one = counted(case, facts[row], besides[row])
        if one is not None:
            found[row] = Added(counted=one, hour_at=hour_of(one.issued_at), day_at=day_of(one.issued_at, zone))
    return found


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def day_of(at: datetime, zone: ZoneInfo) -> datetime:
    """When the day began, in the installation's own time; on the calendar's first and last day the hour stands for it."""
    try:
        local = at.astimezone(zone)
        return datetime.combine(local.date(), time(), tzinfo=zone).astimezone(at.tzinfo)
    except OverflowError:
        return hour_of(at)


@dataclass(slots=True, kw_only=True)
class Checked:
    """A recount against what is kept. Cases whose newest events are not counted yet are not judged."""

    cases: int = 0
    not_judged: int = 0
    wrong_cases: list[UUID] = field(default_factory=list)
    wrong_sums: list[tuple[Key, Counter[str]]] = field(default_factory=list)  # kept less recounted, where not zero

    @property
    def right(self) -> bool:
        return not self.wrong_cases and not self.wrong_sums


async def check(store: Store, zone: ZoneInfo) -> Checked:
    """Count every case anew from its events, and every sum from the cases; names what is kept otherwise, mends nothing.

    Page by page, each as of one moment: it may run beside all else.
    """
    checked = Checked()
    await _check_cases(store, zone, checked)
    await _check_sums(store, checked)
    return checked


async def _check_cases(store: Store, zone: ZoneInfo, checked: Checked) -> None:
    after = 0
    while True:
        async with figures.one_moment(store) as conn:
            page = await figures.page_of_cases(conn, after, limit=PAGE)
            if not page:
                return
            position = await figures.find_position(conn)
            late = await figures.not_counted_yet(conn, page, position.event_id)
            rows = set(page) - late
            kept, fresh = await figures.added_by(conn, rows), await adding(conn, rows, zone)
            wrong = {row for row in rows if kept.get(row) != fresh.get(row)}
            checked.wrong_cases += sorted(case.case_id for case in (await figures.cases_of(conn, wrong)).values())
        checked.cases += len(fresh)
        checked.not_judged += len(late)
        after = page[-1]


async def _check_sums(store: Store, checked: Checked) -> None:
    since: datetime | None = None
    while True:
        async with figures.one_moment(store) as conn:
            since = await figures.next_start(conn, since)
            if since is None:
                return
            kept, fresh = await figures.kept_and_fresh(conn, since, since + WINDOW)
        for key in sorted(kept.keys() | fresh.keys()):
            off = difference(kept.get(key, Sum()), fresh.get(key, Sum()))
            if off:
                checked.wrong_sums.append((key, off))
        since += WINDOW


def difference(kept: Sum, fresh: Sum) -> Counter[str]:
    """By count, how much more is kept than there is; `loops` are the loops that are in one and not the other."""
    off = Counter({name: kept.counts[name] - fresh.counts[name] for name in COUNTS})
    off["loops"] = sum(
        abs(kept.loops.get(second, 0) - fresh.loops.get(second, 0)) for second in kept.loops.keys() | fresh.loops.keys()
    )
    return Counter({name: number for name, number in off.items() if number})
