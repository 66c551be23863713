"""The clock port, the only source of time: the database's, advanced by the monotonic one. Moved in tests, faster in the demo."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, aware and in UTC. Never goes backwards."""

    async def sleep_until(self, when: datetime) -> None:
        """Return once `now()` is at or past `when`, never before."""


class SteadyClock:
    """Starts at `origin` and advances with the host's monotonic clock, so that a moved wall clock changes nothing.

    `origin` is the database's time, measured at connect. `speed` is how many seconds pass in one (the demo's).
    """

    def __init__(self, origin: datetime, *, speed: float = 1.0, measured_at: float | None = None) -> None:
        self._origin = origin.astimezone(UTC)
        self._started = time.monotonic() if measured_at is None else measured_at
        self.speed = speed

    def now(self) -> datetime:
        return self._origin + timedelta(seconds=(time.monotonic() - self._started) * self.speed)

    async def sleep_until(self, when: datetime) -> None:
        while (left := (when - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - it is time itself that is awaited
            await asyncio.sleep(left / self.speed)


class MovedClock:
    """A clock that stands still until somebody moves it. For tests and for simulated days."""

    def __init__(self, at: datetime) -> None:
        self._now = at.astimezone(UTC)
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    async def sleep_until(self, when: datetime) -> None:
        while self._now < when:
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._sleepers.append((when, waiting))
            await waiting

    def move_to(self, when: datetime) -> None:
        """Jump forward and wake whoever slept until then. Moving back is refused: time never does."""
        if when < self._now:
            raise ValueError("a clock never goes backwards")
        self._now = when.astimezone(UTC)
        awake = [sleeper for sleeper in self._sleepers if sleeper[0] <= self._now]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > self._now]
        for _, waiting in awake:
            if not waiting.done():
                waiting.set_result(None)

    def advance(self, span: timedelta) -> None:
        self.move_to(self._now + span)
