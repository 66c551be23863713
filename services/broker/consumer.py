"""RawConsumer: the records of the partitions it is given, raw and in order. It decides nothing and decodes nothing."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    OffsetOutOfRangeError,
    RecordTooLargeError,
    TopicAuthorizationFailedError,
)

from services.broker.commit import commit_positions
from services.broker.link import AWAY, BrokerAddress, BrokerSilent, CalmClient, Waiting, answered, calm, over, started
from services.broker.salvage import Unread, salvaged

log = structlog.get_logger()

READING: Mapping[str, Any] = {
    "enable_auto_commit": False,  # a position moves with the case, in the database
    "auto_offset_reset": "none",  # never to another place by itself: PositionLost, and the caller decides
    "isolation_level": "read_committed",
    "fetch_max_wait_ms": 100,  # a new assignment waits behind the poll under way: this is part of a take-over
    "max_partition_fetch_bytes": 256 << 10,  # what waits here is memory: a batch is taken from it at once
    "fetch_max_bytes": 2 << 20,
    "request_timeout_ms": 5_000,
    "metadata_max_age_ms": 30_000,
}
PROBE_S, PROBE_TIMEOUT_S, COMMIT_TIMEOUT_S = 1.0, 2.0, 5.0


class PositionLost(Exception):
    """The broker has no such offset: retention went past it, or the topic is another one. Assign again to go on."""

    def __init__(self, partition: TopicPartition, position: int) -> None:
        super().__init__(f"{partition.topic}[{partition.partition}] has no offset {position}")
        self.partition = partition
        self.position = position


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records of one partition in order. `position` is where reading stood before, `next_position` after them.

    Offsets between may be missing (compaction, transaction marks), so compare positions, never record offsets.
    """

    topic: str
    partition: int
    position: int
    next_position: int
    records: list[ConsumerRecord | Unread]


class RawConsumer:
    """One lane's reader. Partitions come by `assign`, never from a group; `group` only names its commits."""

    def __init__(
        self,
        address: BrokerAddress,
        *,
        group: str | None = None,
        name: str = "quanzu",
        max_record_bytes: int = 1_000_000,
        stall_after_s: float = 10.0,
    ) -> None:
        self._address = address
        self._waiting = Waiting(name)
        self._group = group
        self._name = name
        self._max_record_bytes = max_record_bytes
        self._stall_after_s = stall_after_s
        self._positions: dict[TopicPartition, int] = {}
        self._topic_ids: dict[str, UUID] = {}
        self._hungry = False  # the last fetch() found nothing, so only a fetch answer proves that reading goes on
        self._handed_at = 0.0
        self._consumer: Any = None
        self._watch: asyncio.Task[None] | None = None
        self._committing: asyncio.Task[None] | None = None

    @property
    def waiting_for(self) -> str | None:
        """What is missing, in words; None while the broker answers and gives what is asked for."""
        if self._waiting.reason is not None or self._consumer is None:
            return self._waiting.reason
        for topic in self._client.forbidden:
            return f"{topic} ({TopicAuthorizationFailedError.__name__})"
        refused = ((place, self._client.refusals.get(place)) for place in self._positions)
        return next((f"{place.topic}[{place.partition}] ({why})" for place, why in refused if why), None)

    async def start(self) -> None:
        """Connect, however long the broker stays away; `waiting_for` says so meanwhile. Cancel it to give up."""
        self._consumer = await started(self._make, _begin, _drop, self._waiting.tell)
        self._handed_at = time.monotonic()
        self._waiting.tell(None)
        self._watch = asyncio.create_task(self._probe())

    async def stop(self, within: float = 5.0) -> None:
        """Close; returns after `within` seconds at the latest and never raises. A repeat is harmless."""
        for task in (self._watch, self._committing):
            if task is not None:
                task.cancel()
        if self._consumer is not None:
            await _drop(self._consumer, within / 2)

    def assign(self, positions: Mapping[TopicPartition, int]) -> None:
        """Read these partitions from these offsets and no others. What was fetched and not handed out is dropped."""
        self._consumer.assign(list(positions))
        self._positions = dict(positions)
        self._seek()
        self._hungry, self._handed_at = False, time.monotonic()

    @property
    def positions(self) -> Mapping[TopicPartition, int]:
        """The next offset to be handed out, by partition."""
        return self._positions

    async def fetch(self, max_records: int = 500, *, wait: float) -> list[Batch]:
        """What has arrived, at most `max_records` in all; an empty list after `wait` seconds without any.

        Empty also while the broker is away: see `stalled`. Raises PositionLost. Safe to cancel: nothing is lost.
        """
        try:
            got = await self._consumer.getmany(timeout_ms=round(wait * 1000), max_records=max_records)
        except RecordTooLargeError as error:
            _, partition, offset, _ = error.args  # brokers before KIP-74; aiokafka has already stepped over it
            got = {partition: [Unread(partition.topic, partition.partition, offset, None)]}
        except OffsetOutOfRangeError as error:
            ((partition, position),) = error.args[0].items()
            raise PositionLost(partition, position) from error
        except TopicAuthorizationFailedError:
            got = {}  # `waiting_for` tells of it, and aiokafka asks again
        except ConsumerStoppedError:
            raise
        except Exception as error:  # whatever aiokafka and its codecs raise at bytes they can't read
            return await self._salvage(max_records, error) or await asyncio.sleep(wait, [])
        self._hungry = not got and bool(self._positions)
        if got:
            self._handed_at = time.monotonic()
        return [self._batch(partition, records, records[-1].offset + 1) for partition, records in got.items()]

    async def bounds(
        self, partitions: Iterable[TopicPartition], within: float = 3.0
    ) -> dict[TopicPartition, tuple[int, int]]:
        """The first offset there is and the one after the last, of each. Raises BrokerSilent."""
        wanted = list(partitions)
        begins, ends = await answered(
            asyncio.gather(self._consumer.beginning_offsets(wanted), self._consumer.end_offsets(wanted)),
            within=within,
            what="the bounds of partitions",
        )
        return {partition: (begins[partition], ends[partition]) for partition in wanted}

    async def end_offsets(self, partitions: Iterable[TopicPartition], within: float = 3.0) -> dict[TopicPartition, int]:
        """The offset after the last record of each. Raises BrokerSilent."""
        call = self._consumer.end_offsets(list(partitions))
        ends: dict[TopicPartition, int] = await answered(call, within=within, what="the ends of partitions")
        return ends

    async def partitions(self, topics: Iterable[str], within: float = 3.0) -> set[TopicPartition]:
        """All partitions of `topics`, asked anew; a topic that is not there has none. Raises BrokerSilent."""
        names = list(topics)
        answer = await answered(self._client.ask(names), within=within, what="the partitions of topics")
        self._topic_ids |= await answered(self._client.topic_ids(names), within=within, what="the ids of topics")
        return {TopicPartition(topic, about[1]) for _, topic, _, parts in answer.topics for about in parts}

    def incarnation(self, topic: str | None = None) -> str:
        """Who the broker is, and which topic of that name as of the last `partitions`. Offsets of one mean nothing to another."""
        who = self._address.incarnation or self._client.cluster_id or ""
        which = self._topic_ids.get(topic) if topic is not None and self._address.incarnation is None else None
        return who if which is None else f"{who}/{which}"

    def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Tell Kafka the positions, for its lag tools only: best effort, in the background, one at a time."""
        if self._group is not None and positions and (self._committing is None or self._committing.done()):
            self._committing = asyncio.create_task(self._try_commit(self._group, dict(positions)))

    def lag(self) -> int:
        """Records known to be waiting behind the positions, as of the last fetch answers."""
        highs = ((position, self._consumer.highwater(partition)) for partition, position in self._positions.items())
        return sum(max(0, high - position) for position, high in highs if high is not None)

    @property
    def last_answer_at(self) -> float:
        """Monotonic time of the last sign that reading works: a fetch answer, or any answer while none is due."""
        if self._consumer is None:
            return float("-inf")
        if self._hungry:
            return max(self._client.fetched_at, self._handed_at)
        return max(self._client.answered_at, self._handed_at)

    def stalled(self, now: float) -> bool:
        """Whether nothing has come from the broker for too long at monotonic time `now`."""
        return now - self.last_answer_at > self._stall_after_s

    @property
    def _client(self) -> CalmClient:
        client: CalmClient = self._consumer._client
        return client

    def _make(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(**self._address.arguments, client_id=self._name, **READING)
        calm(consumer._client, self._address)
        return consumer

    async def _probe(self) -> None:
        """Ask once a second who the broker is: fetches alone say nothing when no partition is assigned."""
        while True:
            await asyncio.sleep(PROBE_S)
            try:
                await answered(self._client.ask([]), within=PROBE_TIMEOUT_S, what="the cluster")
                self._waiting.tell(None)
            except BrokerSilent as silent:
                self._waiting.tell(str(silent))

    async def _try_commit(self, group: str, positions: dict[TopicPartition, int]) -> None:
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                refused = await commit_positions(self._client, group, positions)
        except AWAY as error:
            refused = {type(error).__name__}
        if refused:
            log.info("broker.commit_refused", client=self._name, reasons=sorted(refused))

    async def _salvage(self, max_records: int, why: Exception) -> list[Batch]:
        """One round in which each partition is read past aiokafka, from where it was last handed out.

        All of them: aiokafka does not say which it failed at, and has passed records of others without giving them.
        """
        log.warning("broker.unreadable", client=self._name, error=type(why).__name__)
        self._seek()
        found: dict[TopicPartition, tuple[list[Any], int]] = {}
        for partition, position in self._positions.items():
            room = max_records - sum(len(records) for records, _ in found.values())
            try:
                records, after = await salvaged(self._client, partition, position, room)
            except BrokerSilent as silent:
                log.info("broker.salvage_waits", client=self._name, reason=str(silent))
                break
            if records:
                found[partition] = (records, after)
            if len(records) >= room:
                break
        batches = [self._batch(partition, *records) for partition, records in found.items()]
        self._seek()
        return batches

    def _seek(self) -> None:
        for partition, position in self._positions.items():
            self._consumer.seek(partition, position)

    def _batch(self, partition: TopicPartition, records: list[ConsumerRecord | Unread], after: int) -> Batch:
        position, self._positions[partition] = self._positions[partition], after
        fit = [self._fit(record) for record in records]
        number = partition.partition
        return Batch(topic=partition.topic, partition=number, position=position, next_position=after, records=fit)

    def _fit(self, record: ConsumerRecord | Unread) -> ConsumerRecord | Unread:
        """Kafka sends a record over every fetch limit whole (KIP-74), so the limit is kept here."""
        if isinstance(record, Unread):
            return record
        size = len(record.value or b"") + len(record.key or b"")
        size += sum(len(name) + len(value or b"") for name, value in record.headers)
        if size <= self._max_record_bytes:
            return record
        return Unread(record.topic, record.partition, record.offset, size)


async def _begin(consumer: Any) -> None:
    await consumer.start()
    consumer.assign([])  # without an assignment getmany() never returns
    await consumer._client.ask([])


async def _drop(consumer: Any, within: float = 2.0) -> None:
    """Close in every case: stop() hangs while the broker is frozen, and may die before it closes its connections."""
    await over(consumer.stop(), within=within)
    await over(consumer._client.close(), within=within)
