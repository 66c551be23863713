"""Records and batches that aiokafka refuses to read: each keeps its place among the others, and nothing is lost."""

from collections.abc import AsyncIterator, Callable
from secrets import token_hex
from struct import pack_into
from typing import Any, NoReturn

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from broker_steps import take, until
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.native.kafka import Kafka
from services.broker.consumer import RawConsumer
from services.broker.link import BrokerAddress
from services.broker.salvage import Unread
from tests.raw_batches import ATTRIBUTES_AT, CODECS, LENGTH_AT, MAGIC_AT, ODD_NAME, batch_of, damage, produce, signed

COUNT_AT = 57
NAME = "the name of a header is not UTF-8"
PLAIN: list[tuple[str, bytes | None]] = []
THREE = [(b"a", PLAIN), (b"b", PLAIN), (b"c", PLAIN)]


@pytest.fixture
def topic(kafka: Kafka) -> str:
    """Four partitions, made by somebody who lets each producer compress as it likes: batches stay as they came."""
    name = f"test.{token_hex(6)}"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    for made in admin.create_topics([NewTopic(name, 4, 1, config={"compression.type": "producer"})]).values():
        made.result(timeout=20)
    return name


@pytest.fixture
async def consumer(kafka_address: BrokerAddress) -> AsyncIterator[RawConsumer]:
    consumer = RawConsumer(kafka_address)
    await consumer.start()
    yield consumer
    await consumer.stop()


def told(record: Any) -> bytes | str:
    """The value of a record, or why there is none."""
    return str(record.reason) if isinstance(record, Unread) else bytes(record.value)


async def read(consumer: RawConsumer, topic: str, count: int) -> list[tuple[int, bytes | str]]:
    """Offset, and value or reason, of the first records of partition 0; no position is skipped in between."""
    consumer.assign({TopicPartition(topic, 0): 0})
    batches = await take(consumer, count)
    assert [batch.position for batch in batches[1:]] == [batch.next_position for batch in batches[:-1]]
    return [(record.offset, told(record)) for batch in batches for record in batch.records]


@pytest.mark.parametrize("codec", [None, *CODECS])
async def test_a_header_name_that_is_not_utf_8_keeps_its_place(
    kafka: Kafka, topic: str, consumer: RawConsumer, codec: str | None
) -> None:
    odd = [(b"a", [("x", None)]), (b"b", [("n", b"1"), (ODD_NAME, b"2")]), (b"c", PLAIN)]
    for records in (THREE, odd, THREE):
        await produce(kafka.bootstrap, topic, batch_of(records, codec))
    consumer.assign({TopicPartition(topic, 0): 0})

    found = [record for batch in await take(consumer, 9) for record in batch.records]

    assert [record.offset for record in found] == [*range(9)]
    assert [told(record) for record in found] == [b"a", b"b", b"c", b"a", NAME, b"c", b"a", b"b", b"c"]
    unread = found[4]
    assert isinstance(unread, Unread)
    assert (unread.kind, unread.size) == ("unreadable", 3 + 1 + 1 + 1 + 8 + 1)
    assert unread.record.headers == (("n", b"1"), ("\\xff\\xfe-names", b"2"))
    assert (unread.record.key, unread.record.value) == (b"key", b"b")
    assert found[3].headers == (("x", None),)


@pytest.mark.parametrize("codec", CODECS)
async def test_compressed_records_are_simply_read(kafka: Kafka, topic: str, consumer: RawConsumer, codec: str) -> None:
    await produce(kafka.bootstrap, topic, batch_of(THREE, codec))

    assert await read(consumer, topic, 3) == [*enumerate([b"a", b"b", b"c"])]


async def test_records_of_other_partitions_are_not_lost(kafka: Kafka, topic: str, consumer: RawConsumer) -> None:
    """aiokafka has passed those already when it raises; three at a time, so that it stops in every place."""
    for number in range(4):
        for _ in range(3):
            await produce(kafka.bootstrap, topic, batch_of([*THREE, (b"d", [(ODD_NAME, b"")])]), number)
    consumer.assign({TopicPartition(topic, number): 0 for number in range(4)})

    places = []
    while len(places) < 48:
        batches = await consumer.fetch(3, wait=0.2)
        assert sum(len(batch.records) for batch in batches) <= 3
        places += [(record.partition, record.offset) for batch in batches for record in batch.records]

    assert sorted(places) == [(number, offset) for number in range(4) for offset in range(12)]
    assert all(mine == sorted(mine) for mine in ([place for place in places if place[0] == n] for n in range(4)))


def _checksum(batch: bytearray) -> None:
    batch[-1] ^= 0xFF


def _codec(batch: bytearray) -> None:
    batch[ATTRIBUTES_AT + 1] = 7
    signed(batch)


def _not_gzip(batch: bytearray) -> None:
    batch[ATTRIBUTES_AT + 1] = 1
    signed(batch)


def _format(batch: bytearray) -> None:
    batch[MAGIC_AT] = 9
    _checksum(batch)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_checksum, "the checksum of its batch is wrong"),
        (_codec, "compression 7 is unknown"),
        (_not_gzip, "its batch can't be unpacked (BadGzipFile)"),
        (_format, "format 9 is unknown"),
    ],
)
async def test_every_offset_of_a_damaged_batch_is_told(
    kafka: Kafka, topic: str, consumer: RawConsumer, change: Callable[[bytearray], None], reason: str
) -> None:
    """One in the middle and the last one there is."""
    for _ in range(4):
        await produce(kafka.bootstrap, topic, batch_of(THREE))
    for offset in (3, 9):
        damage(kafka, topic, offset, change)

    found = await read(consumer, topic, 12)

    assert found == [*enumerate([b"a", b"b", b"c", reason, reason, reason] * 2)]


async def test_a_batch_that_ends_too_early_gives_what_it_has(kafka: Kafka, topic: str, consumer: RawConsumer) -> None:
    for _ in range(2):
        await produce(kafka.bootstrap, topic, batch_of(THREE))

    def half(batch: bytearray) -> None:
        batch[-11] = 0x7E  # the last record says that it is longer than all that is there
        signed(batch)

    damage(kafka, topic, 0, half)

    found = await read(consumer, topic, 6)

    assert found == [*enumerate([b"a", b"b", "its batch ends too early", b"a", b"b", b"c"])]


def _old_format(batch: bytearray, spoil: int = 0) -> None:
    room = len(batch) - 34 - len(b"key")
    builder = LegacyRecordBatchBuilder(magic=1, compression_type=0, batch_size=1 << 20)
    builder.append(0, timestamp=1, key=b"key", value=b"o" * room)
    batch[:] = builder.build()
    batch[-1] ^= spoil


async def test_messages_of_the_old_format_are_read(kafka: Kafka, topic: str, consumer: RawConsumer) -> None:
    for _ in range(3):
        await produce(kafka.bootstrap, topic, batch_of(THREE[:1]))
    damage(kafka, topic, 0, _old_format)

    found = await read(consumer, topic, 3)

    assert [value[:1] for _, value in found] == [b"o", b"a", b"a"]


async def test_a_damaged_message_of_the_old_format_is_told(kafka: Kafka, topic: str, consumer: RawConsumer) -> None:
    for _ in range(2):
        await produce(kafka.bootstrap, topic, batch_of(THREE[:1]))
    damage(kafka, topic, 0, lambda batch: _old_format(batch, spoil=1))

    assert await read(consumer, topic, 2) == [(0, "its batch is damaged"), (1, b"a")]


async def test_what_a_transaction_gave_up_stays_unread(kafka: Kafka, topic: str, consumer: RawConsumer) -> None:
    """Read past aiokafka too: the marks and the aborted records lie in the same answer as the odd one."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=topic)
    await producer.start()
    for value, ends in ((b"given up", producer.abort_transaction), (b"kept", producer.commit_transaction)):
        await producer.begin_transaction()
        await producer.send_and_wait(topic, value, partition=0)
        await ends()
    await producer.stop()
    await produce(kafka.bootstrap, topic, batch_of([(b"odd", [(ODD_NAME, b"")]), (b"last", PLAIN)]))

    found = await read(consumer, topic, 3)

    assert found == [(2, b"kept"), (4, NAME), (5, b"last")]


async def test_what_the_broker_cannot_read_is_said(kafka: Kafka, topic: str, consumer: RawConsumer) -> None:
    """A batch whose length is destroyed: the broker refuses to serve the partition from there, and so it stays."""
    for _ in range(2):
        await produce(kafka.bootstrap, topic, batch_of(THREE))
    undo = damage(kafka, topic, 3, lambda batch: pack_into(">i", batch, LENGTH_AT, 0))
    consumer.assign({TopicPartition(topic, 0): 3, TopicPartition(topic, 1): 0})
    await produce(kafka.bootstrap, topic, batch_of(THREE), 1)

    await take(consumer, 3)
    await until(lambda: consumer.waiting_for == f"{topic}[0] (CorruptRecordException)")
    undo()

    assert [told(record) for batch in await take(consumer, 3) for record in batch.records] == [b"a", b"b", b"c"]
    assert consumer.waiting_for is None


async def test_a_refused_topic_is_no_crash(topic: str, consumer: RawConsumer) -> None:
    class Refusing:
        async def getmany(self, **_: object) -> NoReturn:
            raise TopicAuthorizationFailedError(topic)

    real, consumer._consumer = consumer._consumer, Refusing()
    assert await consumer.fetch(wait=0.1) == []
    consumer._consumer = real
