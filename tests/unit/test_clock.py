"""The two clocks: one that runs with the machine's monotonic time, one that stands still until it is moved."""

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from services.clock import MovedClock, SteadyClock

ORIGIN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return ORIGIN + timedelta(seconds=seconds)


async def asleep(clock: MovedClock, until: datetime, woken: list[datetime]) -> None:
    await clock.sleep_until(until)
    woken.append(until)


async def all_settled() -> None:
    """Let every task that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("speed", [1.0, 10.0, 3600.0])
def test_a_steady_clock_runs_at_its_speed(speed: float) -> None:
    started = time.monotonic() - 7
    clock = SteadyClock(ORIGIN, speed=speed, measured_at=started)

    earliest = (time.monotonic() - started) * speed
    passed = (clock.now() - ORIGIN).total_seconds()
    latest = (time.monotonic() - started) * speed

    assert earliest - 1e-5 <= passed <= latest + 1e-5


def test_a_steady_clock_never_goes_backwards() -> None:
    clock = SteadyClock(ORIGIN)
    seen = [clock.now() for _ in range(1000)]

    assert seen == sorted(seen)
    assert seen[0] >= ORIGIN


def test_every_clock_speaks_utc() -> None:
    there = timezone(timedelta(hours=8))

    assert SteadyClock(ORIGIN.astimezone(there)).now().tzinfo is UTC
    clock = MovedClock(ORIGIN.astimezone(there))
    clock.move_to(after(5).astimezone(there))
    assert (clock.now(), clock.now().tzinfo) == (after(5), UTC)


async def test_a_steady_clock_wakes_no_sleeper_early() -> None:
    clock = SteadyClock(ORIGIN, speed=1000.0)

    async with asyncio.timeout(5):
        await clock.sleep_until(after(20))

    assert clock.now() >= after(20)


async def test_a_moment_that_is_past_needs_no_sleep() -> None:
    async with asyncio.timeout(5):
        await SteadyClock(ORIGIN).sleep_until(ORIGIN)
        await MovedClock(ORIGIN).sleep_until(after(-1))


async def test_a_moved_clock_wakes_exactly_those_who_are_due() -> None:
    clock = MovedClock(ORIGIN)
    woken: list[datetime] = []
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        for seconds in (30, 10, 20):
            tasks.create_task(asleep(clock, after(seconds), woken))
        await all_settled()

        clock.move_to(after(20) - timedelta(microseconds=1))
        await all_settled()
        assert woken == [after(10)]

        clock.move_to(after(20))
        await all_settled()
        assert woken == [after(10), after(20)]

        clock.advance(timedelta(seconds=10))
    assert woken == [after(10), after(20), after(30)]


async def test_a_sleeper_who_gave_up_disturbs_nobody() -> None:
    clock = MovedClock(ORIGIN)
    woken: list[datetime] = []
    gone = asyncio.create_task(asleep(clock, after(10), woken))
    stays = asyncio.create_task(asleep(clock, after(10), woken))
    await all_settled()
    gone.cancel()
    await all_settled()

    clock.move_to(after(10))
    async with asyncio.timeout(5):
        await stays

    assert gone.cancelled()
    assert woken == [after(10)]


def test_a_moved_clock_refuses_to_go_back() -> None:
    clock = MovedClock(ORIGIN)
    clock.advance(timedelta(seconds=1))

    with pytest.raises(ValueError, match="never goes backwards"):
        clock.move_to(ORIGIN)
    assert clock.now() == after(1)
