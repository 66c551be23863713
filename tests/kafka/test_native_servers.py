"""The native Kafka and PostgreSQL: they answer, and they come back with what they acknowledged."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError

from deploy.native.kafka import Kafka
from deploy.native.postgres import Postgres

RECORDS = [f"record {number}".encode() for number in range(20)]


async def test_kafka_hands_back_what_was_sent(kafka: Kafka) -> None:
    topic = await _new_topic(kafka)

    await _produce(kafka, topic)

    assert await _consume(kafka, topic) == RECORDS


async def test_a_topic_nobody_declared_is_refused(kafka: Kafka) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, request_timeout_ms=500) as producer:
        with pytest.raises(UnknownTopicOrPartitionError):
            await producer.send_and_wait("never-declared", b"lost")


async def test_a_killed_broker_comes_back_with_its_records(kafka: Kafka) -> None:
    topic = await _new_topic(kafka)
    await _produce(kafka, topic)

    kafka.kill()
    assert not kafka.alive
    kafka.start()

    assert await _consume(kafka, topic) == RECORDS


async def test_a_frozen_broker_answers_again_after_thawing(kafka: Kafka) -> None:
    topic = await _new_topic(kafka)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all") as producer:
        await producer.send_and_wait(topic, b"before")
        kafka.freeze()
        held = asyncio.ensure_future(producer.send_and_wait(topic, b"during"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(held), timeout=0.5)
        kafka.thaw()
        await asyncio.wait_for(held, timeout=10)

    assert await _consume(kafka, topic, count=2) == [b"before", b"during"]


async def test_a_fresh_database_is_empty_and_private(postgres: Postgres, database_url: str) -> None:
    async with _connected(database_url) as connection:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        assert not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    assert database_url != postgres.url


async def test_a_database_made_from_a_template_has_its_rows(postgres: Postgres, database_url: str) -> None:
    async with _connected(database_url) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")

    copy = postgres.new_database("a_copy", template=database_url.rpartition("/")[2])

    try:
        async with _connected(copy) as connection:
            assert await connection.fetchval("SELECT number FROM kept") == 7
    finally:
        postgres.drop_database("a_copy")


async def test_a_killed_postgres_comes_back_with_its_rows(postgres: Postgres, database_url: str) -> None:
    async with _connected(database_url) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 100) AS number")
        postgres.kill()
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await connection.fetchval("SELECT 1")

    postgres.start()

    async with _connected(database_url) as connection:
        assert await connection.fetchval("SELECT sum(number) FROM kept") == 5050


async def test_a_wrong_password_opens_no_door(database_url: str) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(database_url, password="guess", ssl=False)


async def _new_topic(kafka: Kafka) -> str:
    name = f"native-{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()
    return name


async def _produce(kafka: Kafka, topic: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", enable_idempotence=True) as producer:
        for record in RECORDS:
            await producer.send_and_wait(topic, record)


async def _consume(kafka: Kafka, topic: str, count: int = len(RECORDS)) -> list[bytes]:
    async with _consumer(kafka, topic) as consumer:
        return [(await asyncio.wait_for(consumer.getone(), timeout=15)).value for _ in range(count)]


@asynccontextmanager
async def _consumer(kafka: Kafka, *topics: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        connection.terminate()
