"""Notes who read what: every answered question about data becomes a line of the audit, within a second, many at once.

A question waits for no line; but while the lines can't be written and too many wait, nothing more is shown to anybody.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from starlette.types import Scope

from services.domain.actor import Actor
from services.store import audit
from services.store.audit import Line
from services.store.engine import Store
from services.wiring import DATABASE_AWAY

log = structlog.get_logger(__name__)

EVERY_S: Final = 0.5
AT_ONCE: Final = 1_000
STOP_S: Final = 2.0
MOST_WAITING: Final = 20_000


class Reads:
    """The lines that wait to be written."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._waiting: list[Line] = []

    @property
    def full(self) -> bool:
        """Whether nothing more may be shown: what is read must be on record."""
        return len(self._waiting) >= MOST_WAITING

    def note(self, scope: Scope, actor: Actor) -> None:
        """One answered GET: the route, and which of them where the path says so."""
        route = str(getattr(scope.get("route"), "path", ""))
        named = list(scope.get("path_params", {}).values())
        state = scope["state"]
        self._waiting.append(
            audit.line(
                "READ",
                at=self._now(),
                by=actor,
                about=route,
                key=named[0] if named else None,
                detail=state.get("shown"),
                request_id=state.get("request_id"),
            )
        )

    async def keep(self) -> None:
        """Write what waits, twice a second, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.write()
            except DATABASE_AWAY as away:
                log.info("reads.wait", action="reads.wait", reason=type(away).__name__, lines=len(self._waiting))

    async def write(self) -> None:
        """Everything that waits. Raises what the database raises; then the lines wait on."""
        while self._waiting:
            some = self._waiting[:AT_ONCE]
            async with self._store.begin() as tx:
                await audit.add(tx, some)
            del self._waiting[: len(some)]

    async def stop(self) -> None:
        """Write what still waits, if the database is there."""
        try:
            async with asyncio.timeout(STOP_S):
                await self.write()
        except DATABASE_AWAY as away:
            log.warning("reads.lost", action="reads.lost", reason=type(away).__name__, lines=len(self._waiting))
