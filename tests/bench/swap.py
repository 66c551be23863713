"""New pictures, one after another, each after cases went to somebody else and people elsewhere. A program of its own."""

import json
import os
import statistics
import sys
import time
from pathlib import Path
from random import Random

import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.clock import SteadyClock
from services.domain.fix import Fix
from services.handlers import picture
from services.handlers.context import Context
from services.settings import read_settings
from services.store.engine import Store
from tests.bench.inside import as_served, context_of
from tests.bench.rows import say

MOVED = 500  # cases that have another responder at each swap
FIXES = 10_000  # and so many people another fix
MOVE = text("""
    UPDATE cases c SET responder = r.code
    FROM (SELECT id, row_number() OVER () n FROM cases WHERE state = 'ASSIGNED' ORDER BY random() LIMIT :moved) m
    JOIN (SELECT code, row_number() OVER () n FROM responder ORDER BY random() LIMIT :moved) r USING (n)
    WHERE c.id = m.id""")
# One person of a hundred thousand goes home: the watch is another one.
GOES = text("UPDATE duty SET ends_at = now() WHERE id = (SELECT id FROM duty WHERE ends_at > now() LIMIT 1)")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


async def run(swaps: int) -> None:
    """Say the medians: of the processor, not of the wall."""
    settings = read_settings()
    store = Store(settings.database, name="swap")
    store.clock = SteadyClock(await store.measure_time())
    try:
        context = await context_of(store, settings)
        as_served()
        rng = Random(1)
        fixes: dict[str, Fix] = {}
        context.fixes = fixes
        _walk(context, fixes, rng, len(context.picture.roster.responders))
        conn = await store.asking()
        backend = (await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        await _swap_s(store, conn, context)
        before_s, took_s = _spent_s(backend), []
        for _ in range(swaps):
            await _do(store, MOVE, moved=MOVED)
            _walk(context, fixes, rng, FIXES)
            took_s.append(await _swap_s(store, conn, context))
        database_s = (_spent_s(backend) - before_s) / swaps
        await _do(store, GOES)
        watch_s = await _swap_s(store, conn, context)
        await conn.close()
    finally:
        await store.close()
    roster = context.picture.roster
    figures = {
        "swap_ms": statistics.median(took_s) * 1e3,
        "database_ms": database_s * 1e3,
        "watch_ms": watch_s * 1e3,
        "held": sum(roster.open_cases),
        "on_duty": len(roster.responders),
    }
    say(json.dumps(figures))


async def _swap_s(store: Store, conn: AsyncConnection, context: Context) -> float:
    """Seconds of the processor that this process spent."""
    assert store.clock is not None
    began = time.process_time()
    assert not await picture.redraw(conn, context, now=store.clock.now()), "the map was drawn anew"
    return time.process_time() - began


def _walk(context: Context, fixes: dict[str, Fix], rng: Random, count: int) -> None:
    """So many people, each another one, are somewhere else now."""
    roster = context.picture.roster
    at_s = time.time()
    for person in rng.sample(range(len(roster.responders)), count):
        lat, lon = roster.post[person].tolist()
        fixes[roster.responders[person]] = Fix(at_s, lat + rng.uniform(0, 0.01), lon, 8.0)
        context.moved.add(roster.responders[person])


async def _do(store: Store, statement: object, **given: int) -> None:
    async with store.begin() as tx:
        await tx.conn.execute(statement, given)  # type: ignore[call-overload]


def _spent_s(backend: int) -> float:
    """What one backend of PostgreSQL has spent of a processor, with its parallel workers, which end after each question."""
    parent, *own = _ticks(backend)
    _, _, _, *ended = _ticks(parent)
    return (sum(own[:2]) + sum(ended)) * TICK_S


def _ticks(pid: int) -> tuple[int, ...]:
    """The parent's number; the process's own ticks, as user and in the kernel; those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[1]), *(int(field) for field in fields[11:15]))


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1])))
