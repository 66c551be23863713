"""Line `picture`: what a process spends on a new picture of a hundred thousand responders once a second."""

import asyncio
import statistics
from dataclasses import replace

import asyncpg

from tests.bench.big_county import big_county
from tests.bench.ground import Ground, finished
from tests.bench.rows import Row, row_of, say

ON_DUTY, HELD, OVER = 100_000, 20_000, 100_000
SWAPS, SWAPS_FULL = 10, 60
REQUIRED, AIM = 10.0, 5.0

# A hundred at each unit. Everybody has the watch of yesterday, of now and of tomorrow, as the rota draws them.
STAFF = (
    """
    INSERT INTO responder (code, unit, name, grade, post_lat, post_lon)
    SELECT unit || '-' || lpad(n::text, 3, '0'), unit, 'bench', 'officer', lat + 0.0001 * n, lon - 0.0001 * n
    FROM station, generate_series(1, $1::int / (SELECT count(*)::int FROM station)) n
    """,
    """
    INSERT INTO duty (responder, unit, shift, starts_at, ends_at, last_ended_at)
    SELECT code, unit, 'day', now() + day - interval '4 hours', now() + day + interval '4 hours',
        now() + day - interval '20 hours'
    FROM responder, (VALUES (interval '-1 day'), (interval '0'), (interval '1 day')) days(day)
    ORDER BY day, code
    """,
)
# Those that are held by somebody, and those that are over: sealed as large as the real ones.
CASES = """
    INSERT INTO cases (case_id, source, instruction_number, mode, risk, fraud_type, state, responsible_unit,
        assigned_unit, responder, policy_version, version, turn, late_on_arrival, issued_ahead, repeat_count,
        reopened_count, routed_by, routing, tried, issued_at, received_at, timers, sealed)
    SELECT gen_random_uuid(), '/bench', $3 || nth, 'actual', 'MEDIUM', 'OTHER', $3, unit,
        unit, code, 1, 3, 3, false, false, 0,
        0, 'POLYGON', '{"rule": "POLYGON"}', '[]', now(), now(), '[]', convert_to(repeat(md5(code), 60), 'UTF8')
    FROM (SELECT code, unit, row_number() OVER (ORDER BY md5(code)) nth FROM responder) staff
    WHERE nth <= $1 AND code >= $2
"""


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """The process's own time on its core, in a process alone, and beside it what PostgreSQL spends on the answers."""
    swaps = SWAPS_FULL if full else SWAPS
    found: list[tuple[float, float | None]] = []
    with ground.fresh_database(replace(big_county(), responders=())) as database:
        asyncio.run(_fill(database))
        for number in range(rounds):
            told = finished(ground.run("swap", ("-m", "tests.bench.swap", str(swaps)), database))
            say(
                f"    round {number + 1}: {told['swap_ms']:.0f} ms a swap, PostgreSQL {told['database_ms']:.0f} ms beside it;"
                f" another watch {told['watch_ms']:.0f} ms; {told['held']:,} cases held"
            )
            found.append((told["swap_ms"] / 10, None))
    return [
        row_of(
            f"picture: {ON_DUTY:,} on duty, {HELD:,} cases held, 10,000 fixes a second, one swap a second",
            "% of a core",
            found,
            required=f"≤ {REQUIRED:g} %",
            aim=f"≤ {AIM:g} %",
            met=statistics.median(share for share, _ in found) <= REQUIRED,
        )
    ]


async def _fill(database: str) -> None:
    conn = await asyncpg.connect(database)
    try:
        people, watches = STAFF
        await conn.execute(people, ON_DUTY)
        await conn.execute(watches)
        await conn.execute(CASES, HELD, "", "ASSIGNED")
        await conn.execute(CASES, OVER, "", "CLOSED")
        await conn.execute("VACUUM ANALYZE")
    finally:
        await conn.close()
