"""Topics with nothing in them, for tests that share a broker."""

import asyncio
import time

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from schemas.topics import TOPICS
from services.broker.link import BrokerAddress
from services.broker.topics import ensure_topics

WITHIN_S = 30.0


async def renew_topics(bootstrap: str) -> None:
    """Make every topic of the table anew.

    Only removing the records is not enough: a broker that is killed soon after may have them again.
    """
    address = BrokerAddress(bootstrap=bootstrap)
    if set(await ensure_topics(address)) != set(TOPICS):
        await asyncio.to_thread(_delete, bootstrap)
        await ensure_topics(address)
    await asyncio.to_thread(_wait_for_leaders, bootstrap)


def _delete(bootstrap: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    found = [name for name in TOPICS if name in admin.list_topics(timeout=10).topics]
    for deleted in admin.delete_topics(found, operation_timeout=10).values():
        try:
            deleted.result(timeout=20)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
    until = time.monotonic() + WITHIN_S
    while any(name in admin.list_topics(timeout=10).topics for name in found):
        assert time.monotonic() < until, "the topics are still there"
        time.sleep(0.05)


def _wait_for_leaders(bootstrap: str) -> None:
    """A partition just made is led by nobody for a moment, and whoever asks then is refused."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    places = [TopicPartition(topic.name, number) for topic in TOPICS.values() for number in range(topic.partitions)]
    until = time.monotonic() + WITHIN_S
    while True:
        try:
            for answer in admin.list_offsets({place: OffsetSpec.latest() for place in places}).values():
                answer.result(timeout=10)
        except KafkaException:
            assert time.monotonic() < until, "partitions without a leader"
            time.sleep(0.05)
        else:
            return
