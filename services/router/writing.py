"""A batch is written whole, in one transaction; what stands in its way is waited for, halved out or begun afresh."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import asyncpg
import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.case import Change
from services.handlers.incoming import Incoming, Withdrawal
from services.handlers.repeats import Vanished
from services.handlers.routing import with_ways
from services.handlers.tally import tally, tally_repeats
from services.handlers.warning import BadRecord, Prepared, Taken, open_all, route, take, take_alone, too_far_ahead
from services.handlers.withdrawal import withdraw
from services.router import metrics
from services.router.records import Item, letter_for, letter_message, moved, runs_of
from services.router.sending import Sending
from services.store import dead_letters, outbox
from services.store.cases import due_soon
from services.store.intake import Opening, Progress
from services.store.lanes import LaneOver
from services.store.signals import Signal
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

TRIES = 5
FEW = 25  # so small a batch is tried as one statement: its round trips are what it costs
TRANSIENT = frozenset({"40001", "40P01", "55P03", "57014", "23505"})  # the last: another lane was first with a record
OF_THE_RECORD = frozenset({"22", "23", "54"})  # SQLSTATE classes: the value, a constraint, a limit

Moved = list[tuple[int, int, int]]  # partition, first position, following position


class Writer:
    """Writes the batches of one topic for its lane, on the lane's connection (None on SQLite)."""

    def __init__(self, parts: Parts, topic: str, sending: Sending) -> None:
        self._parts, self._topic, self._sending = parts, topic, sending
        self._lane = 0
        self._conn: AsyncConnection | None = None
        self._driver: asyncpg.Connection | None = None

    async def write_as(self, lane: int, conn: AsyncConnection | None) -> None:
        """From now on as this lane: where it is over, nothing is written."""
        self._lane, self._conn = lane, conn
        self._driver = conn and (await conn.get_raw_connection()).driver_connection

    async def settle(self, items: Sequence[Item], *, incarnation: str) -> Moved:
        """Write a batch; one that can't be written is halved until the poison record stands alone.

        Returns how far each partition has moved. Raises LaneOver, or the database's own trouble.
        """
        runs = runs_of(items)
        if len(runs) > 1:
            return [one for run in runs for one in await self.settle(run, incarnation=incarnation)]
        for attempt in range(1, TRIES + 1):
            try:
                return await self._write(items, incarnation)
            except LaneOver:
                raise
            except Vanished:
                if attempt > 1 and len(items) > 1:  # no race: the records of this very batch stand in each other's way
                    return await self._halved(items, incarnation, "Vanished")
            except Exception as error:
                if _transient(error) and attempt < TRIES:
                    await asyncio.sleep(0.01 * 2**attempt)
                elif not _of_the_record(error):
                    raise
                elif len(items) == 1:
                    return await self._write([_poisoned(items[0], error)], incarnation)
                else:
                    return await self._halved(items, incarnation, type(error).__name__)
        raise LaneOver  # the same obstacle came and went five times: begin afresh

    async def _halved(self, items: Sequence[Item], incarnation: str, reason: str) -> Moved:
        log.warning("batch.halved", records=len(items), reason=reason)
        half = len(items) // 2
        first = await self.settle(items[:half], incarnation=incarnation)
        return first + await self.settle(items[half:], incarnation=incarnation)

    async def _write(self, items: Sequence[Item], incarnation: str) -> Moved:
        """Everything about these records in one transaction, then their messages on their way."""
        now = self._parts.clock.now()
        context = self._parts.context
        incoming = [item.found for item in items if isinstance(item.found, Incoming)]
        policy = context.picture.policy
        routed = route(context, incoming, policy=policy, now=now)
        if context.ways is not None:
            routed = replace(routed, asks=await with_ways(context, routed.asks, now))
        prepared = open_all(context, routed, policy=policy, now=now)
        taken_back = [item.found for item in items if isinstance(item.found, Withdrawal)]
        ahead = too_far_ahead(taken_back, policy, now)
        bad = _refused(items, (*prepared.refused, *ahead))
        taken_back = [one for one in taken_back if all(one is not refused for refused, _ in ahead)]
        letters = [
            letter_for(item, fault, topic=self._topic, incarnation=incarnation, sealer=context.sealer, now=now)
            for item, fault in bad
        ]
        confirmed = tuple(self._sending.confirmed)
        progress = Progress(topic=self._topic, lane=self._lane, moved=moved(items), confirmed=confirmed)
        withdrawn: Sequence[Change] = ()
        taken = None if letters or taken_back else await self._taken_alone(prepared, progress, now)
        if taken is None:
            async with self._parts.store.begin(on=self._conn, now=now) as tx:
                taken = await take(tx, context, prepared, progress)
                withdrawn = await withdraw(tx, context, taken_back)
                await dead_letters.add(tx, letters)
                await outbox.add(tx, [letter_message(letter) for letter in letters])
                if _due_soon(taken.opened, now):
                    tx.wake(Signal.DUE)
        self._sending.forget(confirmed)
        await self._sending.send(taken)
        self._count(items, taken, [fault for _, fault in bad])
        tally(withdrawn)
        return list(progress.moved)

    async def _taken_alone(self, prepared: Prepared, progress: Progress, now: datetime) -> Taken | None:
        if self._driver is None or len(prepared.openings) > FEW or _due_soon(prepared.openings, now):
            return None
        return await take_alone(self._driver, prepared, progress, now=now)

    def _count(self, items: Sequence[Item], taken: Taken, faults: Sequence[BadRecord]) -> None:
        given = self._parts.context.given
        for opening in taken.opened:
            if opening.change.case.responder is not None:
                given[opening.change.case.responder] += 1
        tally([opening.change for opening in taken.opened])
        tally(taken.changes)
        tally_repeats(taken.repeats)
        metrics.RECORDS.labels(self._topic).inc(len(items))
        for fault in faults:
            metrics.DEAD_LETTERS.labels(fault.kind).inc()
        log.info(
            "batch.settled",
            topic=self._topic,
            records=len(items),
            opened=len(taken.opened),
            repeats=len(taken.repeats),
            redelivered=taken.redelivered,
            dead_letters=len(faults),
        )


def _refused(
    items: Sequence[Item], refusals: Sequence[tuple[Incoming | Withdrawal, BadRecord]]
) -> list[tuple[Item, BadRecord]]:
    """The records that become dead letters: unreadable ones, and those that were refused."""
    faults = {id(refused): fault for refused, fault in refusals}
    return [
        (item, item.found if isinstance(item.found, BadRecord) else faults[id(item.found)])
        for item in items
        if isinstance(item.found, BadRecord) or id(item.found) in faults
    ]


def _due_soon(openings: Sequence[Opening], now: datetime) -> bool:
    return any(due_soon(opening.change.case, now) for opening in openings)


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
