"""Line `audit`: what it takes to verify a hundred thousand rows, and how far behind a drain of as many the sealer is."""

import asyncio
import time
from datetime import UTC, datetime

from services.domain.actor import Actor
from services.domain.words import Role
from services.handlers.audit import verify
from services.relay.sealer import EVERY_S, SealKeeper
from services.store import audit, seals
from services.store.engine import Store
from services.wiring import Parts, opened
from tests.bench.ground import Ground
from tests.bench.rows import Row, row_of, say

ROWS, BATCH = 100_000, 500
VERIFY_S, LAG_S = 5.0, 3.0
WHO = Actor(name="bench", role=Role.SYSTEM)


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """Rows come in as fast as one connection writes them, while the sealer works beside it in the same process."""
    found = []
    for number in range(rounds):
        with ground.fresh_database() as database:
            written_s, lag_s, verified_s = asyncio.run(_round(ground, database))
        say(
            f"    round {number + 1}: written in {written_s:.1f} s, sealed {lag_s:.2f} s later, verified in {verified_s:.2f} s"
        )
        found.append((lag_s, verified_s))
    return [
        row_of(
            f"audit: the sealer's lag after {ROWS:,} rows",
            "s",
            [(lag, None) for lag, _ in found],
            required=f"≤ {LAG_S:g} s",
            aim=f"≤ {LAG_S:g} s",
            met=max(lag for lag, _ in found) <= LAG_S,
        ),
        row_of(
            f"audit: {ROWS:,} rows verified",
            "s",
            [(verified, None) for _, verified in found],
            required=f"≤ {VERIFY_S:g} s",
            aim=f"≤ {VERIFY_S:g} s",
            met=max(verified for _, verified in found) <= VERIFY_S,
        ),
    ]


async def _round(ground: Ground, database: str) -> tuple[float, float, float]:
    async with opened(ground.settings(database), name="bench") as parts:
        keeper = SealKeeper(parts)
        began = time.perf_counter()
        sealing = asyncio.create_task(_seal_all(keeper, parts.store))
        await _write(parts)
        written = time.perf_counter()
        await sealing
        sealed = time.perf_counter()
        await keeper.stop()
        async with parts.store.read() as conn:
            found = await verify(conn, [], key=None)
        assert (found.rows, found.fault) == (ROWS, None), found
        return written - began, sealed - written, time.perf_counter() - sealed


async def _write(parts: Parts) -> None:
    at = datetime.now(UTC)
    lines = [audit.line("READ", at=at, by=WHO, about="/cases/{case_id}", key=f"bench-{one}") for one in range(BATCH)]
    for _ in range(ROWS // BATCH):
        async with parts.store.begin() as tx:
            await audit.add(tx, lines)


async def _seal_all(keeper: SealKeeper, store: Store) -> None:
    """As the relay does, until every row is sealed."""
    while True:
        if await keeper.round():
            continue
        async with store.read() as conn:
            if (await seals.sealed_to(conn))["audit"] == ROWS:
                return
        await asyncio.sleep(EVERY_S)
