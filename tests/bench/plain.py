"""The plain handler: one record, one ORM session, one commit, one committed offset. A program of its own.

It reads, checks, routes and seals with our own code and writes the same rows, as a handler is usually written.
"""

import asyncio
import json
import sys
import time
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer
from sqlmodel.ext.asyncio.session import AsyncSession

from schemas.topics import WARNING_ISSUED
from services.handlers.warning import decode, prepare
from services.settings import read_settings
from services.store import cases
from services.store.events import event_columns
from services.store.intake import OPENED, Opening
from services.store.outbox import message_columns
from services.store.tables import CaseRow, EventRow, OutboxRow, ReceivedRow
from services.wiring import Parts, opened
from tests.bench.rows import say


async def run(count: int) -> None:
    """Handle `count` records and say how many a second, from the second one on."""
    settings = read_settings()
    consumer = AIOKafkaConsumer(
        WARNING_ISSUED,
        bootstrap_servers=settings.kafka,
        group_id=f"plain-{time.monotonic_ns()}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        async with opened(settings, name="plain") as parts:
            await _handle(parts, await consumer.getone())
            await consumer.commit()
            began = time.monotonic()
            for _ in range(count - 1):
                await _handle(parts, await consumer.getone())
                await consumer.commit()
            took = time.monotonic() - began
    finally:
        await consumer.stop()
    say(json.dumps({"rate": (count - 1) / took}))


async def _handle(parts: Parts, record: Any) -> None:
    now = parts.clock.now()
    async with AsyncSession(parts.store.engine) as session:
        policy = await parts.context.policies.newest(await session.connection())
        prepared = prepare(parts.context, [decode(record.headers, record.value)], policy=policy, now=now)
        for opening in prepared.openings:
            await _add(session, opening)
        await session.commit()


async def _add(session: AsyncSession, opening: Opening) -> None:
    case = opening.change.case
    sealed = {name: getattr(opening, name) for name in ("wrapped_key", "sealed", "subject_key")}
    row = CaseRow(**cases.columns(case), **sealed)
    session.add(row)
    await session.flush()
    assert row.id is not None
    now = case.received_at
    session.add(ReceivedRow(source=case.source, ce_id=opening.ce_id, case_id=row.id, effect=OPENED, received_at=now))
    session.add_all([EventRow(**event_columns(row.id, fact)) for fact in opening.change.facts])
    session.add_all([OutboxRow(**message_columns(message, now=now, writer=None)) for message in opening.messages])


if __name__ == "__main__":
    uvloop.run(asyncio.wait_for(run(int(sys.argv[1])), timeout=120))
