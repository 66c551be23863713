"""What becomes of the topics on the broker when the table is applied to it."""

import asyncio
import secrets
from types import SimpleNamespace

import pytest
from aiokafka.admin import NewTopic
from aiokafka.errors import InvalidReplicationFactorError, NodeNotReadyError
from broker_steps import topic_row
from confluent_kafka.admin import AdminClient, ConfigResource

from deploy.native.kafka import Kafka
from schemas.topics import TOPICS
from services.broker import topics
from services.broker.consumer import RawConsumer
from services.broker.link import BrokerAddress, BrokerSilent
from services.broker.topics import ensure_topics


async def test_a_missing_topic_is_made_as_tabled(kafka: Kafka, kafka_address: BrokerAddress) -> None:
    row = topic_row(_name(), partitions=3)

    assert await ensure_topics(kafka_address, [row]) == [row.name]
    assert await ensure_topics(kafka_address, [row]) == []

    admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    assert len(admin.list_topics(row.name, timeout=10).topics[row.name].partitions) == 3
    (answer,) = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, row.name)]).values()
    settings = answer.result(10)
    assert settings["retention.ms"].value == str(30 * 24 * 3600 * 1000)
    assert settings["cleanup.policy"].value == "delete"


async def test_a_topic_grows_but_never_shrinks(kafka: Kafka, kafka_address: BrokerAddress) -> None:
    name = _name()
    about = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    for partitions, expected in ((2, 2), (5, 5), (3, 5)):
        await ensure_topics(kafka_address, [topic_row(name, partitions)])
        async with asyncio.timeout(10):  # a broker tells of a change a moment after it was made
            while len(about.list_topics(name, timeout=10).topics[name].partitions) != expected:
                await asyncio.sleep(0.05)


async def test_the_whole_table_exists_on_either_broker(address: BrokerAddress) -> None:
    await ensure_topics(address)

    consumer = RawConsumer(address)
    await consumer.start()
    assert {partition.topic for partition in await consumer.partitions(TOPICS)} == set(TOPICS)
    await consumer.stop()


async def test_an_absent_broker_is_not_waited_for_endlessly() -> None:
    with pytest.raises(BrokerSilent, match="KafkaConnectionError"):
        await ensure_topics(BrokerAddress(bootstrap="127.0.0.1:1"), within=0.3)


class _JustBack:
    """aiokafka's client of a broker that answers but has few brokers, or too few by the time it is asked."""

    def __init__(self, brokers: set[int]) -> None:
        self._client = SimpleNamespace(cluster=SimpleNamespace(controller=0, brokers=lambda: brokers))

    async def describe_topics(self) -> list[object]:
        return []

    async def create_topics(self, wanted: list[NewTopic]) -> object:
        return SimpleNamespace(topic_errors=[(topic.name, InvalidReplicationFactorError.errno) for topic in wanted])


@pytest.mark.parametrize("brokers", [set(), {0}])
async def test_a_broker_that_is_not_counted_in_yet_is_waited_for(brokers: set[int]) -> None:
    """On a real broker the moment is too short to be met on purpose."""
    with pytest.raises(NodeNotReadyError):
        await topics._ensure(_JustBack(brokers), {"test": topic_row("test")}, embedded=False)


def _name() -> str:
    return f"test.{secrets.token_hex(6)}"
