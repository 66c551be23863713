"""Sender: puts messages on topics and says when all are acknowledged. It keeps none: the outbox does."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import partial
from itertools import chain
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, ProducerClosed
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from services.broker.link import FIRST_PAUSE_S, BrokerAddress, Waiting, calm, over, started
from services.broker.partition import partition_of
from services.domain.value import value

log = structlog.get_logger()

MAX_MESSAGE_BYTES = 1_000_000  # below Kafka's own default for a batch, 1,048,588
WRITING: Mapping[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,
    "linger_ms": 0,  # waiting was measured: it costs 15 ms and gains nothing
    "compression_type": None,
    "max_batch_size": 512 << 10,
    "max_request_size": MAX_MESSAGE_BYTES,
    "request_timeout_ms": 5_000,
    "metadata_max_age_ms": 30_000,
}


@value
class Message:
    """One record to be written. Messages with one key stay in order; `partition` overrides where the key leads."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    partition: int | None = None


class SendUnknown(Exception):
    """No acknowledgement in time for `messages`: they may be written or not. Send the same bytes again."""

    def __init__(self, messages: Sequence[Message], reason: str) -> None:
        super().__init__(f"{len(messages)} messages are not known to be written ({reason})")
        self.messages = messages


class TooLargeToSend(Exception):
    """`messages` can never be written; everything else of the same send is acknowledged."""

    def __init__(self, messages: Sequence[Message]) -> None:
        super().__init__(f"{len(messages)} messages are over the size the broker takes")
        self.messages = messages


class Sender:
    """One idempotent producer for the whole process. Any number of tasks may send at once."""

    def __init__(self, address: BrokerAddress, *, name: str = "quanzu") -> None:
        self._address = address
        self._waiting = Waiting(name)
        self._name = name
        self._producer: Any = None
        self._building: asyncio.Task[None] | None = None
        self._dropping: set[asyncio.Task[None]] = set()
        self._stopped = False

    @property
    def waiting_for(self) -> str | None:
        """What is missing, in words; None while the broker answers."""
        return self._waiting.reason

    async def start(self) -> None:
        """Connect, however long the broker stays away; `waiting_for` says so meanwhile. Cancel it to give up."""
        await self._ready()

    async def stop(self, within: float = 5.0) -> None:
        """Close; returns after `within` seconds at the latest and never raises. A repeat is harmless.

        What is still waiting is sent if that works in half the time; the rest ends as SendUnknown.
        """
        self._stopped = True
        await over(self._close(within / 2), within=within)

    async def _close(self, flush_s: float) -> None:
        if self._building is not None:
            self._building.cancel()
            await asyncio.wait({self._building})
        producer, self._producer = self._producer, None
        if producer is not None:
            await over(producer.stop(), within=flush_s)
            await _drop(producer)
        if self._dropping:
            await asyncio.wait(self._dropping)

    async def send(self, messages: Sequence[Message], within: float = 5.0) -> None:
        """Return when every message is acknowledged by all in-sync replicas; each partition gets them in order.

        Raises SendUnknown after `within` seconds: the same messages may be sent again, readers know a repeat by its
        ce_id. Raises TooLargeToSend when all the others are written.
        """
        fitting, too_large = _sorted_out(messages)
        parcel = _Parcel(fitting, too_large)
        try:
            async with asyncio.timeout(within):
                while parcel.left and not self._stopped:
                    await self._try(parcel)
        except TimeoutError:
            pass
        if parcel.left:
            raise SendUnknown(parcel.left, self._waiting.reason or parcel.fault or "no answer in time")
        if parcel.too_large:
            raise TooLargeToSend(parcel.too_large)

    async def _try(self, parcel: "_Parcel") -> None:
        try:
            producer = await self._ready()
            runs = await _by_partition(producer, parcel.left)
        except KafkaError as error:
            parcel.fault = type(error).__name__
        else:
            parcel.runs, parcel.fault = runs, None
            while parcel.left and parcel.fault is None:
                await self._write_next(producer, parcel)
        if parcel.left:
            await asyncio.sleep(FIRST_PAUSE_S)

    async def _write_next(self, producer: Any, parcel: "_Parcel") -> None:
        """Write one batch of each partition, all in one request, and take away what is acknowledged.

        No task for each partition: each hand-over between tasks waits for the batches that the lanes prepare.
        """
        under_way: UnderWay = {}
        try:
            await self._begin_next(producer, parcel, under_way)
            if under_way:
                await asyncio.wait([written for written, _ in under_way.values()])
        finally:  # cancelled too: what is acknowledged by then need not be sent again
            parcel.judge(under_way)

    async def _begin_next(self, producer: Any, parcel: "_Parcel", under_way: "UnderWay") -> None:
        try:
            for partition, run in parcel.runs.items():
                if partition is not None and run:
                    batch, count = _filled(producer, run, 1 if partition in parcel.one_by_one else len(run))
                    written = await producer.send_batch(batch, partition.topic, partition=partition.partition)
                    written.add_done_callback(partial(self._settled, producer))  # also when nobody waits any more
                    under_way[partition] = written, count
        except KafkaError as error:
            parcel.fault = type(error).__name__

    def _settled(self, producer: Any, written: "asyncio.Future[Any]") -> None:
        """A batch that failed has used up its sequence numbers: the broker takes no more from this producer."""
        if written.cancelled() or written.exception() is None or producer is not self._producer:
            return
        log.warning("broker.producer_rebuilt", client=self._name, error=type(written.exception()).__name__)
        self._producer = None
        dropping = asyncio.create_task(_drop(producer))
        self._dropping.add(dropping)
        dropping.add_done_callback(self._dropping.discard)

    async def _ready(self) -> Any:
        """The producer; one task builds it for all who wait, and goes on when they give up."""
        while self._producer is None:
            if self._building is None or self._building.done():
                self._building = asyncio.create_task(self._rebuild())
            await asyncio.wait({self._building})
            if self._stopped:
                raise ProducerClosed
            self._building.result()
        return self._producer

    async def _rebuild(self) -> None:
        self._producer = await started(self._make, _begin, _drop, self._waiting.tell)
        self._waiting.tell(None)

    def _make(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(**self._address.arguments, client_id=self._name, **WRITING)
        calm(producer.client, self._address)
        return producer


UnderWay = dict[TopicPartition | None, tuple["asyncio.Future[Any]", int]]  # a batch, and how many messages it has


class _Parcel:
    """What one send() still has to write, and what became of the rest."""

    def __init__(self, messages: list[Message], too_large: list[Message]) -> None:
        self.runs: dict[TopicPartition | None, list[Message]] = {None: messages}  # None: its place is not known yet
        self.one_by_one: set[TopicPartition] = set()  # the broker found a batch of several too large
        self.too_large = too_large
        self.fault: str | None = None  # why this try came to an end too soon

    def judge(self, under_way: UnderWay) -> None:
        """Take away what is acknowledged; what failed, or is not known, is left."""
        for partition, (written, count) in under_way.items():
            if not written.done() or written.cancelled():
                continue
            run, error = self.runs[partition], written.exception()
            if error is None:
                del run[:count]
                continue
            self.fault = type(error).__name__
            if isinstance(error, MessageSizeTooLargeError):
                self.one_by_one.add(partition)
                if count == 1:
                    self.too_large.append(run.pop(0))

    @property
    def left(self) -> list[Message]:
        return [message for run in self.runs.values() for message in run]


def _sorted_out(messages: Sequence[Message]) -> tuple[list[Message], list[Message]]:
    """Those that the producer takes, and those that are too large for it."""
    fitting, too_large = list[Message](), list[Message]()
    for message in messages:
        size = DefaultRecordBatchBuilder.estimate_size_in_bytes(message.key, message.value, message.headers)
        (fitting if size <= MAX_MESSAGE_BYTES else too_large).append(message)
    return fitting, too_large


async def _by_partition(producer: Any, messages: Sequence[Message]) -> dict[TopicPartition | None, list[Message]]:
    counts = {topic: len(await producer.partitions_for(topic)) for topic in {message.topic for message in messages}}
    runs: dict[TopicPartition | None, list[Message]] = {}
    for message in messages:
        number = message.partition
        if number is None:
            number = partition_of(message.key, counts[message.topic])
        runs.setdefault(TopicPartition(message.topic, number), []).append(message)
    return runs


def _filled(producer: Any, run: Sequence[Message], most: int) -> tuple[Any, int]:
    """A batch with as many of the first `most` messages as fit (the first always does), and how many that are."""
    batch = producer.create_batch()
    for message in run[:most]:
        if batch.append(timestamp=None, key=message.key, value=message.value, headers=message.headers) is None:
            break
    batch.close()
    return batch, batch.record_count()


async def _begin(producer: Any) -> None:
    await producer.start()


async def _drop(producer: Any) -> None:
    """Close without sending what waits: whoever waits for it hears ProducerClosed. stop() alone may never return."""
    if producer._sender.sender_task is not None:
        producer._sender.sender_task.cancel()
    waiting = producer._message_accumulator
    waiting._exception = ProducerClosed()
    for batch in [*chain(*waiting._batches.values()), *waiting._pending_batches]:
        batch.failure(ProducerClosed())
        batch._drain_waiter.exception()  # looked at, or asyncio reports it as forgotten
    await over(producer.client.close(), within=1.0)
    await over(producer.stop(), within=1.0)
