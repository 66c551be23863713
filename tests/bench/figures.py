"""Line `figures`: the api answers the figures of a month with 200,000 cases, out of the kept counts."""

import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx2

from deploy.native.ports import free_port
from services.clock import SteadyClock
from services.domain.counted import Count, Counted
from services.domain.words import Risk, Role
from services.handlers.counting import day_of, hour_of
from services.store import figures, tokens
from services.store.engine import Store
from services.store.figures import Added, Key, Sum
from tests.bench.ground import Ground
from tests.bench.rows import Row, row_of, say

CASES, UNITS, DAYS = 200_000, 20, 30
ZONE = ZoneInfo("Asia/Shanghai")
FIRST = datetime(2026, 10, 31, 16, tzinfo=UTC)  # the first of November there
QUESTION = "/figures?from=2026-11-01&to=2026-12-01"
ASKED = {
    "whole": "",
    "by unit and level": "&by=unit&by=level",
    "by day": "&by=day",
    "one unit by hour": "&unit=U00&by=hour",
}
TIMES, READY_S = 40, 60
REQUIRED, AIM = 50.0, 25.0
OUTCOMES = (Count.DISSUADED_NO_LOSS, Count.DISSUADED_NO_LOSS, Count.REFUSED, Count.FALSE_POSITIVE)


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """The whole answer over HTTP, as 95 of 100 who ask hear it; a round is one process."""
    found: list[tuple[float, float | None]] = []
    with ground.fresh_database() as database:
        token = asyncio.run(_fill(database))
        for number in range(rounds):
            port = free_port()
            ports = {"QUANZU_API_PORT": str(port), "QUANZU_METRICS_PORT": str(free_port())}
            api = ground.run("api", ("-m", "services.cli", "serve", "api"), database, **ports)
            try:
                told = asyncio.run(_ask(f"http://127.0.0.1:{port}", token))
            finally:
                api.stop()
            shown = ", ".join(f"{name} {statistics.median(took):.0f}" for name, took in told.items())
            say(f"    round {number + 1}: medians in ms: {shown}")
            found.append((sorted(told["whole"])[TIMES * 95 // 100 - 1], None))
    worst = statistics.median(ms for ms, _ in found)
    return [
        row_of(
            f"figures: a month of {CASES:,} cases, {UNITS} units, {len(Risk)} levels, answered by the api",
            "ms",
            found,
            required=f"≤ {REQUIRED:g} ms",
            aim=f"≤ {AIM:g} ms",
            met=worst <= REQUIRED,
        )
    ]


async def _ask(base: str, token: str) -> dict[str, list[float]]:
    """Milliseconds of each answer, by question."""
    headers = {"authorization": f"Bearer {token}"}
    took: dict[str, list[float]] = {}
    async with httpx2.AsyncClient(base_url=base, headers=headers, timeout=30) as client:
        await _ready(client)
        for name, more in ASKED.items():
            took[name] = []
            for _ in range(TIMES + 1):
                begun = time.perf_counter()
                answer = await client.get(QUESTION + more)
                took[name].append((time.perf_counter() - begun) * 1000)
                answer.raise_for_status()
            del took[name][0]  # the first one opens connections and compiles the questions
            if name == "whole":
                assert answer.json()["total"]["loop"]["n"] > CASES * 0.9
    return took


async def _ready(client: httpx2.AsyncClient) -> None:
    limit = time.monotonic() + READY_S
    while time.monotonic() < limit:
        try:
            if (await client.get("/livez")).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise TimeoutError(f"the api was not ready within {READY_S} s")


async def _fill(database: str) -> str:
    """What 200,000 made-up cases add, and its sums; gives a reviewer's token."""
    sums: defaultdict[Key, Sum] = defaultdict(Sum)
    rows = []
    for number, one in enumerate(_made_up(), start=1):
        rows.append(figures.added_columns(number, one))
        for key in one.keys:
            sums[key].add(one.counted)
    conn = await asyncpg.connect(database)
    try:
        await _copy(conn, "figure_case", rows)
        await _copy(conn, "figure_count", [figures.sum_columns(key, cell) for key, cell in sums.items()])
        await conn.execute("INSERT INTO unit (code, kind, name_zh, name_en) VALUES ('U00', 'precinct', '测试', 'test')")
        await conn.execute("UPDATE figure_position SET as_of = $1, zone = $2", FIRST + timedelta(days=DAYS), ZONE.key)
        await conn.execute("VACUUM ANALYZE")
    finally:
        await conn.close()
    store = Store(database, name="bench")
    store.clock = SteadyClock(datetime.now(UTC))
    try:
        async with store.begin() as tx:
            return await tokens.make(tx, "bench", role=Role.REVIEWER)
    finally:
        await store.close()


def _made_up() -> Iterator[Added]:
    """Cases spread over the month; one in fifty has no feedback, one in five a stop order."""
    rng = Random(1)
    kept = [count for count in Count if count.value.endswith(("_judged", "_kept"))]
    for _ in range(CASES):
        issued_at = FIRST + timedelta(seconds=rng.randrange(DAYS * 86_400))
        loop_s = None if rng.random() < 0.02 else max(60, round(rng.gauss(2300, 600)))
        counts = dict.fromkeys(kept, 1) | {Count.CASES: 1, Count.CONCLUDED: 1, rng.choice(OUTCOMES): 1, Count.MET: 1}
        counts |= {Count.WAITING: 1} if loop_s is None else {Count.FED_BACK: 1, Count.WITHIN_HOUR: int(loop_s <= 3600)}
        if rng.random() < 0.2:
            counts |= {
                Count.STOPS_SENT: 1,
                Count.STOPS_EFFECTIVE: 1,
                Count.REQUESTED_FEN: 500_000,
                Count.HELD_FEN: 500_000,
            }
        counted = Counted(
            unit=f"U{rng.randrange(UNITS):02}",
            level=rng.choice(tuple(Risk)),
            issued_at=issued_at,
            loop_s=loop_s,
            counts={count: number for count, number in counts.items() if number},
        )
        yield Added(counted=counted, hour_at=hour_of(issued_at), day_at=day_of(issued_at, ZONE))


async def _copy(conn: Any, table: str, rows: Sequence[dict[str, Any]]) -> None:
    columns = list(rows[0])
    records = ([row[name] for name in columns] for row in rows)
    await conn.copy_records_to_table(table, records=records, columns=columns)
