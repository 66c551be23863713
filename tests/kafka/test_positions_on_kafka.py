"""Positions on a real Kafka and a real PostgreSQL: what another client sends is known here, and its trail is kept by one."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import pytest
from confluent_kafka import Producer
from sqlalchemy import text

from deploy.native.kafka import Kafka
from schemas.envelope import EventType, headers_for
from schemas.topics import RESPONDER_POSITION, TOPICS
from services.broker.link import BrokerAddress
from services.broker.topics import ensure_topics
from services.clock import SteadyClock
from services.domain.fix import Fix
from services.handlers.trail import WAITS_S, opened
from services.relay import loop as relay
from services.settings import DEMO_KEY, Settings, read_settings
from services.store import schema, trail
from services.store.engine import Store
from services.wiring import Parts
from services.wiring import opened as opened_parts

LAT, LON = 19.0, 131.0
CUT_THE_WRITER = """
    SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database()
"""


@pytest.fixture
async def settings(kafka: Kafka, database_url: str) -> Settings:
    """An installation with its tables and the topic of positions."""
    await ensure_topics(BrokerAddress(bootstrap=kafka.bootstrap), [TOPICS[RESPONDER_POSITION]])
    store = Store(database_url, name="test")
    store.clock = SteadyClock(await store.measure_time())
    await schema.upgrade(store)
    await store.close()
    keys = {"master_keys": DEMO_KEY, "index_key": DEMO_KEY}
    return read_settings(database=database_url, kafka=kafka.bootstrap, production=False, source_datum="WGS84", **keys)


@pytest.fixture
async def parts(settings: Settings) -> AsyncIterator[Parts]:
    """A process that chooses, following the topic."""
    async with opened_parts(settings, name="test") as opened:
        yield opened


def send(kafka: Kafka, responder: str, at: datetime, *, lat: float = LAT, structured: bool = False) -> None:
    """One position by librdkafka, as a gateway of another maker would."""
    body = {"responder": responder, "point": {"lat": lat, "lon": LON, "accuracy_m": 8.0}, "at": at.isoformat()}
    event = {"id": "1", "source": "/gateway", "type": EventType.RESPONDER_POSITION.value, "time": at}
    if structured:
        value = json.dumps(event | {"specversion": "1.0", "time": at.isoformat(), "data": body}).encode()
        headers = [("content-type", b"application/cloudevents+json")]
    else:
        value = json.dumps(body).encode()
        kind = EventType.RESPONDER_POSITION
        headers = headers_for(id="1", source="/gateway", type=kind, time=at, key=responder)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(RESPONDER_POSITION, key=responder, value=value, headers=headers)
    assert producer.flush(10) == 0


async def until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came to be so"
        await asyncio.sleep(0.02)


async def following(parts: Parts, kafka: Kafka) -> None:
    """From here on every position is seen: send one until it is."""
    end = time.monotonic() + 20
    while "R-0" not in parts.positions.newest:
        assert time.monotonic() < end
        send(kafka, "R-0", parts.clock.now())
        await asyncio.sleep(0.1)


async def test_a_position_of_another_client_is_known(parts: Parts, kafka: Kafka) -> None:
    await following(parts, kafka)
    now = parts.clock.now()

    send(kafka, "R-1", now)
    send(kafka, "R-1", now - timedelta(seconds=30), lat=LAT + 1)
    send(kafka, "R-2", now, structured=True)
    await until(lambda: {"R-1", "R-2"} <= parts.context.fixes.keys())

    assert parts.context.fixes["R-1"] == parts.context.fixes["R-2"] == Fix(now.timestamp(), LAT, LON, 8.0)


async def test_one_of_two_relays_keeps_the_trail(settings: Settings, kafka: Kafka) -> None:
    """The clock runs a hundred times as fast, so that a minute is over soon."""
    async with (
        opened_parts(settings, name="one", speed=100) as one,
        opened_parts(settings, name="two", speed=100) as two,
    ):
        relays = [asyncio.create_task(relay.run(parts)) for parts in (one, two)]
        await until(lambda: None not in (one.positions.keeper, two.positions.keeper))
        await following(one, kafka)
        await following(two, kafka)
        at = one.clock.now()
        send(kafka, "R-1", at)
        await until(lambda: one.clock.now() > at + timedelta(seconds=3 * WAITS_S))
        async with one.store.read() as conn:
            kept = await trail.of(conn, "R-1", since=at)
        for parts in (one, two):
            parts.stop.set()
        await asyncio.wait_for(asyncio.gather(*relays), 20)

    assert opened(one.context.sealer, kept) == [Fix(at.timestamp(), LAT, LON, 8.0)]


async def test_the_trail_goes_on_after_a_lost_connection(settings: Settings, kafka: Kafka) -> None:
    async with opened_parts(settings, name="one", speed=100) as one:
        working = asyncio.create_task(relay.run(one))
        await until(lambda: one.positions.keeper is not None)
        await following(one, kafka)
        await stored(one, kafka, "R-1")
        async with one.store.read() as conn:
            await conn.execute(text(CUT_THE_WRITER))

        await stored(one, kafka, "R-2")
        one.stop.set()
        await asyncio.wait_for(working, 20)


async def stored(parts: Parts, kafka: Kafka, responder: str) -> None:
    """Send positions of somebody until one of them is in the trail."""
    since, end = parts.clock.now(), time.monotonic() + 20
    while time.monotonic() < end:
        send(kafka, responder, parts.clock.now())
        await asyncio.sleep(0.2)
        async with parts.store.read() as conn:
            if await trail.of(conn, responder, since=since):
                return
    raise AssertionError("it was never stored")


async def test_what_waits_is_stored_at_the_end(settings: Settings, kafka: Kafka) -> None:
    async with opened_parts(settings, name="one") as one:
        working = asyncio.create_task(relay.run(one))
        await until(lambda: one.positions.keeper is not None)
        await following(one, kafka)
        at = one.clock.now()
        send(kafka, "R-1", at)
        await until(lambda: "R-1" in one.positions.newest)
        one.stop.set()
        await asyncio.wait_for(working, 20)
        async with one.store.read() as conn:
            kept = await trail.of(conn, "R-1", since=at - timedelta(minutes=1))

    assert opened(one.context.sealer, kept) == [Fix(at.timestamp(), LAT, LON, 8.0)]
