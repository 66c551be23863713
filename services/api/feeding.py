"""Feeds the open lines of a broadcaster: one task writes what is new to all, and has it asked whether each still may hear.

A line that takes nothing gets nothing until it is free, and reads on from where it stood. Bytes are shared between lines.
"""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog

from services.api import metrics
from services.api.events import BEAT_S, Broadcaster, Reader
from services.lines import Line, chunked

log = structlog.get_logger(__name__)

AT_ONCE: Final = 256  # lines written to before anybody else has a turn
ASKED_AT_ONCE: Final = 4
TICK_S: Final = 0.25

Allowed = Callable[[], Awaitable[bool]]


@dataclass(slots=True, eq=False)
class Listener:
    line: Line
    reader: Reader
    allowed: Allowed
    gone: bool = False


class Feed:
    """The lines of one broadcaster. Its task lives as long as there are lines."""

    def __init__(self, broadcaster: Broadcaster, *, beat_s: float = BEAT_S) -> None:
        self.broadcaster = broadcaster
        self._beat_s = beat_s
        self._listeners: dict[Listener, None] = {}  # in the order in which they came
        self._turns: deque[Listener] = deque()  # whose right to listen is asked for next
        self._telling: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._chunk: tuple[bytes, bytes] = (b"", b"")

    def add(self, line: Line, reader: Reader, allowed: Allowed) -> None:
        """From here on the line hears what its reader has to hear, until it is gone or no longer allowed."""
        listener = Listener(line, reader, allowed)
        line.free = lambda: self._write(listener)
        line.lost = lambda: self._forget(listener)
        self._listeners[listener] = None
        self._turns.append(listener)
        self.broadcaster.streams += 1
        metrics.STREAMS.inc()
        self._write(listener)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())
            self._telling.add_done_callback(self._ended)

    def _forget(self, listener: Listener) -> None:
        listener.gone = True
        self._listeners.pop(listener, None)
        self.broadcaster.streams -= 1
        metrics.STREAMS.dec()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A bug must not leave lines that hear nothing: whoever is cut off asks again."""
        if not task.cancelled() and task.exception() is not None:
            log.error("events.feed_failed", action="events.feed_failed", error=type(task.exception()).__name__)
            self._hang_up()

    def _hang_up(self) -> None:
        for listener in list(self._listeners):
            listener.line.close()

    async def _tell(self) -> None:
        """Write what is new, to all; in slices, because each is a call of the kernel."""
        while self._listeners:
            news = self.broadcaster.news
            for number, listener in enumerate(list(self._listeners), start=1):
                self._write(listener)
                if number % AT_ONCE == 0:
                    await asyncio.sleep(0)
            if self.broadcaster.closed:
                self._hang_up()
                return
            while self._listeners and not await _within(news, TICK_S):
                if self._asking is None or self._asking.done():
                    self._asking = asyncio.create_task(self._ask())
                    self._asking.add_done_callback(self._ended)

    def _write(self, listener: Listener) -> None:
        line = listener.line
        while not (line.full or listener.gone) and (told := self.broadcaster.read(listener.reader)) is not None:
            line.write(self._chunk_of(told))

    def _chunk_of(self, told: bytes) -> bytes:
        """Most lines are told the very same bytes, one after the other."""
        if told is not self._chunk[0]:
            self._chunk = (told, chunked(told))
        return self._chunk[1]

    async def _ask(self) -> None:
        """So many that all have had their turn in the time of a beat: is each still allowed? Show that the line is alive."""
        due = math.ceil(len(self._listeners) * TICK_S / self._beat_s)
        while due > 0 and self._turns:
            asked = [self._turns.popleft() for _ in range(min(ASKED_AT_ONCE, len(self._turns)))]
            due -= len(asked)
            await asyncio.gather(*(self._beat(one) for one in asked if not one.gone))

    async def _beat(self, listener: Listener) -> None:
        if not await listener.allowed():
            listener.line.close()
        elif not listener.gone:
            self._turns.append(listener)
            if not listener.line.full:
                listener.line.write(self._chunk_of(self.broadcaster.beat(listener.reader)))


async def _within(news: asyncio.Event, seconds: float) -> bool:
    """Whether there was news in this time."""
    try:
        async with asyncio.timeout(seconds):
            return await news.wait()
    except TimeoutError:
        return False
