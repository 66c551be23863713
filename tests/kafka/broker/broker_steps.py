"""Steps that several tests of the broker room take: make a topic, wait for something, fetch so many records."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace

from schemas.topics import TOPICS, WARNING_DLQ, Topic
from services.broker.consumer import Batch, RawConsumer
from services.broker.follow import Follower
from services.broker.link import BrokerAddress
from services.broker.topics import ensure_topics


def topic_row(name: str, partitions: int = 4) -> Topic:
    """A row as in the topic table; four partitions is what the embedded broker gives."""
    return replace(TOPICS[WARNING_DLQ], name=name, partitions=partitions)


async def new_topic(address: BrokerAddress) -> str:
    """A topic of its own with four partitions."""
    name = f"test.{secrets.token_hex(6)}"
    await ensure_topics(address, [topic_row(name)])
    return name


async def take(consumer: RawConsumer | Follower, count: int) -> list[Batch]:
    """Fetch until so many records have come, within 20 s."""
    batches: list[Batch] = []
    async with asyncio.timeout(20):
        while sum(len(batch.records) for batch in batches) < count:
            batches += await consumer.fetch(wait=0.2)
    return batches


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, within about 30 s."""
    for _ in range(3_000):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be so")
