"""The relay process: sends what the outbox holds and no lane sends, and deletes what the broker has. Any number may run.

A message is sent while its row is locked and deleted in the same transaction. Killed in between, the row is free again
and the same bytes go out a second time under the same id; nothing is ever only in memory.
"""

import asyncio
import time
from datetime import timedelta
from typing import Any

import structlog

from schemas.envelope import headers_for
from services.broker.producer import Message as Record
from services.broker.producer import Sender, SendUnknown, TooLargeToSend
from services.handlers.messages import SOURCE
from services.health import Pulse
from services.relay import metrics
from services.relay.figures import keep_figures
from services.relay.sealer import keep_seals
from services.relay.trail import keep_trail
from services.store import outbox
from services.store.engine import Transaction
from services.store.outbox import Waiting
from services.store.sealing import CannotOpen, Sealer
from services.store.signals import Signal
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

BATCH = 500
POLL_S = 1.0  # a signal may be lost
SEND_S = 5.0  # rows are locked meanwhile; the database ends a transaction that is idle for ten
SWEEP_S = 2.0
LANES_OWN = timedelta(seconds=5)  # so long a lane sends its own messages, then everybody may
LATER_A_SECOND, LATER_EVERY_S = 100, 1.0  # of what came above its source's quota: far below what one router takes
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0


async def run(parts: Parts) -> None:
    """Send until `parts.stop`; the broker or the database may be away for any time."""
    sender = Sender(parts.broker, name="relay")
    try:
        async with asyncio.TaskGroup() as tasks:
            keepers = (sender.start(), keep_trail(parts), keep_seals(parts), keep_figures(parts))
            beside = [tasks.create_task(keeper) for keeper in keepers]
            await Relay(parts, sender).run()
            for task in beside:
                task.cancel()
    finally:
        await sender.stop()


class Relay:
    """`aside` holds the rows that can't be sent as things are now: they stay, and stand in nobody's way."""

    def __init__(self, parts: Parts, sender: Sender) -> None:
        self.aside: set[int] = set()
        self._parts, self._sender = parts, sender
        self._pulse = Pulse(parts.health, "relay")
        self._swept_at = 0.0
        self._later_at = 0.0
        self._pause_s = FIRST_PAUSE_S

    async def run(self) -> None:
        """Rounds without a break while there is work, else at a signal or every second."""
        while not self._parts.stop.is_set():
            try:
                more = await self._round()
            except SendUnknown as unknown:
                await self._missed(metrics.UNKNOWN, f"the broker: {unknown}", away=True)
            except DATABASE_AWAY as error:
                await self._missed(
                    metrics.DATABASE,
                    f"the database ({type(error).__name__})",
                    away=not await self._parts.store.answers(),
                )
            except Exception:
                log.exception("relay.bug")
                await self._missed(metrics.BUG, "a bug", away=False)
            else:
                self._pause_s = FIRST_PAUSE_S
                if not more:
                    await self._rest(POLL_S)

    async def _round(self) -> bool:
        """Send one claim; whether more may wait."""
        sweeps = time.monotonic() - self._swept_at > SWEEP_S
        if sweeps:
            await self._measure()
        if self._sender.waiting_for is not None:
            self._pulse.missed(self._sender.waiting_for, away=True)
            return False
        async with self._parts.store.begin() as tx:
            waiting = await outbox.claim(tx, limit=BATCH, older_than=LANES_OWN if sweeps else None, without=self.aside)
            if not waiting:
                waiting = await self._later(tx)
            sent = await self._send(tx, waiting) if waiting else []
        for one in sent:
            metrics.SENT.labels(one.message.topic).inc()
        self._pulse.beat()
        return len(waiting) == BATCH

    async def _later(self, tx: Transaction) -> list[Waiting]:
        """Some of what nobody hurries, now that nothing else waits: not more a second than `LATER_A_SECOND`."""
        now = time.monotonic()
        if now - self._later_at < LATER_EVERY_S:
            return []
        self._later_at = now
        return await outbox.claim(tx, limit=int(LATER_A_SECOND * LATER_EVERY_S), without=self.aside, later=True)

    async def _send(self, tx: Transaction, waiting: list[Waiting]) -> list[Waiting]:
        """Send, and forget what the broker has; returns that. Raises SendUnknown, and then every row stays."""
        records = self._records(waiting)
        refused: set[int] = set()
        try:
            await self._sender.send(list(records.values()), within=SEND_S)
        except TooLargeToSend as error:
            refused = {id(record) for record in error.messages}
        sent = []
        for one in waiting:
            if one.id in records and id(records[one.id]) in refused:
                self._set_aside(one, metrics.TOO_LARGE)
            elif one.id in records:
                sent.append(one)
        await outbox.forget(tx, [one.id for one in sent])
        return sent

    def _records(self, waiting: list[Waiting]) -> dict[int, Record]:
        """By row; one whose seal does not open is set aside."""
        records = {}
        for one in waiting:
            try:
                records[one.id] = _record(self._parts.context.sealer, one)
            except CannotOpen:
                self._set_aside(one, metrics.CANNOT_OPEN)
        return records

    def _set_aside(self, one: Waiting, kind: str) -> None:
        message = one.message
        log.error("relay.set_aside", reason=kind, ce_id=message.ce_id, topic=message.topic, bytes=len(message.value))
        self.aside.add(one.id)
        metrics.FAILURES.labels(kind).inc()
        metrics.ASIDE.set(len(self.aside))

    async def _measure(self) -> None:
        async with self._parts.store.read() as conn:
            oldest = await outbox.oldest(conn)
            metrics.MESSAGES.set(await outbox.count(conn))
        age_s = 0.0 if oldest is None else (self._parts.clock.now() - oldest).total_seconds()
        metrics.AGE.set(max(0.0, age_s))
        self._swept_at = time.monotonic()

    async def _missed(self, kind: str, reason: str, *, away: bool) -> None:
        metrics.FAILURES.labels(kind).inc()
        self._pulse.missed(reason, away=away)
        await self._rest(self._pause_s, heeds_signals=False)
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    async def _rest(self, seconds: float, *, heeds_signals: bool = True) -> None:
        waits: set[asyncio.Task[Any]] = {asyncio.create_task(self._parts.stop.wait())}
        if heeds_signals:
            waits.add(asyncio.create_task(self._parts.store.signals.wait(Signal.OUTBOX, seconds=seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=seconds)
        finally:
            for waiting in waits:
                waiting.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


def _record(sealer: Sealer, waiting: Waiting) -> Record:
    message, value = waiting.message, waiting.message.value
    if message.wrapped_key is not None:
        value = sealer.unwrap(message.wrapped_key).open(value, bound_to=message.ce_id.encode())
    return Record(
        topic=message.topic,
        key=message.key.encode(),
        value=value,
        headers=headers_for(
            id=message.ce_id,
            source=message.ce_source or SOURCE,
            type=message.ce_type,
            time=waiting.created_at,
            key=message.key,
        ),
    )
