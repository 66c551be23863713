"""The router while Kafka, PostgreSQL or its topics go away and come back: it waits, says so, and loses nothing."""

import asyncio

import pytest
from confluent_kafka.admin import AdminClient
from router_steps import Centre

from deploy.native.kafka import Kafka
from deploy.native.postgres import Postgres
from schemas.topics import WARNING_ISSUED
from services.broker.link import BrokerAddress
from services.broker.topics import ensure_topics
from services.router import metrics
from services.store import tables
from services.wiring import Parts


async def ready(parts: Parts) -> bool:
    return not parts.health.waits() and not parts.health.dead()


async def waiting(parts: Parts) -> bool:
    return bool(parts.health.waits()) and not parts.health.dead()


async def test_kafka_away_at_the_start_and_later(centre: Centre, kafka: Kafka) -> None:
    """One router stops while it still waits; the next waits, works, waits again and works again."""
    await asyncio.to_thread(kafka.stop)  # killed, it would forget which records were removed
    async with centre.router() as parts:
        await centre.until(lambda: waiting(parts))
    async with centre.router() as parts:
        await centre.until(lambda: waiting(parts))
        assert "topics" in parts.health.waits()
        await asyncio.to_thread(kafka.start)
        await centre.until(lambda: ready(parts), within=40)
        await centre.send(*(centre.warning() for _ in range(100)))
        await centre.count(tables.cases, 100)
        await centre.all_sent()  # what is under way when the broker dies is the relay's, and none runs here

        await asyncio.to_thread(kafka.kill)
        await centre.until(lambda: waiting(parts), within=30)
        await asyncio.to_thread(kafka.start)
        await centre.until(lambda: ready(parts), within=40)
        await centre.send(*(centre.warning() for _ in range(100)))

        await centre.count(tables.cases, 200)
        await centre.all_sent()
    assert await centre.rows(tables.dead_letter) == []


async def test_postgres_killed_and_back_loses_nothing(centre: Centre, postgres: Postgres) -> None:
    """It falls while records are being written; no good record may be taken for a bad one meanwhile."""
    async with centre.router() as parts:
        await centre.send(*(centre.warning() for _ in range(2_000)))
        await centre.until(lambda: some_cases(centre))
        await asyncio.to_thread(postgres.kill)
        await centre.until(lambda: waiting(parts))
        await asyncio.to_thread(postgres.start)
        await centre.count(tables.cases, 2_000, within=30)
        await centre.until(lambda: ready(parts), within=40)
    assert await centre.rows(tables.dead_letter) == []


async def some_cases(centre: Centre) -> bool:
    return len(await centre.rows(tables.cases)) > 0


@pytest.mark.parametrize("again", [50, 400])
async def test_a_topic_made_anew_is_read_from_its_start(centre: Centre, again: int) -> None:
    """With fewer records than before and with more: under the same offsets there are others now."""
    alarms = metrics.RESETS._value.get()
    async with centre.router():
        await centre.put_everywhere(200)
        await centre.count(tables.cases, 200)
        await make_anew(centre.settings.kafka)
        await centre.put_everywhere(again)
        await centre.count(tables.cases, 200 + again, within=30)
    assert metrics.RESETS._value.get() > alarms


@pytest.mark.parametrize("again", [50, 400])
async def test_a_topic_made_anew_between_two_runs(centre: Centre, again: int) -> None:
    alarms = metrics.RESETS._value.get()
    async with centre.router():
        await centre.put_everywhere(200)
        await centre.count(tables.cases, 200)
    await make_anew(centre.settings.kafka)
    await centre.put_everywhere(again)
    async with centre.router():
        await centre.count(tables.cases, 200 + again, within=20)
    assert metrics.RESETS._value.get() > alarms


async def test_another_broker_is_read_from_its_start(small_centre: Centre) -> None:
    """The embedded broker forgets everything; its offsets begin again under another incarnation."""
    centre = small_centre
    alarms = metrics.RESETS._value.get()
    for total in (20, 60):
        async with centre.router() as parts:
            await centre.send(*(centre.warning() for _ in range(total - centre.sent)), broker=parts.broker.bootstrap)
            await centre.count(tables.cases, total)
    assert metrics.RESETS._value.get() == alarms + 8  # four partitions of each topic


async def make_anew(bootstrap: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    deleted = await asyncio.to_thread(admin.delete_topics, [WARNING_ISSUED])
    await asyncio.to_thread(deleted[WARNING_ISSUED].result, 10)
    while WARNING_ISSUED not in await ensure_topics(BrokerAddress(bootstrap=bootstrap)):
        pass
