"""The floor of a drain: the router's rows by the router's statement, from memory, without Kafka. A program of its own.

What is read, checked, routed and turned into columns before the clock starts; sealing is inside it.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
import uvloop

from services.handlers.context import bound_to
from services.handlers.warning import Incoming, decode, prepare
from services.settings import read_settings
from services.store.engine import server_settings
from services.store.intake import STATEMENT, Progress, arguments_of
from services.store.sealing import Sealer
from services.wiring import Parts, opened
from tests.bench.rows import say
from tests.bench.warnings import warnings

BATCH, CONNECTIONS = 500, 2  # as many as the routers' lanes of the ordinary topic
CASES = 7  # the place of the new cases among the statement's parameters
WRAPPED_KEY, SEALED = 22, 23  # and of these two among the fields of each

Batch = tuple[Sequence[Incoming], tuple[Any, ...]]


async def run(count: int, tag: str) -> None:
    """Write `count` cases and say how many a second."""
    async with opened(read_settings(), name="floor") as parts:
        batches = await _batches(parts, count, tag)
        gc.collect()
        gc.freeze()
        plain = parts.store.url.set(drivername="postgresql").render_as_string(hide_password=False)
        connections = [
            await asyncpg.connect(plain, server_settings=server_settings("floor")) for _ in range(CONNECTIONS)
        ]
        began = time.monotonic()
        await asyncio.gather(*(_write(connection, batches, parts.context.sealer) for connection in connections))
        took = time.monotonic() - began
        written = await connections[0].fetchval("SELECT count(*) FROM cases")
    say(json.dumps({"rate": count / took, "cases": written}))


async def _batches(parts: Parts, count: int, tag: str) -> list[Batch]:
    async with parts.store.read() as conn:
        policy = await parts.context.policies.newest(conn)
    made = [decode(record.headers, record.value) for record in warnings(range(count), run=tag)]
    now = parts.clock.now()
    progress = Progress(topic="none", lane=0, moved=())
    batches = []
    for first in range(0, count, BATCH):
        prepared = prepare(parts.context, made[first : first + BATCH], policy=policy, now=now)
        batches.append((prepared.incoming, arguments_of(prepared.openings, progress, now=now)))
    return batches


async def _write(connection: asyncpg.Connection, batches: list[Batch], sealer: Sealer) -> None:
    statement = await connection.prepare(STATEMENT)
    while batches:
        incoming, arguments = batches.pop()
        rows = []
        for one, row in zip(incoming, arguments[CASES], strict=True):
            key = sealer.new_key()
            sealed = key.seal(one.data, bound_to=bound_to(one.case_id))
            rows.append((*row[:WRAPPED_KEY], key.wrapped, sealed, *row[SEALED + 1 :]))
        parameters = (*arguments[:CASES], rows, *arguments[CASES + 1 :])
        await statement.fetch(*parameters)


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1]), sys.argv[2]))
