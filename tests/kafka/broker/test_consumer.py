"""What the raw consumer promises about the partitions it is given."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import NoReturn

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import RecordTooLargeError
from broker_steps import new_topic, take, until
from confluent_kafka import Consumer as OtherConsumer
from confluent_kafka import KafkaException
from confluent_kafka import TopicPartition as OtherPartition

from services.broker.consumer import READING, PositionLost, RawConsumer
from services.broker.embedded import EmbeddedBroker
from services.broker.link import BrokerAddress
from services.broker.producer import Message, Sender
from services.broker.salvage import Unread


@pytest.fixture
async def consumer(address: BrokerAddress) -> AsyncIterator[RawConsumer]:
    consumer = RawConsumer(address, group="test-lane", max_record_bytes=100_000)
    await consumer.start()
    yield consumer
    await consumer.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
async def topic(address: BrokerAddress) -> str:
    """Four partitions with the values 0 to 99 each."""
    topic = await new_topic(address)
    sender = Sender(address)
    await sender.send(
        [Message(topic=topic, key=b"", value=b"%d" % n, partition=part) for part in range(4) for n in range(100)]
    )
    await sender.stop()
    return topic


async def test_reading_begins_at_the_given_offsets(consumer: RawConsumer, topic: str) -> None:
    begins = {TopicPartition(topic, number): 10 * number for number in range(4)}
    consumer.assign(begins)

    batches = await take(consumer, 400 - 60)

    for partition, begin in begins.items():
        mine = [batch for batch in batches if batch.partition == partition.partition]
        assert [record.offset for batch in mine for record in batch.records] == list(range(begin, 100))
        assert mine[0].position == begin
        assert [batch.position for batch in mine[1:]] == [batch.next_position for batch in mine[:-1]]
    assert consumer.positions == dict.fromkeys(begins, 100)
    assert consumer.lag() == 0


async def test_one_fetch_keeps_to_its_maximum(consumer: RawConsumer, topic: str) -> None:
    consumer.assign({TopicPartition(topic, number): 0 for number in range(4)})

    counts = []
    async with asyncio.timeout(20):
        while sum(counts) < 400:
            counts.append(sum(len(batch.records) for batch in await consumer.fetch(30, wait=0.2)))

    assert max(counts) == 30
    assert sum(counts) == 400


async def test_a_new_assignment_neither_skips_nor_repeats(consumer: RawConsumer, topic: str) -> None:
    """aiokafka has more of the old partition fetched already and drops it: reading must go back for it."""
    kept, added = TopicPartition(topic, 0), TopicPartition(topic, 1)
    consumer.assign({kept: 0})
    (first,) = [batch async for batch in _fetched(consumer, 40)]

    consumer.assign({**consumer.positions, added: 0})
    rest = await take(consumer, 160)

    offsets = [record.offset for batch in [first, *rest] if batch.partition == 0 for record in batch.records]
    assert offsets == list(range(100))


async def test_bounds_and_partitions_are_as_written(consumer: RawConsumer, topic: str) -> None:
    partitions = await consumer.partitions([topic])

    assert partitions == {TopicPartition(topic, number) for number in range(4)}
    assert await consumer.bounds(partitions) == dict.fromkeys(partitions, (0, 100))
    assert await consumer.end_offsets(partitions) == dict.fromkeys(partitions, 100)


async def test_an_oversized_record_is_marked_and_passed(
    address: BrokerAddress, consumer: RawConsumer, topic: str
) -> None:
    """It is larger than the client's fetch size too; brokers send it whole all the same."""
    other = AIOKafkaProducer(**address.arguments, max_request_size=4 << 20)
    await other.start()
    large_bytes = READING["max_partition_fetch_bytes"] - 20_000 if address.incarnation is None else 2 << 20
    for value in (b"before", b"x" * large_bytes, b"after"):
        await other.send_and_wait(topic, value, key=b"key", partition=2)
    await other.stop()
    consumer.assign({TopicPartition(topic, 2): 100})

    records = [record for batch in await take(consumer, 3) for record in batch.records]

    assert records[1] == Unread(topic, 2, 101, large_bytes + 3)
    assert [(records[place].offset, records[place].value) for place in (0, 2)] == [(100, b"before"), (102, b"after")]


async def test_a_clients_own_refusal_is_marked_too(consumer: RawConsumer, topic: str) -> None:
    """Brokers from before 2016 send no such record; aiokafka then steps over it and raises, once."""
    partition = TopicPartition(topic, 3)
    consumer.assign({partition: 5})

    class Refusing:
        async def getmany(self, **_: object) -> NoReturn:
            raise RecordTooLargeError("too large", partition, 5, 1 << 20)

    real, consumer._consumer = consumer._consumer, Refusing()
    (batch,) = await consumer.fetch(wait=0.1)
    consumer._consumer = real

    assert batch.records == [Unread(topic, 3, 5, None)]
    assert (batch.position, batch.next_position) == (5, 6)


async def test_a_position_out_of_range_is_told(consumer: RawConsumer, topic: str) -> None:
    consumer.assign({TopicPartition(topic, 0): 5_000})

    with pytest.raises(PositionLost) as lost:
        await take(consumer, 1)

    assert (lost.value.partition, lost.value.position) == (TopicPartition(topic, 0), 5_000)


async def test_without_partitions_a_fetch_is_empty(consumer: RawConsumer) -> None:
    assert await asyncio.wait_for(consumer.fetch(wait=0.05), 5) == []
    assert not consumer.stalled(time.monotonic())


async def test_commits_are_seen_by_lag_tools(address: BrokerAddress, consumer: RawConsumer, topic: str) -> None:
    partition = TopicPartition(topic, 1)
    consumer.assign({partition: 0})
    other = OtherConsumer({"bootstrap.servers": address.bootstrap, "group.id": "test-lane", "log_level": 0})

    def seen() -> bool:
        consumer.commit({partition: 42})
        try:
            return bool(other.committed([OtherPartition(topic, 1)], timeout=5)[0].offset == 42)
        except KafkaException:  # Kafka makes its offsets topic at the first commit
            return False

    await until(seen)
    other.close()


async def test_a_start_waits_for_an_absent_broker() -> None:
    consumer = RawConsumer(BrokerAddress(bootstrap="127.0.0.1:1"))
    starting = asyncio.create_task(consumer.start())

    await until(lambda: consumer.waiting_for == "the broker (KafkaConnectionError)")
    assert consumer.stalled(time.monotonic())

    starting.cancel()
    await asyncio.wait({starting})
    await consumer.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_each_embedded_broker_is_another_incarnation() -> None:
    seen = []
    for _ in range(2):
        broker = EmbeddedBroker()
        consumer = RawConsumer(broker.address)
        await consumer.start()
        seen.append(consumer.incarnation())
        await consumer.stop()
        broker.close()

    assert len(set(seen)) == 2


def test_reading_is_set_to_lose_nothing() -> None:
    assert READING["enable_auto_commit"] is False
    assert READING["auto_offset_reset"] == "none"
    assert READING["isolation_level"] == "read_committed"


async def _fetched(consumer: RawConsumer, count: int) -> AsyncIterator[object]:
    async with asyncio.timeout(10):
        while not (batches := await consumer.fetch(count, wait=0.2)):
            pass
    for batch in batches:
        yield batch
