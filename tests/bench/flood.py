"""Line `flood`: how long another source waits for its answer while one floods, against the same hour without a flood."""

import asyncio
import statistics
import time

from deploy.native.ports import answers, free_port
from services.clock import SteadyClock
from services.domain.words import Role
from services.store import sources, tokens
from services.store.engine import Store
from tests.bench.ground import Ground, finished
from tests.bench.rows import Row, ratios_of, row_of, say

PACE, COUNT, COUNT_FULL = 10, 120, 1_000  # a second; warnings of the source that is measured
FLOODERS = 64  # connections, each as fast as it goes
QUOTA = 60
AT_MOST, AIM = 3.0, 1.5
BOUNDS = {"QUANZU_INTAKE_PER_MIN": "6000", "QUANZU_AT_ONCE": "4"}  # as an installation has it


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """One api process; the flood and the loader share the cores with it and with the database's server."""
    count = COUNT_FULL if full else COUNT
    lates: list[tuple[float, float | None]] = []
    for number in range(rounds):
        with ground.fresh_database() as database:
            secrets, port = asyncio.run(_made(database)), free_port()
            api = ground.run("api", ("-m", "tests.bench.serving", str(port)), database, **BOUNDS)
            try:
                limit = time.monotonic() + 60
                while not answers(f"http://127.0.0.1:{port}/livez"):
                    assert time.monotonic() < limit, api.tail()
                    time.sleep(0.1)
                quiet = _paced(ground, port, secrets["other"], count)
                flood = ("-m", "tests.bench.flooding", str(port), str(FLOODERS), "0", "0")
                flooder = ground.run("flood", flood, "sqlite:///none", BENCH_TOKEN=secrets["bank"])
                try:
                    time.sleep(1)
                    loud = _paced(ground, port, secrets["other"], count)
                    assert flooder.alive, flooder.tail()
                finally:
                    flooder.stop()
            finally:
                api.stop()
        say(f"    round {number + 1}: p99 {loud['p99_ms']:.1f} ms in the flood, {quiet['p99_ms']:.1f} without")
        lates.append((loud["p99_ms"], quiet["p99_ms"]))
    return [
        row_of(
            f"flood: p99 of {count:,} POSTs of one source while another floods, of those without a flood",
            "ms",
            lates,
            required=f"≤ {AT_MOST:g}",
            aim=f"≤ {AIM:g}",
            met=statistics.median(ratios_of(lates)) <= AT_MOST,
        )
    ]


def _paced(ground: Ground, port: int, secret: str, count: int) -> dict[str, float]:
    order = ("-m", "tests.bench.flooding", str(port), "8", str(PACE), str(count))
    return finished(ground.run("paced", order, "sqlite:///none", BENCH_TOKEN=secret))


async def _made(database: str) -> dict[str, str]:
    """Two sources; the one that will flood has a quota."""
    store = Store(database, name="bench")
    store.clock = SteadyClock(await store.measure_time())
    try:
        async with store.begin() as tx:
            await sources.keep(tx, "/bench/bank", quota_per_min=QUOTA, by="bench")
            return {
                name: await tokens.make(tx, name, role=Role.INTEGRATOR, source=f"/bench/{name}")
                for name in ("bank", "other")
            }
    finally:
        await store.close()
