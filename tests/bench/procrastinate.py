"""Line `procrastinate`: a drain of due limits by three timekeepers, against procrastinate doing the same deadlines.

Both mark a limit of a case, write the event and the message of it, and lose nothing. Procrastinate is given a plain
job of one transaction; its worker runs one job at a time by default, and ten in the fairer line.
"""

import asyncio
import statistics
import time

import asyncpg

from services.store.signals import Signal
from tests.bench.ground import Ground, finished
from tests.bench.rows import Row, ratios_of, row_of, say
from tests.bench.timers import make_due

DUE, DUE_FULL = 40_000, 200_000
JOBS = 600
TIMEKEEPERS, ONE, TEN = 3, 1, 10
REQUIRED, AIM = 150, 300
LEAD_S, LONGEST_S = 4.0, 240
# From the first commit to the last; what the first one carried is not counted.
DRAINED = """
    SELECT count(*), count(DISTINCT case_id), (SELECT count(*) FROM outbox), (SELECT count(DISTINCT ce_id) FROM outbox),
        count(*) FILTER (WHERE at > first), extract(epoch FROM max(at) - min(first))::float8
    FROM (
        SELECT case_id, at, min(at) OVER () AS first
        FROM (SELECT case_id, pg_xact_commit_timestamp(xmin) AS at FROM event WHERE action = 'AT_RISK') told
    ) fired
"""


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """Interleaved rounds on the same server, each side alone."""
    due = DUE_FULL if full else DUE
    against: dict[int, list[tuple[float, float | None]]] = {ONE: [], TEN: []}
    for number in range(rounds):
        ours = _ours(ground, due)
        theirs = {at_once: _theirs(ground, at_once) for at_once in against}
        said = ", ".join(f"procrastinate with {at_once} at once {rate:,.0f}/s" for at_once, rate in theirs.items())
        say(f"    round {number + 1}: ours {ours:,.0f}/s, 0 doubled; {said}")
        for at_once, rate in theirs.items():
            against[at_once].append((ours, rate))
    return [
        row_of(
            f"procrastinate: {due:,} due drained by {TIMEKEEPERS} timekeepers, times its worker with {at_once} at once",
            "limits/s",
            pairs,
            required=f"≥ {REQUIRED}" if at_once == ONE else "told only",
            aim=f"≥ {AIM}" if at_once == ONE else "told only",
            met=at_once != ONE or statistics.median(ratios_of(pairs)) >= REQUIRED,
        )
        for at_once, pairs in against.items()
    ]


def _ours(ground: Ground, due: int) -> float:
    with ground.fresh_database() as database:
        return asyncio.run(_drained(ground, database, due))


async def _drained(ground: Ground, database: str, due: int) -> float:
    """Limits a second. Raises AssertionError where one fired twice, or its message is there twice or not at all."""
    conn = await asyncpg.connect(database)
    try:
        timekeepers = [ground.serve("timekeeper", database) for _ in range(TIMEKEEPERS)]
        try:
            await asyncio.sleep(LEAD_S)  # they open their connections
            async with conn.transaction():  # seen all at once
                past = await conn.fetchval("SELECT now() - interval '1 minute'")
                await make_due(conn, "due-", due, past, 0.0001)
            await conn.execute(f"NOTIFY {Signal.DUE.channel}")
            limit = time.monotonic() + LONGEST_S
            while await conn.fetchval("SELECT EXISTS (SELECT FROM cases WHERE next_due_at <= now())"):
                assert time.monotonic() < limit, "not every limit fired"
                await asyncio.sleep(0.1)
        finally:
            for timekeeper in timekeepers:
                timekeeper.stop()
        fired, cases, messages, ids, counted, took_s = await conn.fetchrow(DRAINED)
    finally:
        await conn.close()
    assert fired == cases == messages == ids == due, f"{due} due; {fired} of {cases} fired; {messages} told, {ids} once"
    return float(counted / took_s)


def _theirs(ground: Ground, at_once: int) -> float:
    with ground.fresh_database() as database:
        order = ("-m", "tests.bench.procrastinating", str(JOBS), str(at_once))
        return float(finished(ground.run("procrastinate", order, database))["rate"])
