"""Line `claims`: what it costs to claim due cases among a great many open ones, against the same among few."""

import asyncio
import statistics
import time

import asyncpg

from services.clock import SteadyClock
from services.store.deadlines import claim_due
from services.store.engine import Store
from services.timekeeper.loop import BATCH
from tests.bench.ground import Ground
from tests.bench.rows import Row, row_of, say
from tests.bench.timers import make_due

FEW, MANY, MANY_FULL = 10_000, 100_000, 1_000_000
CLAIMS = 40
REQUIRED, AIM = 1.25, 1.05


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """One timekeeper's batch of due cases each time, given back. The two take turns."""
    many = MANY_FULL if full else MANY
    with ground.fresh_database() as small, ground.fresh_database() as large:
        asyncio.run(_fill(small, FEW))
        asyncio.run(_fill(large, many))
        found: list[tuple[float, float | None]] = []
        for number in range(rounds):
            few_ms, many_ms = asyncio.run(_claimed(small)), asyncio.run(_claimed(large))
            say(f"    round {number + 1}: among {many:,} {many_ms:.2f} ms, among {FEW:,} {few_ms:.2f} ms")
            found.append((many_ms, few_ms))
    ratio = statistics.median(many_ms / (few_ms or 1) for many_ms, few_ms in found)
    return [
        row_of(
            f"claims: {BATCH} due among {many:,} open, against {FEW:,}",
            "ms",
            found,
            required=f"≤ {REQUIRED}",
            aim=f"≤ {AIM}",
            met=ratio <= REQUIRED,
        )
    ]


async def _fill(database: str, count: int) -> None:
    conn = await asyncpg.connect(database)
    try:
        far, past = await conn.fetchrow("SELECT now() + interval '3 hours', now() - interval '1 minute'")
        await make_due(conn, "far-", count - BATCH, far, 0.001)
        await make_due(conn, "due-", BATCH, past, 0.001)
        await conn.execute("VACUUM ANALYZE cases", timeout=600)
    finally:
        await conn.close()


async def _claimed(database: str) -> float:
    """Milliseconds of the median claim; the first few fill the caches."""
    store = Store(database, name="bench")
    store.clock = SteadyClock(await store.measure_time())
    took: list[float] = []
    try:
        for _ in range(CLAIMS):
            async with store.engine.connect() as conn, store.begin(on=conn) as tx:
                began = time.perf_counter()
                assert len(await claim_due(tx, limit=BATCH)) == BATCH
                took.append((time.perf_counter() - began) * 1e3)
                await tx.conn.rollback()
    finally:
        await store.close()
    return statistics.median(took[CLAIMS // 4 :])
