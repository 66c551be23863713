"""A lane: one writing connection with its own partitions. Fetch, decode, prepare, write, send; one batch at a time.

While a batch is being written, the messages of the one before are sent; a message that the broker has is deleted by a
later batch. What happens at each crash: before the commit nothing happened and the records are read again; after it the
case, its instruction (in the outbox) and the position are there together, and whoever takes over sends the instruction.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import structlog
from aiokafka import TopicPartition
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.envelope import headers_for
from services.broker.consumer import PositionLost, RawConsumer
from services.broker.link import BrokerSilent
from services.broker.producer import Message as Record
from services.broker.producer import Sender, SendUnknown, TooLargeToSend
from services.domain.policy import Policy
from services.handlers.messages import SOURCE
from services.handlers.tally import tally, tally_repeats
from services.handlers.warning import BadRecord, Incoming, Taken, Vanished, prepare, take
from services.router import metrics
from services.router.records import Item, items_of, letter_for, letter_message, moved
from services.store import dead_letters, lanes, outbox
from services.store.engine import Transaction
from services.store.intake import Progress
from services.store.lanes import LaneOver
from services.store.outbox import Message
from services.store.signals import Signal
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

MAX_BATCH = 250  # larger ones gain little and block the loop for longer
IDLE_S = 0.05
PAUSE_S = 0.5  # after a failure of the broker or the database
CONFIRM_AFTER_S = 0.1
POLICY_S, COMMIT_S = 1.0, 1.0
TRIES = 5
SOON = timedelta(minutes=1)  # the timekeeper looks by itself within a second; nearer dues wake it
TRANSIENT = frozenset({"40001", "40P01", "55P03", "57014", "23505"})  # the last: another lane was first with a record
OF_THE_RECORD = frozenset({"22", "23", "54"})  # SQLSTATE classes: the value, a constraint, a limit


class Lane:
    """`owned` is what this lane reads: positions by partition. It changes between two batches only."""

    def __init__(self, parts: Parts, topic: str, sender: Sender, *, name: str) -> None:
        self.topic, self.name = topic, name
        self.id: int | None = None  # the fence; None: no lane at present
        self.owned: dict[int, int] = {}
        self.gained: set[int] = set()  # what the watch took for this lane
        self.surplus: set[int] = set()  # what it must give up
        self._incarnation = ""  # of the topic that `owned` is about
        self.ended = False  # the watch found this lane ended by another
        self.progress_at = time.monotonic()
        self.consumer = RawConsumer(parts.broker, group="quanzu-router", name=name)
        self._parts, self._store, self._sender = parts, parts.store, sender
        self._conn: AsyncConnection | None = None
        self._sending: asyncio.Task[None] | None = None
        self._confirmed: list[int] = []
        self._confirmed_at = 0.0
        self._policy: tuple[float, Policy] | None = None
        self._told_kafka_at = 0.0

    async def run(self) -> None:
        """Until the process stops. A lane that was ended, or lost its connection, begins again as a new one.

        The consumer is started before and stopped after by whoever runs the lane.
        """
        while not self._parts.stop.is_set():
            try:
                await self._open()
                while not self._parts.stop.is_set():
                    await self._turn()
            except LaneOver:
                log.warning("lane.over", lane=self.id, topic=self.topic)
            except BrokerSilent as silent:
                log.warning("lane.broker_silent", topic=self.topic, reason=str(silent))
                await asyncio.sleep(PAUSE_S)
            except DATABASE_AWAY as away:
                log.warning("lane.database_away", topic=self.topic, reason=type(away).__name__)
                await asyncio.sleep(PAUSE_S)
            finally:
                await self._close()

    def waits(self) -> str | None:
        """Why this lane is not ready, or None."""
        if self.consumer.waiting_for is not None:
            return self.consumer.waiting_for
        return None if self.id is not None else "a connection to the database"

    async def _open(self) -> None:
        self._conn = await self._store.engine.connect() if self._store.postgres else None
        async with self._begin() as tx:
            self.id = await lanes.open_lane(tx, topic=self.topic, process=self.name)
        self.gained.clear()
        self.surplus.clear()
        self.ended = False

    async def _close(self) -> None:
        """Leave in good order where that is possible; otherwise the others find the connection gone."""
        if self._sending is not None:
            await asyncio.wait({self._sending})
            self._sending = None
        over, self.id = self.id, None
        confirmed, self._confirmed = tuple(self._confirmed), []
        self.owned.clear()
        self.consumer.assign({})
        try:
            if over is not None:
                async with self._store.begin() as tx:
                    await outbox.forget(tx, confirmed)  # or the relay would send them once more
                    await lanes.close_lane(tx, over)
        except DATABASE_AWAY:
            log.info("lane.left_open", lane=over)
        if self._conn is not None:
            conn, self._conn = self._conn, None
            await conn.invalidate()
            await conn.close()

    def _begin(self) -> AbstractAsyncContextManager[Transaction]:
        return self._store.begin(on=self._conn)

    async def _turn(self) -> None:
        if self.ended:
            raise LaneOver
        if self.gained or self.surplus:
            await self._settle_ownership()
        if self.owned and self.consumer.incarnation(self.topic) != self._incarnation:
            await self._start_partitions([])
        try:
            batches = await self.consumer.fetch(MAX_BATCH, wait=IDLE_S)
        except PositionLost as lost:
            await self._start_partitions([lost.partition.partition], lost=lost.partition.partition)
            return
        began = time.monotonic()
        if batches:
            await self._settle(items_of(batches))
            metrics.BATCH_SECONDS.observe(time.monotonic() - began)
        elif self._confirmed and began - self._confirmed_at > CONFIRM_AFTER_S:
            await self._forget_confirmed()
        if batches or not self.consumer.stalled(began):
            self.progress_at = began
        if began - self._told_kafka_at > COMMIT_S:
            self._told_kafka_at = began
            self.consumer.commit({TopicPartition(self.topic, number): at for number, at in self.owned.items()})

    async def _settle_ownership(self) -> None:
        """Take up what was gained and give up what is too much, between two batches."""
        assert self.id is not None  # noqa: S101 - an open lane has its id
        surplus, self.surplus = self.surplus & self.owned.keys(), set()
        if surplus:
            async with self._begin() as tx:
                await lanes.release(tx, topic=self.topic, lane_id=self.id, partitions=sorted(surplus))
            for number in surplus:
                del self.owned[number]
        gained, self.gained = self.gained - self.owned.keys(), set()
        await self._start_partitions(sorted(gained))

    async def _start_partitions(self, gained: Sequence[int], *, lost: int | None = None) -> None:
        """Find where these partitions go on; where the broker forgot, start at the earliest record and say so.

        In a topic made anew that goes for all that are owned. Of `lost` the broker has just said that it has no such
        offset; by now it may have one again, of other records.
        """
        assert self.id is not None  # noqa: S101
        await self.consumer.partitions([self.topic])  # which topic of that name it is now
        incarnation = self.consumer.incarnation(self.topic)
        numbers = gained if incarnation == self._incarnation else sorted({*gained, *self.owned})
        bounds = await self.consumer.bounds(TopicPartition(self.topic, number) for number in numbers) if numbers else {}
        self._incarnation = incarnation
        async with self._begin() as tx:
            known = {position.partition: position for position in await lanes.positions(tx.conn, self.topic)}
            moves = {}
            for number in numbers:
                begin, end = bounds[TopicPartition(self.topic, number)]
                position = known[number]
                if position.lane != self.id:
                    continue  # given away meanwhile
                offset = position.next_offset
                forgotten = number == lost or position.incarnation != incarnation or not begin <= offset <= end
                if forgotten:
                    if offset != lanes.UNREAD:
                        self._alarm(number, offset, begin, end)
                    moves[number] = offset = begin
                self.owned[number] = offset
            if moves:
                await lanes.start_at(tx, topic=self.topic, lane_id=self.id, offsets=moves, incarnation=incarnation)
        self.consumer.assign({TopicPartition(self.topic, number): at for number, at in self.owned.items()})

    def _alarm(self, number: int, offset: int, begin: int, end: int) -> None:
        metrics.RESETS.inc()
        log.error(
            "lane.position_reset", topic=self.topic, partition=number, position=offset, earliest=begin, latest=end
        )

    async def _settle(self, items: Sequence[Item]) -> None:
        """Write a batch; one that can't be written is halved until the poison record stands alone."""
        for attempt in range(1, TRIES + 1):
            try:
                await self._write(items)
            except LaneOver:
                raise
            except Vanished:
                continue
            except Exception as error:
                if _transient(error) and attempt < TRIES:
                    await asyncio.sleep(0.01 * 2**attempt)
                elif not _of_the_record(error):
                    raise
                elif len(items) == 1:
                    await self._write([_poisoned(items[0], error)])
                    return
                else:
                    log.warning("batch.halved", records=len(items), reason=type(error).__name__)
                    half = len(items) // 2
                    await self._settle(items[:half])
                    await self._settle(items[half:])
                    return
            else:
                return
        raise LaneOver  # the same obstacle came and went five times: begin afresh

    async def _write(self, items: Sequence[Item]) -> None:
        """Everything about these records in one transaction, then their messages on their way."""
        assert self.id is not None  # noqa: S101
        now = self._parts.clock.now()
        context = self._parts.context
        incoming = [item.found for item in items if isinstance(item.found, Incoming)]
        prepared = prepare(context, incoming, policy=await self._newest_policy(), now=now)
        faults = {id(refused): fault for refused, fault in prepared.refused}
        bad = [
            (item, item.found if isinstance(item.found, BadRecord) else faults[id(item.found)])
            for item in items
            if isinstance(item.found, BadRecord) or id(item.found) in faults
        ]
        letters = [
            letter_for(
                item,
                fault,
                topic=self.topic,
                incarnation=self._incarnation,
                sealer=context.sealer,
                now=now,
            )
            for item, fault in bad
        ]
        confirmed = tuple(self._confirmed)
        progress = Progress(topic=self.topic, lane=self.id, moved=moved(items), confirmed=confirmed)
        async with self._store.begin(on=self._conn, now=now) as tx:
            taken = await take(tx, context, prepared, progress)
            await dead_letters.add(tx, letters)
            await outbox.add(tx, [letter_message(letter) for letter in letters])
            if any(
                opening.change.case.next_due_at < now + SOON
                for opening in taken.opened
                if opening.change.case.next_due_at
            ):
                tx.wake(Signal.DUE)
        del self._confirmed[: len(confirmed)]
        for partition, _, following in progress.moved:
            self.owned[partition] = following
        await self._send(taken)
        self._count(items, taken, [fault for _, fault in bad])

    async def _send(self, taken: Taken) -> None:
        """Send in the background what was committed, after what was committed before."""
        if self._sending is not None:
            await asyncio.wait({self._sending})
        messages = [message for opening in taken.opened for message in opening.messages]
        if messages:
            self._sending = asyncio.create_task(self._deliver(messages, taken.outbox_ids))

    async def _deliver(self, messages: Sequence[Message], ids: Sequence[int]) -> None:
        at = self._parts.clock.now()
        records = [
            Record(
                topic=message.topic,
                key=message.key.encode(),
                value=message.value,
                headers=headers_for(id=message.ce_id, source=SOURCE, type=message.ce_type, time=at, key=message.key),
            )
            for message in messages
        ]
        try:
            await self._sender.send(records)
        except (SendUnknown, TooLargeToSend) as failed:
            # Stored they are; the relay sends them again with the same ids.
            log.warning("lane.left_to_relay", messages=len(records), reason=type(failed).__name__)
            return
        self._confirmed.extend(ids)
        self._confirmed_at = time.monotonic()

    async def _forget_confirmed(self) -> None:
        confirmed = tuple(self._confirmed)
        async with self._begin() as tx:
            await outbox.forget(tx, confirmed)
        del self._confirmed[: len(confirmed)]

    async def _newest_policy(self) -> Policy:
        if self._policy is None or time.monotonic() - self._policy[0] > POLICY_S:
            async with self._store.read() as conn:
                self._policy = (time.monotonic(), await self._parts.context.policies.newest(conn))
        return self._policy[1]

    def _count(self, items: Sequence[Item], taken: Taken, faults: Sequence[BadRecord]) -> None:
        given = self._parts.context.given
        for opening in taken.opened:
            if opening.change.case.responder is not None:
                given[opening.change.case.responder] += 1
        tally([opening.change for opening in taken.opened])
        tally_repeats(taken.repeats)
        metrics.RECORDS.labels(self.topic).inc(len(items))
        for fault in faults:
            metrics.DEAD_LETTERS.labels(fault.kind).inc()
        log.info(
            "batch.settled",
            topic=self.topic,
            records=len(items),
            opened=len(taken.opened),
            repeats=len(taken.repeats),
            redelivered=taken.redelivered,
            dead_letters=len(faults),
        )


def _transient(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in TRANSIENT


def _of_the_record(error: Exception) -> bool:
    """Whether the record can be why it was not taken. Anything else is the database's own trouble: wait, lose nothing."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, StatementError) or not isinstance(error, DATABASE_AWAY)
    if state := getattr(error.orig, "sqlstate", None):
        return state[:2] in OF_THE_RECORD
    by_the_driver = error.orig is not None and isinstance(error.orig.__cause__, ValueError)
    return by_the_driver or isinstance(error, (DataError, IntegrityError))


def _poisoned(item: Item, error: Exception) -> Item:
    """The record as a dead letter: the database or our own code could not take it."""
    kind = "database" if isinstance(error, DBAPIError) else "bug"
    if kind == "bug":
        log.exception("record.bug", partition=item.partition, offset=item.record.offset)
    name = type(error.orig if isinstance(error, DBAPIError) and error.orig else error).__name__
    return Item(item.partition, item.before, item.after, item.record, BadRecord(kind, f"could not be stored: {name}"))
