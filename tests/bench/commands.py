"""Line `commands`: acknowledgements by POST, against a POST through the same app, token and body that asks no database."""

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg

from deploy.native.ports import answers, free_port
from services.clock import SteadyClock
from services.domain.words import Role
from services.store import tokens
from services.store.engine import Store
from tests.bench.ground import Ground, finished
from tests.bench.memory import cpu_s
from tests.bench.rows import Row, ratios_of, row_of, say
from tests.bench.timers import make_due

COMMANDS, COMMANDS_FULL = 1_500, 20_000
AT_ONCE = 16
REQUIRED, AIM = 0.3, 0.6
P99_MS, P99_AIM_MS = 20.0, 10.0
UNIT = "MT01"
ASSIGNED = """
    UPDATE cases SET state = 'ASSIGNED', version = 2, turn = 2, timers =
        json_build_array(timers -> 0, json_build_array('ACK', 1, timers -> 0 -> 2, timers -> 0 -> 3, null, false, null, null))
"""


class Door(NamedTuple):
    """Where an api listens, the token of a desk, and the process."""

    port: int
    secret: str
    pid: int


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """One api process and one loader with sixteen connections share the cores with the server of the database."""
    count = COMMANDS_FULL if full else COMMANDS
    rates: list[tuple[float, float | None]] = []
    lates: list[tuple[float, float | None]] = []
    for number in range(rounds):
        with served(ground, 2 * count) as (door, cases):
            floor = load(ground, door, "POST nothing", cases[:count])
            ours = load(ground, door, "POST acknowledgement", cases[:count])
            half = ours["rate"] / 2
            paced = load(ground, door, "POST acknowledgement", cases[count:], rate=half)
        say(
            f"    round {number + 1}: {ours['rate']:,.0f}/s, nothing {floor['rate']:,.0f}/s;"
            f" at {half:,.0f}/s p50 {paced['p50_ms']:.1f} ms, p99 {paced['p99_ms']:.1f} ms"
        )
        rates.append((ours["rate"], floor["rate"]))
        lates.append((paced["p99_ms"], None))
    return [
        row_of(
            f"commands: {count:,} acknowledgements by POST, of a POST that asks no database",
            "commands/s",
            rates,
            required=f"≥ {REQUIRED}",
            aim=f"≥ {AIM}",
            met=statistics.median(ratios_of(rates)) >= REQUIRED,
        ),
        row_of(
            "commands: p99 at half of that load",
            "ms",
            lates,
            required=f"≤ {P99_MS:g} ms",
            aim=f"≤ {P99_AIM_MS:g} ms",
            met=statistics.median(late for late, _ in lates) <= P99_MS,
        ),
    ]


@contextmanager
def served(ground: Ground, count: int) -> Iterator[tuple[Door, list[str]]]:
    """An api, and cases that wait for a desk's acknowledgement."""
    with ground.fresh_database() as database:
        secret, cases = asyncio.run(_assigned(database, count))
        port = free_port()
        api = ground.run("api", ("-m", "tests.bench.serving", str(port)), database)
        try:
            limit = time.monotonic() + 30
            while not answers(f"http://127.0.0.1:{port}/livez"):
                assert api.alive, api.tail()
                assert time.monotonic() < limit, "the api does not answer"
                time.sleep(0.1)
            yield Door(port, secret, api.pid), cases
        finally:
            api.stop()


async def _assigned(database: str, count: int) -> tuple[str, list[str]]:
    store = Store(database, name="bench")
    store.clock = SteadyClock(await store.measure_time())
    conn = await asyncpg.connect(database)
    try:
        async with store.begin() as tx:
            secret = await tokens.make(tx, "desk", role=Role.DESK, unit=UNIT, responder=None)
        await make_due(conn, "asked-", count, await conn.fetchval("SELECT now() + interval '3 hours'"), 0.001)
        await conn.execute(ASSIGNED)
        await conn.execute("VACUUM ANALYZE cases")
        return secret, [str(row["case_id"]) for row in await conn.fetch("SELECT case_id FROM cases ORDER BY id")]
    finally:
        await conn.close()
        await store.close()


def load(ground: Ground, door: Door, asked: str, cases: Sequence[str], *, rate: float = 0) -> dict[str, float]:
    """Each case once, by verb and last word of the path; as fast as it goes, or at `rate` a second.

    `cpu_us` is what an answer takes of the api's processor time.
    """
    verb, what = asked.split()
    file = Path(ground.home, f"cases-{door.port}-{what}-{int(rate)}")
    file.write_text("\n".join(cases))
    order = ("-m", "tests.bench.posting", str(door.port), verb, what, str(AT_ONCE), str(rate), str(file))
    before_s = cpu_s(door.pid)
    told = finished(ground.run("posting", order, "sqlite:///none", BENCH_TOKEN=door.secret))
    return {**told, "cpu_us": (cpu_s(door.pid) - before_s) / len(cases) * 1e6}
