"""Who must look now: LISTEN/NOTIFY on PostgreSQL, an event of the process on SQLite. A lost signal costs a poll, no more."""

import asyncio
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import asyncpg
from sqlalchemy.engine import URL

from services.store.secured import Tls


class Signal(StrEnum):
    DUE = "due"  # a case has a new earliest due time
    OUTBOX = "outbox"  # the relay has a message to send
    ENTRY = "entry"  # somebody may come in no longer

    @property
    def channel(self) -> str:
        """Each has its own: every change of a case tells somebody, and none is to be woken by what it does not wait for."""
        return f"quanzu_{self.value}"


def telling(signals: Iterable[Signal]) -> list[str]:
    """The statements that tell the other processes, when their transaction commits."""
    return [f"NOTIFY {signal.channel}" for signal in signals]


class Signals:
    """The signals of one process. `url` is None where nobody outside this process can write."""

    def __init__(self, url: URL | None, tls: Tls | None = None) -> None:
        self._tls = tls
        self._dsn = None if url is None else url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._events = {signal: asyncio.Event() for signal in Signal}
        self._listener: asyncpg.Connection | None = None
        self._listened: set[Signal] = set()  # by this connection
        self._connecting = asyncio.Lock()

    def fire(self, signals: Iterable[Signal]) -> None:
        for signal in signals:
            self._events[signal].set()

    async def wait(self, signal: Signal, *, seconds: float) -> None:
        """Return at the signal or after `seconds`, whichever comes first."""
        await self._listen(signal)
        try:
            async with asyncio.timeout(seconds):
                await self._events[signal].wait()
        except TimeoutError:
            pass
        self._events[signal].clear()

    async def _listen(self, signal: Signal) -> None:
        if self._dsn is None:
            return
        async with self._connecting:  # several loops of one process wait, one connection listens
            try:
                if self._listener is None or self._listener.is_closed():
                    tls = {} if self._tls is None else self._tls.given()
                    self._listener, self._listened = await asyncpg.connect(self._dsn, timeout=3, **tls), set()
                if signal not in self._listened:
                    await self._listener.add_listener(signal.channel, self._heard)
                    self._listened.add(signal)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                self._forget_listener()  # the caller's own poll goes on

    def _heard(self, _conn: Any, _pid: int, channel: str, _payload: str) -> None:
        self.fire(signal for signal in Signal if signal.channel == channel)

    def _forget_listener(self) -> None:
        if self._listener is not None and not self._listener.is_closed():
            self._listener.terminate()
        self._listener = None

    async def close(self) -> None:
        self._forget_listener()
