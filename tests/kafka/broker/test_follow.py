"""What a follower sees of the topics it follows."""

from collections.abc import AsyncIterator

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from broker_steps import new_topic, take, topic_row

from services.broker.consumer import PositionLost
from services.broker.follow import Follower
from services.broker.link import BrokerAddress
from services.broker.producer import Message, Sender
from services.broker.topics import ensure_topics


@pytest.fixture
async def sender(address: BrokerAddress) -> AsyncIterator[Sender]:
    sender = Sender(address)
    await sender.start()
    yield sender
    await sender.stop()


async def test_a_follower_sees_only_what_comes_later(address: BrokerAddress, sender: Sender) -> None:
    topic = await new_topic(address)
    await sender.send([Message(topic=topic, key=b"k", value=b"before", partition=1)])
    follower = Follower(address, [topic])
    await follower.start()

    await sender.send([Message(topic=topic, key=b"k", value=b"after", headers=[("ce_id", b"1")], partition=1)])

    (batch,) = await take(follower, 1)
    (record,) = batch.records
    assert isinstance(record, ConsumerRecord)
    assert (record.key, record.value, record.headers) == (b"k", b"after", (("ce_id", b"1"),))
    assert follower.positions[TopicPartition(topic, 1)] == 2
    await follower.stop()


async def test_a_follower_goes_on_from_given_positions(address: BrokerAddress, sender: Sender) -> None:
    topic = await new_topic(address)
    await sender.send([Message(topic=topic, key=b"k", value=b"%d" % number, partition=2) for number in range(5)])
    follower = Follower(address, [topic], positions={TopicPartition(topic, 2): 3})
    await follower.start()

    (batch,) = await take(follower, 2)

    assert [record.offset for record in batch.records] == [3, 4]
    await follower.stop()


async def test_a_lost_position_is_told_and_left(address: BrokerAddress, sender: Sender) -> None:
    topic = await new_topic(address)
    follower = Follower(address, [topic], positions={TopicPartition(topic, 0): 1_000})
    await follower.start()

    with pytest.raises(PositionLost):
        await take(follower, 1)

    await sender.send([Message(topic=topic, key=b"k", value=b"v", partition=0)])
    assert [batch.position for batch in await take(follower, 1)] == [0]
    await follower.stop()


async def test_a_new_partition_is_read_from_its_start(kafka_address: BrokerAddress) -> None:
    topic = await new_topic(kafka_address)
    follower = Follower(kafka_address, [topic], look_every_s=0.05)
    await follower.start()
    await ensure_topics(kafka_address, [topic_row(topic, 5)])
    sender = Sender(kafka_address)
    await sender.send([Message(topic=topic, key=b"k", value=b"v", partition=4)], within=20)

    (batch,) = await take(follower, 1)

    assert (batch.partition, batch.position) == (4, 0)
    await follower.stop()
    await sender.stop()


async def test_another_cluster_is_followed_from_its_ends(address: BrokerAddress, sender: Sender) -> None:
    """The same address may answer with another cluster, where old positions lead into the middle of something."""
    topic = await new_topic(address)
    follower = Follower(address, [topic], look_every_s=0.0)
    await follower.start()
    follower._incarnation = "an earlier cluster"

    with pytest.raises(PositionLost):
        await follower.fetch(wait=0.1)

    await sender.send([Message(topic=topic, key=b"k", value=b"v")])
    assert len(await take(follower, 1)) == 1
    await follower.stop()
