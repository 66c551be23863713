"""What the sender promises about the messages it is given."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
from aiokafka import TopicPartition
from broker_steps import new_topic, take
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin import NewTopic as TopicToMake

from deploy.native.kafka import Kafka
from services.broker.consumer import Batch, RawConsumer
from services.broker.link import BrokerAddress
from services.broker.partition import partition_of
from services.broker.producer import (
    MAX_MESSAGE_BYTES,
    WRITING,
    Message,
    Sender,
    SendUnknown,
    TooLargeToSend,
)


@pytest.fixture
async def sender(address: BrokerAddress) -> AsyncIterator[Sender]:
    sender = Sender(address)
    await sender.start()
    yield sender
    await sender.stop()


async def test_messages_arrive_whole_and_in_key_order(address: BrokerAddress, sender: Sender) -> None:
    topic = await new_topic(address)
    sent = [
        Message(
            topic=topic, key=b"case-%d" % (number % 7), value=b"%d" % number, headers=[("ce_id", b"id-%d" % number)]
        )
        for number in range(700)
    ]

    await asyncio.gather(sender.send(sent[:350]), sender.send([]))
    await sender.send(sent[350:])

    records = [record for batch in await _all(address, topic, 700) for record in batch.records]
    for case in range(7):
        mine = [record for record in records if record.key == b"case-%d" % case]
        assert [(record.value, record.headers) for record in mine] == [
            (message.value, tuple(message.headers)) for message in sent if message.key == b"case-%d" % case
        ]
        assert {record.partition for record in mine} == {partition_of(b"case-%d" % case, 4)}


async def test_a_message_over_the_limit_fails_alone(address: BrokerAddress, sender: Sender) -> None:
    topic = await new_topic(address)
    large = Message(topic=topic, key=b"k", value=b"x" * MAX_MESSAGE_BYTES)
    small = [Message(topic=topic, key=b"k", value=b"%d" % number) for number in range(3)]

    with pytest.raises(TooLargeToSend) as refusal:
        await sender.send([small[0], large, *small[1:]])

    assert refusal.value.messages == [large]
    (batch,) = await _all(address, topic, 3)
    assert [record.value for record in batch.records] == [b"0", b"1", b"2"]


async def test_a_chosen_partition_overrides_the_key(address: BrokerAddress, sender: Sender) -> None:
    topic = await new_topic(address)

    await sender.send([Message(topic=topic, key=b"k", value=b"v", partition=number) for number in range(4)])

    assert {batch.partition for batch in await _all(address, topic, 4)} == {0, 1, 2, 3}


async def test_what_the_topic_refuses_fails_alone(kafka: Kafka, kafka_address: BrokerAddress) -> None:
    """The refused batch uses up sequence numbers: without a new producer the broker takes nothing after it."""
    topic = f"test.{secrets.token_hex(6)}"
    made = TopicToMake(topic, 4, 1, config={"max.message.bytes": "3000"})
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    admin.create_topics([made])[topic].result(10)
    sender = Sender(kafka_address)
    await sender.start()
    messages = [Message(topic=topic, key=b"k", value=b"%d" % number) for number in range(20)]
    messages[7] = Message(topic=topic, key=b"k", value=b"x" * 4000)

    with pytest.raises(TooLargeToSend) as refusal:
        await sender.send(messages, within=20)

    assert refusal.value.messages == [messages[7]]
    (batch,) = await _all(kafka_address, topic, 19)
    assert [record.value for record in batch.records] == [b"%d" % number for number in range(20) if number != 7]
    await sender.stop()


async def test_sending_to_nobody_ends_in_time() -> None:
    sender = Sender(BrokerAddress(bootstrap="127.0.0.1:1"))
    message = Message(topic="test", key=b"k", value=b"v")

    with pytest.raises(SendUnknown) as unknown:
        await sender.send([message], within=0.3)

    assert unknown.value.messages == [message]
    assert sender.waiting_for == "the broker (KafkaConnectionError)"
    await sender.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_stopped_sender_sends_nothing_more(address: BrokerAddress, sender: Sender) -> None:
    await sender.stop()

    with pytest.raises(SendUnknown):
        await sender.send([Message(topic="test", key=b"k", value=b"v")])

    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_keys_lead_where_the_java_client_leads() -> None:
    """Hashes from the tests of Apache Kafka's own murmur2."""
    known = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536, b"abc": 479470107}
    for key, hashed in known.items():
        assert partition_of(key, 12) == (hashed & 0x7FFFFFFF) % 12


def test_writing_is_set_to_lose_nothing() -> None:
    assert (WRITING["acks"], WRITING["enable_idempotence"], WRITING["linger_ms"]) == ("all", True, 0)
    assert WRITING["max_batch_size"] < MAX_MESSAGE_BYTES < 1_048_588  # Kafka's default of message.max.bytes


async def _all(address: BrokerAddress, topic: str, count: int) -> list[Batch]:
    consumer = RawConsumer(address)
    await consumer.start()
    consumer.assign({TopicPartition(topic, number): 0 for number in range(4)})
    batches = await take(consumer, count)
    await consumer.stop()
    return batches
