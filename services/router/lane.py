"""A lane: one writing connection with its own partitions. Fetch, decode, prepare, write, send; one batch at a time.

While a batch is being written, the messages of the one before are sent; a message that the broker has is deleted by a
later batch. What happens at each crash: before the commit nothing happened and the records are read again; after it the
case, its instruction (in the outbox) and the position are there together, and whoever takes over sends the instruction.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager, suppress

import structlog
from aiokafka import TopicPartition
from sqlalchemy.ext.asyncio import AsyncConnection

from services.broker.consumer import PositionLost, RawConsumer
from services.broker.link import BrokerSilent
from services.broker.producer import Sender
from services.router import metrics
from services.router.records import items_of
from services.router.sending import Sending
from services.router.writing import Writer
from services.store import intake, lanes, outbox
from services.store.engine import Transaction
from services.store.lanes import LaneOver, Position
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

MAX_BATCH = 200  # 250 take 10 MB more, 500 another 30 and the loop for 100 ms
IDLE_S = 0.05
PAUSE_S = 0.5  # after a failure of the broker or the database
CONFIRM_AFTER_S = 0.1
COMMIT_S = 1.0
GIVE_WAY_S = 0.3  # so long at most a batch waits for the watch to share out


class Lane:
    """`owned` is what this lane reads: positions by partition. It changes between two batches only."""

    def __init__(self, parts: Parts, topic: str, sender: Sender, *, name: str) -> None:
        self.topic, self.name = topic, name
        self.id: int | None = None  # the fence; None: no lane at present
        self.owned: dict[int, int] = {}
        self.gained: dict[int, Position] = {}  # what the watch took for this lane, until it is read
        self.surplus: set[int] = set()  # what it must give up
        self._incarnation = ""  # of the topic that `owned` is about
        self.ended = False  # the watch found this lane ended by another
        self.way_is_free = asyncio.Event()  # else the watch is at work: in a backlog the lanes leave it hardly a turn
        self.way_is_free.set()
        self.progress_at = time.monotonic()
        self.consumer = RawConsumer(parts.broker, group="quanzu-router", name=name)
        self._parts, self._store = parts, parts.store
        self._sending = Sending(sender, parts.clock)
        self._writer = Writer(parts, topic, self._sending)
        self._conn: AsyncConnection | None = None
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

    def gain(self, lane_id: int, positions: Iterable[Position]) -> None:
        """Read these too, from the next batch on. What was taken for a lane that is over is free already."""
        if self.id == lane_id:
            new = (position for position in positions if position.partition not in self.owned)
            self.gained.update((position.partition, position) for position in new)

    def waits(self) -> str | None:
        """Why this lane is not ready, or None."""
        if self.consumer.waiting_for is not None:
            return self.consumer.waiting_for
        return None if self.id is not None else "a connection to the database"

    async def _open(self) -> None:
        self._conn = await self._store.engine.connect() if self._store.postgres else None
        async with self._begin() as tx:
            await intake.by_keys(tx)
            self.id = await lanes.open_lane(tx, topic=self.topic, process=self.name)
        await self._writer.write_as(self.id, self._conn)
        self.gained.clear()
        self.surplus.clear()
        self.ended = False

    async def _close(self) -> None:
        """Leave in good order where that is possible; otherwise the others find the connection gone."""
        await self._sending.done()
        over, self.id = self.id, None
        confirmed = tuple(self._sending.confirmed)
        self._sending.forget(confirmed)
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
        if not self.way_is_free.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(GIVE_WAY_S):
                    await self.way_is_free.wait()
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
            for partition, _, following in await self._writer.settle(items_of(batches), incarnation=self._incarnation):
                self.owned[partition] = following
            metrics.BATCH_SECONDS.observe(time.monotonic() - began)
        elif self._sending.confirmed and began - self._sending.confirmed_at > CONFIRM_AFTER_S:
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
        gained = dict(self.gained)
        incarnation = self.consumer.incarnation(self.topic)
        if all(position.stands_in(incarnation) for position in gained.values()):
            self._incarnation = self._incarnation if self.owned else incarnation
            self.owned.update((number, position.next_offset) for number, position in gained.items())
            self._read()
        else:
            await self._start_partitions(sorted(gained))
        for number in gained:
            del self.gained[number]  # only now: until it is owned, the watch would find it once more

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
            known = {position.partition: position for position in await lanes.positions(tx.conn, [self.topic])}
            moves = {}
            for number in numbers:
                begin, end = bounds[TopicPartition(self.topic, number)]
                position = known[number]
                if position.lane != self.id:
                    continue  # given away meanwhile
                offset = position.next_offset
                forgotten = number == lost or not position.stands_in(incarnation) or not begin <= offset <= end
                if forgotten:
                    if offset != lanes.UNREAD:
                        self._alarm(number, offset, begin, end)
                    moves[number] = offset = begin
                self.owned[number] = offset
            if moves:
                await lanes.start_at(tx, topic=self.topic, lane_id=self.id, offsets=moves, incarnation=incarnation)
        self._read()

    def _read(self) -> None:
        self.consumer.assign({TopicPartition(self.topic, number): at for number, at in self.owned.items()})

    def _alarm(self, number: int, offset: int, begin: int, end: int) -> None:
        metrics.RESETS.inc()
        log.error(
            "lane.position_reset", topic=self.topic, partition=number, position=offset, earliest=begin, latest=end
        )

    async def _forget_confirmed(self) -> None:
        confirmed = tuple(self._sending.confirmed)
        async with self._begin() as tx:
            await outbox.forget(tx, confirmed)
        self._sending.forget(confirmed)
