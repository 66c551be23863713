"""Record batches byte by byte, for what no client would send, and bytes changed in a broker's log as a bad disk would."""

from collections.abc import Callable, Sequence
from pathlib import Path
from struct import pack_into, unpack_from

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from deploy.native.kafka import Kafka

Headers = Sequence[tuple[str, bytes | None]]
ODD_NAME, NOT_UTF_8 = "odd-name", b"\xff\xfe-names"  # of the same length, so that one can stand in the other's place
LENGTH_AT, MAGIC_AT, CRC_AT, ATTRIBUTES_AT, RECORDS_AT = 8, 16, 17, 21, 61
NOT_YET_LED = 6  # what a broker says of a topic that was made a moment ago
CODECS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "gzip": (1, gzip_encode),
    "snappy": (2, snappy_encode),
    "lz4": (3, lz4_encode),
    "zstd": (4, zstd_encode),
}


def batch_of(records: Sequence[tuple[bytes, Headers]], codec: str | None = None, **ids: int) -> bytearray:
    """One batch of (value, headers); a header named ODD_NAME gets a name that is not UTF-8."""
    ids = {"producer_id": -1, "producer_epoch": -1, "base_sequence": -1, "is_transactional": 0, **ids}
    builder = DefaultRecordBatchBuilder(magic=2, compression_type=0, batch_size=1 << 24, **ids)
    for number, (value, headers) in enumerate(records):
        assert builder.append(number, timestamp=1, key=b"key", value=value, headers=list(headers)) is not None
    batch = bytearray(builder.build()).replace(ODD_NAME.encode(), NOT_UTF_8)
    if codec is not None:
        number, compress = CODECS[codec]
        batch[RECORDS_AT:] = compress(bytes(batch[RECORDS_AT:]))
        pack_into(">h", batch, ATTRIBUTES_AT, number)
        pack_into(">i", batch, LENGTH_AT, len(batch) - 12)
    return signed(batch)


def signed(batch: bytearray) -> bytearray:
    """The batch with the checksum that its bytes have now."""
    pack_into(">I", batch, CRC_AT, calc_crc32c(bytes(batch[ATTRIBUTES_AT:])))
    return batch


async def produce(bootstrap: str, topic: str, batch: bytes, partition: int = 0) -> int:
    """Send it as it is; returns the offset of its first record."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    request = ProduceRequest(None, -1, 5_000, [(topic, [(partition, bytes(batch))])])
    error = NOT_YET_LED
    try:
        await client.set_topics([topic])
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        while error == NOT_YET_LED:
            ((_, ((_, error, offset, *_),)),) = (await client.send(leader, request)).topics
    finally:
        await client.close()
    assert error == 0, f"the broker refused it with {error}"
    return int(offset)


def damage(
    kafka: Kafka, topic: str, offset: int, change: Callable[[bytearray], object], partition: int = 0
) -> Callable[[], object]:
    """Change the batch that begins at `offset` where the broker keeps it; it serves what is in the file then.

    What it returns undoes it: a broker that finds a length destroyed when it starts gives up.
    """
    (path,) = (kafka.home / "data" / f"{topic}-{partition}").glob("*.log")
    log = path.read_bytes()
    at = 0
    while unpack_from(">q", log, at)[0] != offset:
        at += 12 + unpack_from(">i", log, at + LENGTH_AT)[0]
    whole = log[at : at + 12 + unpack_from(">i", log, at + LENGTH_AT)[0]]
    change(changed := bytearray(whole))
    assert len(changed) == len(whole)
    _write(path, changed, at)
    return lambda: _write(path, whole, at)


def _write(path: Path, some: bytes, at: int) -> None:
    with path.open("r+b", buffering=0) as log:
        log.seek(at)
        log.write(some)
