"""ensure_topics: the topics of the table exist with their partitions. It removes nothing and shrinks nothing."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import InvalidReplicationFactorError, KafkaError, NodeNotReadyError, for_code

from schemas.topics import TOPICS, Topic
from services.broker.link import (
    AWAY,
    FIRST_PAUSE_S,
    BrokerAddress,
    BrokerRefused,
    BrokerSilent,
    calm,
    over,
    started,
    told,
)

log = structlog.get_logger()

EXISTS = 36  # TOPIC_ALREADY_EXISTS: another process was faster
REPLICAS = 3  # or as many as there are brokers; with three, two must have a record before it counts


async def ensure_topics(
    address: BrokerAddress, topics: Iterable[Topic] = TOPICS.values(), within: float = 60.0
) -> list[str]:
    """Create what is missing, grow what has too few partitions; return the created names. A repeat is harmless.

    Waits for the broker; raises BrokerSilent after `within` seconds, KafkaError where the broker refuses. A topic with
    more partitions than the table keeps them: keys would change their place. The embedded broker makes topics as it
    pleases, so there they are only touched.
    """
    rows = {row.name: row for row in topics}
    waited_for = "nothing"

    def waits(reason: str) -> None:
        nonlocal waited_for
        waited_for = reason

    try:
        async with asyncio.timeout(within):
            while True:
                admin = await started(lambda: _make(address), _begin, _drop, waits)
                try:
                    return await _ensure(admin, rows, embedded=address.incarnation is not None)
                except AWAY as error:  # it answered once and fell silent: a broker that is just starting does
                    if isinstance(error, KafkaError) and not error.retriable:
                        raise
                    waits(f"the broker ({told(error)})")
                    await asyncio.sleep(FIRST_PAUSE_S)
                finally:
                    await _drop(admin)
    except TimeoutError as error:
        raise BrokerSilent(f"topics not ensured within {within:g} s (waited for {waited_for})") from error


async def partitions_of(address: BrokerAddress, within: float = 5.0) -> dict[str, int]:
    """How many partitions each topic has now. Raises BrokerSilent: after `within` seconds, or at once where refused."""
    waited_for = ["the broker"]
    try:
        async with asyncio.timeout(within):
            admin = await started(lambda: _make(address), _begin, _drop, waited_for.append, patient=False)
            try:
                return {about["topic"]: len(about["partitions"]) for about in await admin.describe_topics()}
            finally:
                await _drop(admin)
    except BrokerRefused as refused:
        raise BrokerSilent(str(refused)) from refused
    except TimeoutError as error:
        raise BrokerSilent(f"no answer within {within:g} s (waited for {waited_for[-1]})") from error


async def _ensure(admin: Any, rows: Mapping[str, Topic], *, embedded: bool) -> list[str]:
    if embedded:  # it has no controller, and makes a topic when it is asked for
        await admin.describe_topics(list(rows))
        return []
    if admin._client.cluster.controller is None:
        raise NodeNotReadyError("no controller yet")
    counts = {about["topic"]: len(about["partitions"]) for about in await admin.describe_topics()}
    created = await _create(admin, [row for name, row in rows.items() if name not in counts])
    for name, count in counts.items():
        if name in rows and count < rows[name].partitions:
            await admin.create_partitions({name: NewPartitions(rows[name].partitions)})
            log.info("broker.topic_grown", topic=name, before=count, after=rows[name].partitions)
        elif name in rows and count > rows[name].partitions:
            log.warning("broker.topic_larger", topic=name, partitions=count, table=rows[name].partitions)
    return created


async def _create(admin: Any, rows: list[Topic]) -> list[str]:
    if not rows:
        return []
    replicas = min(REPLICAS, len(admin._client.cluster.brokers()))
    if replicas == 0:  # one that was frozen or has just started answers before its controller counts it in
        raise NodeNotReadyError("no broker a topic could lie on")
    answer = await admin.create_topics([_new(row, replicas) for row in rows])
    codes = {name: code for name, code, *_ in answer.topic_errors}
    for name, code in codes.items():
        if code == InvalidReplicationFactorError.errno:  # fewer brokers than a moment ago: they are counted anew
            raise NodeNotReadyError(f"not {replicas} brokers for {name}")
        if code not in {0, EXISTS}:
            raise for_code(code)(name)
    return sorted(name for name, code in codes.items() if code == 0)


def _new(row: Topic, replicas: int) -> NewTopic:
    settings = {
        "cleanup.policy": row.cleanup,
        "compression.type": "uncompressed",  # unpacked once by the broker, not by every reader
        "retention.ms": str(round(row.retention.total_seconds() * 1000)),
    }
    if replicas == REPLICAS:
        settings["min.insync.replicas"] = str(REPLICAS - 1)
    return NewTopic(row.name, row.partitions, replicas, topic_configs=settings)


def _make(address: BrokerAddress) -> AIOKafkaAdminClient:
    admin = AIOKafkaAdminClient(**address.arguments, client_id="quanzu-topics", request_timeout_ms=10_000)
    calm(admin._client, address)
    return admin


async def _begin(admin: Any) -> None:
    await admin.start()


async def _drop(admin: Any) -> None:
    await over(admin.close(), within=2.0)
