"""Who must look now: LISTEN/NOTIFY on PostgreSQL, an event of the process on SQLite. A lost signal costs a poll, no more."""

import asyncio
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import asyncpg
from sqlalchemy.engine import URL

from services.store.secured import Tls

CHANNEL = "quanzu"


class Signal(StrEnum):
    DUE = "due"  # a case has a new earliest due time
    OUTBOX = "outbox"  # the relay has a message to send
    ENTRY = "entry"  # somebody may come in no longer


def telling(signals: Iterable[Signal]) -> list[str]:
    """The statements that tell the other processes, when their transaction commits."""
    return [f"NOTIFY {CHANNEL}, '{signal.value}'" for signal in signals]


class Signals:
    """The signals of one process. `url` is None where nobody outside this process can write."""

    def __init__(self, url: URL | None, tls: Tls | None = None) -> None:
        self._tls = tls
        self._dsn = None if url is None else url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._events = {signal: asyncio.Event() for signal in Signal}
        self._listener: asyncpg.Connection | None = None
        self._connecting = asyncio.Lock()

    def fire(self, signals: Iterable[Signal]) -> None:
        for signal in signals:
            self._events[signal].set()

    async def wait(self, signal: Signal, *, seconds: float) -> None:
        """Return at the signal or after `seconds`, whichever comes first."""
        await self._listen()
        try:
            async with asyncio.timeout(seconds):
                await self._events[signal].wait()
        except TimeoutError:
            pass
        self._events[signal].clear()

    async def _listen(self) -> None:
        if self._dsn is None:
            return
        async with self._connecting:  # several loops of one process wait, one connection listens
            if self._listener is not None and not self._listener.is_closed():
                return
            try:
                self._listener = await self._connected(self._dsn)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                self._listener = None  # the caller's own poll goes on

    async def _connected(self, dsn: str) -> asyncpg.Connection:
        tls = {} if self._tls is None else self._tls.given()
        listener = await asyncpg.connect(dsn, timeout=3, **tls)
        try:
            await listener.add_listener(CHANNEL, self._heard)
        except BaseException:  # a waiter that was cancelled here must not leave a connection that hears nothing
            listener.terminate()
            raise
        return listener

    def _heard(self, _conn: Any, _pid: int, _channel: str, payload: str) -> None:
        self.fire(signal for signal in Signal if signal.value == payload)

    async def close(self) -> None:
        if self._listener is not None and not self._listener.is_closed():
            self._listener.terminate()
