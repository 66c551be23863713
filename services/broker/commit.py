"""Positions told to Kafka for its lag tools. Nobody reads them back: the database holds the truth."""

from collections.abc import Mapping

from aiokafka import TopicPartition
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.errors import for_code
from aiokafka.protocol.commit import OffsetCommitRequest

from services.broker.link import CalmClient


async def commit_positions(client: CalmClient, group: str, positions: Mapping[TopicPartition, int]) -> set[str]:
    """One commit of a group without members, and the errors it met.

    Not aiokafka's commit(): that comes with a coordinator that loops for ever while the broker is away.
    """
    node = await client.coordinator_lookup(CoordinationType.GROUP, group)
    by_topic: dict[str, list[tuple[int, int, str]]] = {}
    for partition, position in positions.items():
        by_topic.setdefault(partition.topic, []).append((partition.partition, position, ""))
    request = OffsetCommitRequest(group, -1, "", OffsetCommitRequest.DEFAULT_RETENTION_TIME, list(by_topic.items()))
    answer = await client.send(node, request, group=ConnectionGroup.COORDINATION)
    codes = {code for _, parts in answer.topics for _, code in parts}
    return {for_code(code).__name__ for code in codes if code}
