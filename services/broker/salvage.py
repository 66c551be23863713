"""Reads what aiokafka refuses to read: what is whole comes out, what is not leaves its place and a reason.

aiokafka raises at the first thing it can't read and gives nothing that comes after it. It decides nothing and skips nothing.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode
from aiokafka.errors import CorruptRecordException, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c, decode_varint_py

from services.broker.link import BrokerSilent, CalmClient, answered

READ_COMMITTED = 1
ANSWER_BYTES, WITHIN_S = 1 << 20, 5.0
PREFIX = struct.Struct(">qi")  # of a batch: an offset, and how many bytes follow; the same in every format
MAGIC_AT, CHECKED_FROM = 16, 21
HEAD = struct.Struct(">qiibIhiqqqhii")  # of a batch in format 2, KIP-98
CONTROL, TRANSACTIONAL, LOG_APPEND_TIME, CODEC = 0x20, 0x10, 0x08, 0x07
UNPACK: dict[int, Callable[[bytes], bytes]] = {
    0: bytes,
    1: gzip_decode,
    2: snappy_decode,
    3: lz4_decode,
    4: zstd_decode,
}


@dataclass(frozen=True, slots=True)
class Unread:
    """Stands in a batch where a record was that can't be handed out; to be dead-lettered by its place."""

    topic: str
    partition: int
    offset: int
    size: int | None  # bytes of key, value and headers; None where nobody can tell
    kind: str = "too_large"
    reason: str = "the record is larger than the client takes"  # never a word of what is in it
    record: Any = None  # aiokafka's ConsumerRecord where only the names of headers are bad: they have escapes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the broker has of one partition from a position on."""

    data: bytes
    given_up: list[tuple[int, int]]  # transactions in it that were: producer and first offset
    end: int  # the offset after the last record that may be read

    def leaves_out(self, read: Any) -> bool:
        """Whether this batch has no records for anybody. To be asked of each batch in order: a mark ends a transaction."""
        mine = [one for one in self.given_up if one[0] == read.producer_id and one[1] <= read.base_offset]
        if read.is_control_batch:
            self.given_up[:] = [one for one in self.given_up if one not in mine]
        return bool(read.is_control_batch or (read.is_transactional and mine))


class Head(NamedTuple):
    """The head of a batch in format 2, by the names that aiokafka has for these things."""

    base_offset: int
    length: int
    epoch: int
    magic: int
    crc: int
    attributes: int
    last_delta: int
    first_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    sequence: int
    records: int

    @property
    def next_offset(self) -> int:
        """The offset after its last record, which compaction may have taken."""
        return self.base_offset + self.last_delta + 1

    @property
    def is_control_batch(self) -> bool:
        return bool(self.attributes & CONTROL)

    @property
    def is_transactional(self) -> bool:
        return bool(self.attributes & TRANSACTIONAL)


class Unfit(Exception):
    """A batch can't be taken apart, and why."""


async def salvaged(
    client: CalmClient, partition: TopicPartition, position: int, max_records: int
) -> tuple[list[Any], int]:
    """Records and Unread from `position` on, and the position after them; none only where there are none.

    Raises BrokerSilent, also where the broker refuses.
    """
    while True:
        found, after = salvage(await _ask_for(client, partition, position), partition, position)
        if len(found) > max_records:
            return found[:max_records], found[max_records].offset
        if found or after == position:
            return found, after
        position = after  # nothing but marks and what was given up


async def _ask_for(client: CalmClient, partition: TopicPartition, position: int) -> Answer:
    """One fetch past aiokafka's fetcher."""
    leader = client.cluster.leader_for_partition(partition)
    if leader in (None, -1):
        raise BrokerSilent(f"{partition.topic}[{partition.partition}] has no leader")
    wanted = [(partition.topic, [(partition.partition, position, ANSWER_BYTES)])]
    request = FetchRequest(0, 0, ANSWER_BYTES, READ_COMMITTED, wanted)
    answer = await answered(client.send(leader, request), within=WITHIN_S, what="records")
    ((_, ((_, code, _, stable, *rest),)),) = answer.topics
    if code:
        raise BrokerSilent(f"{partition.topic}[{partition.partition}]: {for_code(code).__name__}")
    aborted = rest[-3] if answer.API_VERSION >= 11 else rest[-2]  # the preferred replica stands between
    return Answer(rest[-1] or b"", [(one[0], one[1]) for one in aborted or ()], stable)


def salvage(answer: Answer, partition: TopicPartition, position: int) -> tuple[list[Any], int]:
    """Everything from `position` on in the answer's whole batches, and the position after them."""
    found: list[Any] = []
    for batch, following in _batches(answer.data):
        try:
            records, after = _by_aiokafka(batch, partition, answer)
        except Exception:  # whatever aiokafka and the codecs raise: the bytes are at fault
            records, after = _by_hand(batch, partition, answer, position, following)
        found += [record for record in records if record.offset >= position]
        position = max(position, after)
    return found, position


def _batches(data: bytes) -> Iterator[tuple[bytes, int | None]]:
    """Each whole batch, and the offset of the one that follows where that can be seen."""
    at = 0
    while at + PREFIX.size <= len(data):
        after = at + PREFIX.size + PREFIX.unpack_from(data, at)[1]
        if not at + PREFIX.size < after <= len(data):
            return
        yield data[at:after], PREFIX.unpack_from(data, after)[0] if after + PREFIX.size <= len(data) else None
        at = after


def _by_aiokafka(batch: bytes, partition: TopicPartition, answer: Answer) -> tuple[Sequence[Any], int]:
    read: Any = MemoryRecords(batch).next_batch()
    if not read.validate_crc():
        raise CorruptRecordException
    if answer.leaves_out(read):
        return (), read.next_offset
    stamped = ((one, (one.timestamp, one.timestamp_type)) for one in read)
    records = [_record(partition, one.offset, stamp, (one.key, one.value), one.headers) for one, stamp in stamped]
    return records, read.next_offset


def _by_hand(
    batch: bytes, partition: TopicPartition, answer: Answer, position: int, following: int | None
) -> tuple[Sequence[Any], int]:
    """What can be had of a batch that aiokafka refuses; every offset of it that can't is Unread."""
    offset, magic = PREFIX.unpack_from(batch)[0], batch[MAGIC_AT] if len(batch) > MAGIC_AT else 0
    if magic < 2:  # its offset is that of its last record
        return _unread(partition, position, offset + 1, "its batch is damaged"), offset + 1
    records: list[Any] = []
    after = answer.end if following is None else following
    try:
        head = _head(batch)
        if following is None:
            after = min(after, head.next_offset)
        if head.crc != calc_crc32c(batch[CHECKED_FROM:]):
            raise Unfit("the checksum of its batch is wrong")
        after = head.next_offset
        if not answer.leaves_out(head):
            for record in _one_by_one(head, _unpacked(head, batch), partition):
                records.append(record)  # noqa: PERF402 - what came before it breaks is kept
    except Unfit as unfit:
        begin = max(position, records[-1].offset + 1 if records else offset)
        after = max(after, begin + 1)
        records += _unread(partition, begin, after, str(unfit))
    return records, after


def _unread(partition: TopicPartition, begin: int, after: int, why: str) -> list[Unread]:
    return [Unread(partition.topic, partition.partition, at, None, "unreadable", why) for at in range(begin, after)]


def _head(batch: bytes) -> Head:
    if batch[MAGIC_AT] != 2:
        raise Unfit(f"format {batch[MAGIC_AT]} is unknown")
    if len(batch) < HEAD.size:
        raise Unfit("its batch ends too early")
    return Head(*HEAD.unpack_from(batch))


def _unpacked(head: Head, batch: bytes) -> bytes:
    codec = head.attributes & CODEC
    if codec not in UNPACK:
        raise Unfit(f"compression {codec} is unknown")
    try:
        return bytes(UNPACK[codec](batch[HEAD.size :]))
    except Exception as error:  # each codec has its own
        raise Unfit(f"its batch can't be unpacked ({type(error).__name__})") from error


def _one_by_one(head: Head, body: bytes, partition: TopicPartition) -> Iterator[Any]:
    reader = Reader(bytearray(body))
    for _ in range(head.records):
        try:
            yield _next(reader, head, partition)
        except (ValueError, IndexError) as error:
            raise Unfit("its batch ends too early") from error


def _next(reader: "Reader", head: Head, partition: TopicPartition) -> Any:
    length = reader.number()
    end = reader.at + length
    reader.at += 1  # attributes: none are in use
    sent_ms, offset = head.first_timestamp + reader.number(), head.base_offset + reader.number()
    key, value = reader.sized(), reader.sized()
    headers = [(reader.sized() or b"", reader.sized()) for _ in range(reader.number())]
    if reader.at != end:
        raise ValueError("a record of another length")
    names = [name.decode(errors="backslashreplace") for name, _ in headers]
    appended = bool(head.attributes & LOG_APPEND_TIME)
    at_ms = head.max_timestamp if appended else sent_ms
    named = [(name, one) for name, (_, one) in zip(names, headers, strict=True)]
    record = _record(partition, offset, (at_ms, int(appended)), (key, value), named)
    if all(name.encode() == given for name, (given, _) in zip(names, headers, strict=True)):
        return record
    size = len(key or b"") + len(value or b"") + sum(len(name) + len(one or b"") for name, one in headers)
    place = (partition.topic, partition.partition, offset)
    return Unread(*place, size, "unreadable", "the name of a header is not UTF-8", record)


def _record(
    partition: TopicPartition,
    offset: int,
    stamp: tuple[int | None, int | None],
    content: tuple[bytes | None, bytes | None],
    headers: Sequence[tuple[str, bytes | None]],
) -> Any:
    place = (partition.topic, partition.partition, offset)
    sizes = (len(part) if part is not None else -1 for part in content)
    return ConsumerRecord(*place, *stamp, *content, None, *sizes, tuple(headers))


class Reader:
    """The parts of records in format 2, one after the other. Raises ValueError or IndexError past the end."""

    def __init__(self, body: bytearray) -> None:
        self._body = body
        self.at = 0

    def number(self) -> int:
        """A zigzag varint."""
        value, self.at = decode_varint_py(self._body, self.at)
        return int(value)

    def sized(self) -> bytes | None:
        """A length and so many bytes; None where the length is negative."""
        length = self.number()
        if length < 0:
            return None
        begin, self.at = self.at, self.at + length
        if self.at > len(self._body):
            raise ValueError("cut short")
        return bytes(self._body[begin : self.at])
