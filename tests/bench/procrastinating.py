"""The same deadlines as jobs of procrastinate: load the case, set it on, its event and its message, one transaction.

A program of its own. Each job is deferred to its due time, which has come when the worker starts.
"""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta

import asyncpg
import procrastinate
from psycopg.types.json import Jsonb

from tests.bench.rows import say
from tests.bench.timers import make_due

UPDATE = "UPDATE cases SET timers = %s, next_due_at = total_due_at, version = version + 1 WHERE id = %s"
EVENT = """
    INSERT INTO event (case_id, version, action, from_state, to_state, at, recorded_at, actor, role, detail)
    VALUES (%s, %s, 'AT_RISK', %s, %s, %s, %s, 'timekeeper', 'system', %s)"""
MESSAGE = """
    INSERT INTO outbox (ce_id, ce_type, topic, key, value, created_at)
    VALUES (%s, 'cn.quanzu.case.changed.v1', 'fraud.case.changed', %s, %s, %s)"""


async def run(jobs: int, at_once: int) -> None:
    """Say how many a second, from the first commit to the last."""
    url = os.environ["QUANZU_DATABASE"]
    connector = procrastinate.PsycopgConnector(conninfo=url, min_size=at_once + 2, max_size=at_once + 4)
    app = procrastinate.App(connector=connector)
    done_at: list[float] = []

    @app.task(name="mark")
    async def mark(case: int) -> None:
        async with connector.pool.connection() as conn, conn.transaction():
            found = await conn.execute(
                "SELECT case_id, version, state, timers, next_due_at FROM cases WHERE id = %s FOR UPDATE", (case,)
            )
            case_id, version, state, timers, due_at = await found.fetchone()
            timers[0][5] = True
            now = datetime.now(UTC)
            detail = {"timer": timers[0][0], "round": timers[0][1], "late_s": (now - due_at).total_seconds()}
            told = json.dumps({"case_id": str(case_id), "version": version + 1, "state": state, **detail}).encode()
            await conn.execute(UPDATE, (Jsonb(timers), case))
            await conn.execute(EVENT, (case, version + 1, state, state, due_at, now, Jsonb(detail)))
            await conn.execute(MESSAGE, (f"{case_id}:{version + 1}", str(case_id), told, now))
        done_at.append(time.perf_counter())

    plain = await asyncpg.connect(url)
    await make_due(plain, "due-", jobs, datetime.now(UTC) - timedelta(minutes=1), 0.001)
    cases = [row["id"] for row in await plain.fetch("SELECT id FROM cases")]
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        due_at = datetime.now(UTC)
        for case in cases:
            await mark.configure(schedule_at=due_at).defer_async(case=case)
        await app.run_worker_async(wait=False, concurrency=at_once, listen_notify=False, install_signal_handlers=False)
    written = await plain.fetchval("SELECT count(*) FROM event WHERE action = 'AT_RISK'")
    await plain.close()
    assert written == len(done_at) == jobs, f"{written} of {jobs} were done"
    say(json.dumps({"rate": (jobs - 1) / (done_at[-1] - done_at[0])}))


if __name__ == "__main__":
    asyncio.run(asyncio.wait_for(run(int(sys.argv[1]), int(sys.argv[2])), timeout=240))
