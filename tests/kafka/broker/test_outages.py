"""What consumer and sender do while the broker is killed, stopped or frozen, and afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from broker_steps import new_topic, take, until

from deploy.native.kafka import Kafka
from services.broker.consumer import RawConsumer
from services.broker.link import BrokerAddress, BrokerSilent
from services.broker.producer import Message, Sender, SendUnknown

GROUPS, GROUP = 100, 50


@pytest.fixture
async def topic(kafka: Kafka, kafka_address: BrokerAddress) -> AsyncIterator[str]:
    """A topic on a broker that is well again when the test is over."""
    yield await new_topic(kafka_address)
    kafka.thaw()
    await asyncio.to_thread(kafka.start)


@pytest.fixture
async def sender(kafka_address: BrokerAddress) -> AsyncIterator[Sender]:
    sender = Sender(kafka_address)
    await sender.start()
    yield sender
    await sender.stop()


@pytest.fixture
async def consumer(kafka_address: BrokerAddress, topic: str) -> AsyncIterator[RawConsumer]:
    consumer = RawConsumer(kafka_address, group="test-outage", stall_after_s=1.0)
    await consumer.start()
    consumer.assign({TopicPartition(topic, number): 0 for number in range(4)})
    yield consumer
    await consumer.stop()


@pytest.mark.parametrize("end", ["kill", "stop"])
async def test_no_acknowledged_message_is_lost_over_a_restart(
    kafka: Kafka, topic: str, sender: Sender, consumer: RawConsumer, end: str
) -> None:
    """A group is sent again until it is acknowledged, as the outbox does; the reader runs all the time."""
    incarnation = consumer.incarnation()
    half_sent = asyncio.Event()
    reading = asyncio.create_task(_read(consumer, GROUPS * GROUP))
    sending = asyncio.create_task(_send_all(sender, topic, half_sent))
    await half_sent.wait()

    await asyncio.to_thread(getattr(kafka, end))
    await asyncio.to_thread(kafka.start)

    acknowledged = await asyncio.wait_for(sending, 40)
    seen = await asyncio.wait_for(reading, 40)
    assert seen == acknowledged
    assert len(acknowledged) == GROUPS * GROUP
    assert consumer.incarnation() == incarnation


async def test_a_frozen_broker_holds_nobody_for_long(
    kafka: Kafka, kafka_address: BrokerAddress, topic: str, sender: Sender, consumer: RawConsumer
) -> None:
    other = Sender(kafka_address)
    await other.start()
    message = Message(topic=topic, key=b"k", value=b"v")
    kafka.freeze()

    with _bounded(1.5), pytest.raises(SendUnknown):
        await sender.send([message], within=1.0)
    with _bounded(1.5), pytest.raises(SendUnknown):
        await other.send([message], within=1.0)
    with _bounded(1.5), pytest.raises(BrokerSilent):
        await consumer.bounds(consumer.positions, within=1.0)
    consumer.commit({TopicPartition(topic, 0): 1})
    with _bounded(4.0):
        await other.stop(within=2.0)
    second = RawConsumer(kafka_address)
    starting = asyncio.create_task(second.start())
    await _until_stalled(consumer)
    starting.cancel()
    await asyncio.wait({starting})
    with _bounded(4.0):
        await second.stop(within=2.0)

    kafka.thaw()
    await _until_read(sender, consumer, message)
    assert not consumer.stalled(time.monotonic())


async def test_a_consumer_of_a_frozen_broker_stops_in_time(
    kafka: Kafka, kafka_address: BrokerAddress, topic: str
) -> None:
    consumer = RawConsumer(kafka_address, group="test-outage")
    await consumer.start()
    consumer.assign({TopicPartition(topic, 0): 0})
    kafka.freeze()
    with pytest.raises(BrokerSilent):
        await consumer.end_offsets(consumer.positions, within=0.5)

    with _bounded(3.0):
        await consumer.stop(within=1.0)

    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})


async def test_a_stopped_broker_is_noticed_and_waited_for(
    kafka: Kafka, topic: str, sender: Sender, consumer: RawConsumer
) -> None:
    """While it stops, aiokafka learns that no partition has a leader: the case in which it alone would spin."""
    stopping = asyncio.create_task(asyncio.to_thread(kafka.stop))
    while not stopping.done():
        await asyncio.wait({stopping, consumer._client.force_metadata_update()}, return_when=asyncio.FIRST_COMPLETED)

    used = time.process_time()
    await _until_stalled(consumer)
    assert consumer.waiting_for is not None
    assert time.process_time() - used < 0.3

    await asyncio.to_thread(kafka.start)
    await _until_read(sender, consumer, Message(topic=topic, key=b"k", value=b"v"))
    await until(lambda: consumer.waiting_for is None)


class _bounded:  # noqa: N801  (reads as a statement)
    """The block ends within so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._began_at = time.monotonic()

    def __exit__(self, *_: object) -> None:
        assert time.monotonic() - self._began_at < self._seconds


async def _send_all(sender: Sender, topic: str, half_sent: asyncio.Event) -> set[bytes]:
    acknowledged = set()
    for group in range(GROUPS):
        values = [b"%d" % (group * GROUP + number) for number in range(GROUP)]
        left = [Message(topic=topic, key=value, value=value) for value in values]
        while left:
            try:
                await sender.send(left, within=1.0)
                left = []
            except SendUnknown as unknown:
                left = list(unknown.messages)
        acknowledged.update(values)
        if group == GROUPS // 2:
            half_sent.set()
    return acknowledged


async def _read(consumer: RawConsumer, count: int) -> set[bytes]:
    seen: set[bytes] = set()
    while len(seen) < count:
        for batch in await consumer.fetch(wait=0.2):
            seen.update(record.value for record in batch.records if isinstance(record, ConsumerRecord))
    return seen


async def _until_stalled(consumer: RawConsumer) -> None:
    async with asyncio.timeout(10):
        while not consumer.stalled(time.monotonic()):
            assert await consumer.fetch(wait=0.2) == []


async def _until_read(sender: Sender, consumer: RawConsumer, message: Message) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await sender.send([message], within=1.0)
                break
            except SendUnknown:
                continue
    await take(consumer, 1)
