"""Stores the trail of positions once a second. Of many relays one does it, the others stand by. Sends nothing.

It is the relay's and not the timekeeper's: nobody's hour waits here while positions are sealed.
"""

import asyncio
from datetime import timedelta

import structlog

from services.handlers.trail import Waiting, store
from services.relay.sole import Sole
from services.store import trail
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

EVERY_S = 1.0
FORGET_EVERY = timedelta(seconds=20)  # twice what comes in meanwhile can go


async def keep_trail(parts: Parts) -> None:
    """Gather and store until cancelled; what waits then is stored. While the database is away the oldest is given up."""
    writer = TrailWriter(parts)
    parts.positions.keeper = writer.waiting
    try:
        while True:
            await asyncio.sleep(EVERY_S)
            await writer.round()
    finally:
        parts.positions.keeper = None
        await writer.stop()


class TrailWriter:
    """Stores on the one connection that may write."""

    def __init__(self, parts: Parts) -> None:
        self.waiting = Waiting()
        self._parts = parts
        self._sole = Sole(parts.store, trail.may_write)
        self._forget_at = parts.clock.now()

    async def round(self, *, everything: bool = False) -> None:
        """Store what is due, delete what is old. A stand-by and a lost database let go what is due."""
        now = self._parts.clock.now()
        due = self.waiting.all() if everything else self.waiting.due(now.timestamp())
        try:
            if not await self._sole.held() or not (due or now >= self._forget_at):
                return
            async with self._parts.store.begin(on=self._sole.conn) as tx:
                if due:
                    await store(tx, self._parts.context.sealer, due)
                if now >= self._forget_at:
                    await trail.forget_old(tx)
                    self._forget_at = now + FORGET_EVERY
        except DATABASE_AWAY as away:
            log.info("trail.lost", action="trail.lost", reason=type(away).__name__, responders=len(due))
            await self._sole.let_go()
        except Exception as bug:  # the relay's messages do not end with the trail; the words may quote a position
            log.error("trail.bug", action="trail.bug", error=type(bug).__name__)
            await self._sole.let_go()

    async def stop(self) -> None:
        """Store what waits, if the database is there, and let another write."""
        await self.round(everything=True)
        await self._sole.let_go()
