"""Line `timers`: how late one timekeeper is with a thousand limits a second among a great many open cases."""

import asyncio
import time

import asyncpg

from services.store.signals import Signal
from tests.bench.ground import Ground
from tests.bench.rows import Row, row_of, say

OPEN, OPEN_FULL = 100_000, 1_000_000
DUE_A_SECOND, SECONDS = 1_000, 10
REQUIRED_MS, AIM_MS = 50.0, 5.0
LEAD_S = 4.0  # from making the due rows to the first of them

# Cases as the router leaves them, with nothing sealed. Only the total's at-risk mark is near; all else is hours away.
MAKE = """
    INSERT INTO cases (case_id, source, instruction_number, mode, risk, fraud_type, state, responsible_unit,
        assigned_unit, responder, policy_version, version, turn, late_on_arrival, issued_ahead, repeat_count,
        reopened_count, routed_by, routing, tried, issued_at, received_at, assigned_at, timers, next_due_at,
        total_due_at)
    SELECT gen_random_uuid(), '/bench', $1 || n, 'actual', 'MEDIUM', 'OTHER', 'ACKNOWLEDGED', 'MT01',
        'MT01', 'MT01-01', 1, 3, 3, false, false, 0,
        0, 'POLYGON', '{"rule": "POLYGON"}', '[]', now(), now(), now(),
        json_build_array(json_build_array('TOTAL', 1, micros - 3600000000, micros + 7200000000, micros, false, null, null)),
        at, at + interval '2 hours'
    FROM (
        SELECT n, at, (extract(epoch FROM at) * 1000000)::bigint AS micros
        FROM generate_series(0, $2::int - 1) n, LATERAL (SELECT $3::timestamptz + n * $4::interval AS at) due
    ) made
"""
LATENESS = """
    SELECT count(*), count(DISTINCT case_id), min(late_s) * 1000,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY late_s) * 1000,
        percentile_cont(0.99) WITHIN GROUP (ORDER BY late_s) * 1000
    FROM (
        SELECT case_id, extract(epoch FROM pg_xact_commit_timestamp(xmin) - at)::float8 AS late_s
        FROM event WHERE action = 'AT_RISK'
    ) fired
"""


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """Lateness is from the due time to the commit, both by the database's clock: the outside view."""
    count = OPEN_FULL if full else OPEN
    found = [(_round(ground, count), None) for _ in range(rounds)]
    return [
        row_of(
            f"timers: p99 lateness, {DUE_A_SECOND:,} due a second among {count:,} open, never early",
            "ms",
            found,
            required=f"≤ {REQUIRED_MS:g} ms",
            aim=f"≤ {AIM_MS:g} ms",
            met=max(late for late, _ in found) <= REQUIRED_MS,
        )
    ]


def _round(ground: Ground, count: int) -> float:
    with ground.fresh_database() as database:
        return asyncio.run(_late_ms(ground, database, count))


async def _late_ms(ground: Ground, database: str, count: int) -> float:
    """The 99th percentile. Raises AssertionError where a limit fired early, twice or not at all."""
    due = DUE_A_SECOND * SECONDS
    conn = await asyncpg.connect(database)
    try:
        far = await conn.fetchval("SELECT now() + interval '3 hours'")
        await make_due(conn, "far-", count - due, far, 0.001)
        await conn.execute("VACUUM ANALYZE cases")
        timekeeper = ground.serve("timekeeper", database)
        try:
            await asyncio.sleep(LEAD_S)  # it opens its connections
            near = await conn.fetchval("SELECT now() + $1::float8 * interval '1 second'", LEAD_S)
            await make_due(conn, "near-", due, near, 1 / DUE_A_SECOND)
            await conn.execute(f"NOTIFY {Signal.DUE.channel}")
            await _fired(conn, due, within_s=LEAD_S + SECONDS + 60)
        finally:
            timekeeper.stop()
        fired, cases, earliest_ms, median_ms, late_ms = await conn.fetchrow(LATENESS)
    finally:
        await conn.close()
    assert fired == cases == due, f"{due} were due, {fired} fired on {cases} cases"
    assert earliest_ms >= 0, f"one fired {-earliest_ms:.1f} ms early"
    say(f"    {due:,} fired once: earliest {earliest_ms:.1f} ms, median {median_ms:.1f} ms, p99 {late_ms:.1f} ms late")
    return float(late_ms)


async def make_due(conn: asyncpg.Connection, prefix: str, count: int, first_at: object, apart_s: float) -> None:
    apart = await conn.fetchval("SELECT $1::float8 * interval '1 second'", apart_s)
    await conn.execute(MAKE, prefix, count, first_at, apart, timeout=600)


async def _fired(conn: asyncpg.Connection, due: int, *, within_s: float) -> None:
    limit = time.monotonic() + within_s
    while await conn.fetchval("SELECT count(*) FROM event WHERE action = 'AT_RISK'") < due:
        assert time.monotonic() < limit, "not every limit fired"
        await asyncio.sleep(0.5)
