"""The relay dies after the broker has its messages and before the outbox knows: they go out twice, as one effect."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncpg
from confluent_kafka import Producer

from deploy.native.kafka import Kafka
from deploy.native.postgres import Postgres
from schemas.topics import WARNING_DLQ, WARNING_ISSUED
from tests.faults.database import ask
from tests.faults.installation import Installation, everything_on, until


def test_a_relay_killed_before_it_forgets_sends_again(kafka: Kafka, postgres: Postgres, tmp_path: Path) -> None:
    installation = Installation(kafka, postgres, tmp_path)

    def told() -> list[str]:
        return [ce_id for ce_id, _ in everything_on(kafka.bootstrap, WARNING_DLQ)]

    with installation.open("router-1"):
        broken = Producer({"bootstrap.servers": kafka.bootstrap})
        for _ in range(5):
            broken.produce(WARNING_ISSUED, b"broken")
        assert broken.flush(10) == 0
        until(lambda: ask(installation.url, "SELECT count(*) AS n FROM outbox")[0][0]["n"] == 5, what="the outbox")

        asyncio.run(_hold_deletes(installation, told))
        assert len(ask(installation.url, "SELECT 1 FROM outbox")[0]) == 5
        installation.start("relay")
        until(lambda: not ask(installation.url, "SELECT 1 FROM outbox")[0], what="an empty outbox")

    assert len(told()) >= 10
    assert len(set(told())) == 5


async def _hold_deletes(installation: Installation, told: Callable[[], list[str]]) -> None:
    """Start a relay that may claim and send but not delete, and kill it once everything is sent."""
    conn = await asyncpg.connect(installation.url)
    async with conn.transaction():
        await conn.execute("LOCK TABLE outbox IN SHARE MODE")
        installation.start("relay", waits=False)
        await asyncio.to_thread(until, lambda: len(told()) >= 5, 20, "the sending")
        await asyncio.to_thread(installation.running.pop("relay").kill)
    await conn.close()
