"""The relay on a real Kafka and a real PostgreSQL: every message arrives, under its id, whatever the broker does."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord
from prometheus_client import REGISTRY
from pydantic import SecretStr
from sqlalchemy import update

from deploy.native.kafka import Kafka
from schemas.topics import CASE_CHANGED, TOPICS
from services.broker.follow import Follower
from services.broker.link import BrokerAddress
from services.broker.producer import MAX_MESSAGE_BYTES
from services.broker.topics import ensure_topics
from services.clock import SteadyClock
from services.domain.datum import Datum
from services.domain.jurisdiction import Jurisdictions
from services.domain.policy import policy_from
from services.domain.roster import Roster
from services.handlers.context import Context, Picture
from services.health import Health
from services.relay import loop
from services.relay.loop import POLL_S
from services.settings import DEMO_KEY, Settings
from services.store import outbox, schema, tables
from services.store.engine import Store
from services.store.outbox import Message
from services.store.policies import Policies, default_document
from services.store.sealing import Sealer
from services.wiring import Parts


@pytest.fixture
async def address(kafka: Kafka) -> AsyncIterator[BrokerAddress]:
    """A broker that is well again when the test is over."""
    address = BrokerAddress(bootstrap=kafka.bootstrap)
    await ensure_topics(address, [TOPICS[CASE_CHANGED]])
    yield address
    kafka.thaw()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = Store(database_url, name="test")
    store.clock = SteadyClock(await store.measure_time())
    await schema.upgrade(store)
    yield store
    await store.close()


@pytest.fixture
async def parts(store: Store, address: BrokerAddress, tmp_path: Path) -> AsyncIterator[Parts]:
    """The parts of a relay that is at work."""
    assert store.clock is not None
    parts = Parts(
        settings=Settings(production=False, index_key=SecretStr(DEMO_KEY), audit_file=tmp_path / "audit.jsonl"),
        store=store,
        clock=store.clock,
        context=Context(
            policies=Policies(),
            sealer=Sealer([bytes(32)], bytes(32)),
            picture=Picture(
                jurisdictions=Jurisdictions([], [], []),
                roster=Roster([]),
                units={},
                stamp=(),
                policy=policy_from(1, default_document()),
            ),
            source_datum=Datum.GCJ02,
            edge_limit_m=500,
            station_limit_m=5000,
        ),
        broker=address,
        health=Health(),
    )
    working = asyncio.create_task(loop.run(parts))
    await until(lambda: ready(parts))
    yield parts
    parts.stop.set()
    async with asyncio.timeout(20):
        await working


@pytest.fixture
async def reader(address: BrokerAddress) -> AsyncIterator[Follower]:
    """Reads what is sent from now on."""
    reader = Follower(address, [CASE_CHANGED])
    await reader.start()
    yield reader
    await reader.stop()


def message(name: str, value: bytes = b'{"told": true}') -> Message:
    return Message(ce_id=name, ce_type="cn.quanzu.case.changed.v1", topic=CASE_CHANGED, key=name, value=value)


def names(count: int) -> list[str]:
    return [f"{secrets.token_hex(4)}-{number}" for number in range(count)]


async def leave(store: Store, *messages: Message) -> None:
    async with store.begin() as tx:
        await outbox.add(tx, messages)


async def read(reader: Follower, count: int) -> list[ConsumerRecord]:
    """Until so many different events have come, within 30 s; repeats are among them."""
    found: list[ConsumerRecord] = []
    async with asyncio.timeout(30):
        while len({ce_id(record) for record in found}) < count:
            for batch in await reader.fetch(wait=0.2):
                found += batch.records
    return found


def ce_id(record: ConsumerRecord) -> str:
    return dict(record.headers)["ce_id"].decode()


async def waiting(store: Store) -> int:
    async with store.read() as conn:
        return await outbox.count(conn)


async def ready(parts: Parts) -> bool:
    return parts.health.waits() == {}


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await is_so():
            await asyncio.sleep(0.01)


async def empty(store: Store) -> bool:
    return await waiting(store) == 0


async def one_left(store: Store) -> bool:
    return await waiting(store) == 1


async def test_a_message_does_not_wait_for_the_poll(parts: Parts, reader: Follower) -> None:
    """The relay is woken by the commit: of some messages, one at least comes well before it would look by itself."""
    took_s = []
    for name in names(5):
        began = time.monotonic()
        await leave(parts.store, message(name))
        (record,) = await read(reader, 1)
        took_s.append(time.monotonic() - began)

    assert min(took_s) < POLL_S / 2
    headers = dict(record.headers)
    assert (record.key, record.value) == (name.encode(), b'{"told": true}')
    assert (headers["ce_id"], headers["ce_source"]) == (name.encode(), b"/quanzu")
    assert headers["ce_type"] == b"cn.quanzu.case.changed.v1"
    await until(lambda: empty(parts.store))


async def test_messages_of_a_key_keep_their_order(parts: Parts, reader: Follower) -> None:
    order = names(300)

    await leave(parts.store, *(message(name, name.encode()) for name in order))

    records = await read(reader, 300)
    for partition in {record.partition for record in records}:
        came = [order.index(ce_id(record)) for record in records if record.partition == partition]
        assert came == sorted(came)


async def test_a_frozen_broker_loses_no_message(parts: Parts, reader: Follower, kafka: Kafka) -> None:
    """What was sent into the frost is not known to be there: it is sent again under the same ids."""
    sent = names(20)
    kafka.freeze()
    try:
        await leave(parts.store, *(message(name) for name in sent))

        async def red() -> bool:
            return "broker" in parts.health.waits().get("relay", "")

        await until(red)
        assert parts.health.dead() == {}
        assert await waiting(parts.store) == 20
    finally:
        kafka.thaw()

    records = await read(reader, 20)
    assert {ce_id(record) for record in records} == set(sent)
    await until(lambda: empty(parts.store))
    await until(lambda: ready(parts))


async def test_a_lanes_late_message_is_sent_too(parts: Parts, reader: Follower) -> None:
    young, old = names(2)
    written = parts.clock.now()
    async with parts.store.begin() as tx:
        for name, at in ((young, written + timedelta(hours=1)), (old, written - timedelta(seconds=5))):
            row = outbox.message_columns(message(name), now=at, writer=7)
            await tx.conn.execute(tables.outbox.insert().values(row))

    records = await read(reader, 1)

    assert [ce_id(record) for record in records] == [old]
    await until(lambda: one_left(parts.store))


async def test_a_message_too_large_holds_up_no_other(parts: Parts, reader: Follower) -> None:
    """It stays in the outbox, where it is counted and grows old until somebody acts."""
    first, large, last = names(3)
    before = REGISTRY.get_sample_value("quanzu_relay_failures_total", {"kind": "too_large"}) or 0
    values = {first: b"{}", large: bytes(MAX_MESSAGE_BYTES), last: b"{}"}

    await leave(parts.store, *(message(name, value) for name, value in values.items()))
    records = await read(reader, 2)
    (later,) = names(1)
    await leave(parts.store, message(later))

    assert {ce_id(record) for record in records} == {first, last}
    assert [ce_id(record) for record in await read(reader, 1)] == [later]

    await until(lambda: one_left(parts.store))
    assert REGISTRY.get_sample_value("quanzu_relay_failures_total", {"kind": "too_large"}) == before + 1


async def test_a_message_that_does_not_open_holds_up_no_other(parts: Parts, reader: Follower) -> None:
    """Sealed for another id: its seal says that it was moved."""
    moved, whole = names(2)
    key = parts.context.sealer.new_key()
    sealed = key.seal(b"{}", bound_to=b"another")
    await leave(parts.store, replace(message(moved, sealed), wrapped_key=key.wrapped), message(whole))

    records = await read(reader, 1)

    assert [ce_id(record) for record in records] == [whole]
    await until(lambda: one_left(parts.store))


async def test_its_gauges_tell_how_old_the_oldest_is(parts: Parts) -> None:
    (name,) = names(1)
    async with parts.store.begin() as tx:
        row = outbox.message_columns(message(name), now=tx.now + timedelta(seconds=1), writer=7)
        await tx.conn.execute(tables.outbox.insert().values(row))

    async def seen() -> bool:
        return REGISTRY.get_sample_value("quanzu_outbox_messages") == 1

    await until(seen)
    async with parts.store.begin() as tx:
        await tx.conn.execute(update(tables.outbox).values(created_at=tx.now - timedelta(seconds=4)))

    async def old() -> bool:
        return (REGISTRY.get_sample_value("quanzu_outbox_age_seconds") or 0) >= 4

    await until(old)
