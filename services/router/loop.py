"""The router process: a lane for the ordinary topic, one for the urgent, the watch that shares out, and the receipts.

One lane a topic: of two for the same one, each has half of what waits and all the cost of a batch, and waits for the
other's. Who wants more warnings a second starts another router.
"""

import asyncio
import os
import socket
import time
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.topics import TOPICS, WARNING_ISSUED, WARNING_URGENT
from services.broker.link import BrokerSilent
from services.broker.producer import Sender
from services.broker.topics import ensure_topics
from services.router import metrics
from services.router.lane import Lane
from services.router.receipts import read_receipts
from services.store import lanes
from services.store.engine import Transaction
from services.store.lanes import Position, Situation
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

LOOK_S, BEAT_S = 0.1, 0.5
PARTITIONS_S = 10.0  # how often the topics are asked whether they have grown
FROZEN_AFTER = timedelta(seconds=2)
STALLED_S = 30.0
SILENT_S = 3.0


async def run(parts: Parts) -> None:
    """Read, route and write until `parts.stop`. Any number of routers share the partitions evenly."""
    sender = Sender(parts.broker, name="router")
    here = f"{socket.gethostname()}:{os.getpid()}"
    topics = (WARNING_URGENT, WARNING_ISSUED)
    running = [Lane(parts, topic, sender, name=f"{here}/{index}") for index, topic in enumerate(topics)]
    for index, lane in enumerate(running):
        parts.health.ready_when(f"lane {index}", lane.waits)
    parts.health.alive_while("router", lambda: _stalled(running))
    try:
        if await _done_before_stop(parts, _connect(parts, sender, running)):
            await _read_and_watch(parts, running)
    finally:
        await asyncio.gather(sender.stop(), *(lane.consumer.stop() for lane in running))


async def _connect(parts: Parts, sender: Sender, running: list[Lane]) -> None:
    """Returns once the broker is there, however long it stays away."""
    await _topics_exist(parts)
    await asyncio.gather(sender.start(), *(lane.consumer.start() for lane in running))


async def _read_and_watch(parts: Parts, running: list[Lane]) -> None:
    counts: dict[str, int] = {}
    async with asyncio.TaskGroup() as tasks:
        others = (
            _count(running, counts),
            _beat(parts, running),
            _watch(parts, running, counts),
            read_receipts(parts),
        )
        beside = [tasks.create_task(work) for work in others]
        await asyncio.wait([tasks.create_task(lane.run()) for lane in running])
        for task in beside:
            task.cancel()


async def _done_before_stop(parts: Parts, work: Coroutine[Any, Any, None]) -> bool:
    """Whether `work` came to its end; at `parts.stop` it is cancelled."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(parts.stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
            return True
        return False
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.wait({working, stopping})


async def _topics_exist(parts: Parts) -> None:
    """Make the topics of the table where they are missing; waits for the broker, however long it is away."""
    waiting: list[str | None] = ["the topics"]
    parts.health.ready_when("topics", lambda: waiting[0])
    while not parts.stop.is_set():
        try:
            made = await ensure_topics(parts.broker, TOPICS.values())
        except BrokerSilent as silent:
            waiting[0] = str(silent)
            await asyncio.sleep(LOOK_S)
            continue
        except KafkaError as refused:  # most likely it may not make topics
            waiting[0] = f"the topics ({type(refused).__name__})"
            log.warning("topics.refused", action="topics.refused", reason=type(refused).__name__)
            await asyncio.sleep(LOOK_S)
            continue
        if made:
            log.info("topics.made", topics=made)
        break
    waiting[0] = None


async def _count(running: list[Lane], counts: dict[str, int]) -> None:
    """Ask now and then how many partitions there are. Apart from the watch, which a silent broker must not hold up."""
    while True:
        pause_s = PARTITIONS_S
        for lane in running:
            try:
                found = await lane.consumer.partitions([lane.topic])
            except BrokerSilent:
                found = set()  # its lane says what it waits for
            if found:
                counts[lane.topic] = len(found)
            else:
                pause_s = LOOK_S
        await asyncio.sleep(pause_s)


async def _beat(parts: Parts, running: list[Lane]) -> None:
    """Say again and again that our lanes live. Apart from the watch: neither may hold the other up, or take it along."""
    while True:
        try:
            async with parts.store.begin() as tx:
                await lanes.beat(tx, _ids(running))
        except DATABASE_AWAY as away:
            log.info("beat.database_away", reason=type(away).__name__)
        await asyncio.sleep(BEAT_S)


async def _watch(parts: Parts, running: list[Lane], counts: dict[str, int]) -> None:
    """End lanes of others that are dead, and keep to an even share.

    Nearly always all is as it was at the last look: one question on a connection of its own finds that out.
    """
    looked_at = time.monotonic()
    parts.health.ready_when("watch", lambda: _silent(looked_at))
    settled: Situation = ()
    conn: AsyncConnection | None = None
    try:
        while True:
            began = time.monotonic()
            try:
                conn = conn or await parts.store.asking()
                now_so = (*_ids(running), *counts.items(), *await _situation(parts, conn, counts))
                if now_so != settled:
                    with _held_back(running):
                        settled = () if await _look_at_all(parts, running, counts) else now_so
                looked_at = began
            except DATABASE_AWAY as away:
                log.info("watch.database_away", reason=type(away).__name__)
                await _dropped(conn)
                conn = None
            _gauge(running)
            await asyncio.sleep(max(0.0, LOOK_S - (time.monotonic() - began)))
    finally:
        await _dropped(conn)


def _ids(running: list[Lane]) -> list[int]:
    return [lane.id for lane in running if lane.id is not None]


async def _situation(parts: Parts, conn: AsyncConnection, topics: Iterable[str]) -> Situation:
    found = await lanes.situation(conn, list(topics), alive_since=parts.clock.now() - FROZEN_AFTER)
    await conn.rollback()  # on SQLite a question keeps its moment until it is over
    return found


async def _look_at_all(parts: Parts, running: list[Lane], counts: Mapping[str, int]) -> bool:
    """Put our lanes' shares right; whether there was anything to do.

    There are few questions, however many lanes are dead: what others left waits for the last of them.
    """
    looking = [(lane, lane.id, set(lane.owned)) for lane in running if lane.id is not None and lane.topic in counts]
    topics = sorted({lane.topic for lane, _, _ in looking})
    async with parts.store.begin() as tx:
        alive = await lanes.end_dead(tx, topics=topics, ours=_ids(running), frozen_after=FROZEN_AFTER)
        known = await lanes.positions(tx.conn, topics)
        did = []
        for lane, lane_id, owned in looking:
            beside = [one.id for one in alive if one.topic == lane.topic]
            positions = [one for one in known if one.topic == lane.topic and one.partition < counts[lane.topic]]
            # What it read before the question and gave up meanwhile must not come back by an old answer.
            lane.gain(lane_id, [one for one in positions if one.lane == lane_id and one.partition not in owned])
            did.append(await _look(tx, lane, lane_id, beside, positions, partitions=counts[lane.topic]))
    return any(did)


@contextmanager
def _held_back(running: list[Lane]) -> Iterator[None]:
    """No lane begins a batch meanwhile: of each question's answer the watch would hear only after one."""
    try:
        for lane in running:
            lane.way_is_free.clear()
        yield
    finally:
        for lane in running:
            lane.way_is_free.set()


async def _dropped(conn: AsyncConnection | None) -> None:
    if conn is not None:
        await conn.invalidate()
        await conn.close()


def _silent(looked_at: float) -> str | None:
    """An idle lane asks the database for nothing, so it is the watch that notices when there is no answer."""
    return "the database does not answer" if time.monotonic() - looked_at > SILENT_S else None


async def _look(
    tx: Transaction,
    lane: Lane,
    lane_id: int,
    alive: Sequence[int],
    positions: Sequence[Position],
    *,
    partitions: int,
) -> bool:
    """Put one lane's share right; whether there was anything to do."""
    if lane_id not in alive:
        lane.ended = True  # by another process; it may have nothing to write that would tell it so
        return True
    if len(positions) < partitions:
        incarnation = lane.consumer.incarnation(lane.topic)
        await lanes.know(tx, topic=lane.topic, partitions=partitions, incarnation=incarnation)
        return True
    mine = [one for one in positions if one.lane == lane_id]
    share = lanes.quota(len(positions), alive, lane_id)
    if len(mine) > share:
        lane.surplus.update(one.partition for one in mine[share:])
        return True
    if len(mine) < share and any(one.lane is None for one in positions):
        taken = await lanes.take(tx, topic=lane.topic, lane_id=lane_id, wanted=share - len(mine))
        metrics.TAKEOVERS.inc(len(taken))
        tx.after(partial(lane.gain, lane_id, taken))
        return True
    return bool(lane.gained)


def _stalled(running: list[Lane]) -> str | None:
    """A lane that neither settles a batch nor hears from the broker can't mend itself."""
    now = time.monotonic()
    for lane in running:
        if lane.id is not None and lane.waits() is None and now - lane.progress_at > STALLED_S:
            return f"a lane of {lane.topic} makes no progress"
    return None


def _gauge(running: list[Lane]) -> None:
    for lane in running:
        metrics.PARTITIONS.labels(lane.topic).set(len(lane.owned))
        metrics.LAG.labels(lane.topic).set(lane.consumer.lag())
        metrics.PROGRESS.labels(lane.topic).set(time.time() - (time.monotonic() - lane.progress_at))
