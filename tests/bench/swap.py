"""New pictures, one after another, each after some cases went to somebody else. A program of its own."""

import json
import os
import statistics
import sys
import time
from pathlib import Path

import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.clock import SteadyClock
from services.handlers import picture
from services.handlers.context import Context
from services.settings import read_settings
from services.store.engine import Store
from tests.bench.inside import as_served, context_of
from tests.bench.rows import say

MOVED = 500  # cases that have another responder at each swap
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
        conn = await store.asking()
        backend = (await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        await _swap_s(store, conn, context)
        before_s, took_s = _spent_s(backend), []
        for _ in range(swaps):
            await _do(store, MOVE, moved=MOVED)
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
