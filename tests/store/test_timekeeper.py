"""The timekeeper's loop: it wakes for the clock and for others, and outlives a lost database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from store_steps import NOW, context, count, minutes, opening, remembered, stored, until, write

from deploy.native.postgres import Postgres
from services.broker.link import BrokerAddress
from services.clock import MovedClock
from services.domain.states import State
from services.health import Health, Pulse
from services.settings import Settings
from services.store.engine import Store
from services.timekeeper import loop
from services.wiring import Parts


@asynccontextmanager
async def keeping(store: Store) -> AsyncIterator[Parts]:
    """A timekeeper at work on this store."""
    assert store.clock is not None
    parts = Parts(
        settings=Settings(),
        store=store,
        clock=store.clock,
        context=context("R1", "R2"),
        broker=BrokerAddress(bootstrap="nowhere:1"),
        health=Health(),
    )
    working = asyncio.create_task(loop.run(parts))
    try:
        yield parts
    finally:
        parts.stop.set()
        async with asyncio.timeout(20):
            await working


async def holder(store: Store, number: str) -> str | None:
    return (await stored(store, number)).case.responder


async def test_it_wakes_when_the_time_has_come(store: Store, clock: MovedClock) -> None:
    await write(store, opening("T-1"))

    async with keeping(store) as parts:
        await until(lambda: _ready(parts))
        assert await holder(store, "T-1") == "R1"
        clock.move_to(NOW + minutes(3))

        await until(lambda: _held_by(store, "T-1", "R2"))


async def test_it_settles_what_it_missed_at_its_start(store: Store, clock: MovedClock) -> None:
    await write(store, opening("T-1"))
    clock.move_to(NOW + minutes(30))

    async with keeping(store):
        await until(lambda: _held_by(store, "T-1", "R2"))


async def test_several_loops_fire_each_mark_once(postgres_store: Store, clock: MovedClock) -> None:
    await write(postgres_store, *(opening(f"T-{number}") for number in range(40)))

    async with keeping(postgres_store), keeping(postgres_store), keeping(postgres_store):
        clock.move_to(NOW + minutes(3))

        async def all_moved() -> bool:
            return await count(postgres_store, "event") >= 40 * 5

        await until(all_moved)
    assert await count(postgres_store, "event") == 40 * 5


async def test_a_rehearsal_leaves_nothing_behind(postgres_store: Store, clock: MovedClock) -> None:
    await write(postgres_store, *(opening(f"T-{number}") for number in range(20)))
    before = await _everything(postgres_store)

    async with keeping(postgres_store) as parts:
        await until(lambda: _rehearsed(postgres_store))
        await until(lambda: _ready(parts))
        assert await _everything(postgres_store) == before
        assert not parts.context.given
        clock.move_to(NOW + minutes(3))

        async def all_moved() -> bool:
            return await count(postgres_store, "event") >= 20 * 5

        await until(all_moved)
    assert await count(postgres_store, "event") == 20 * 5


async def test_its_metrics_tell_what_was_overdue(store: Store, clock: MovedClock) -> None:
    before = REGISTRY.get_sample_value("quanzu_timer_lateness_seconds_count") or 0
    await write(store, opening("T-1"))

    async with keeping(store) as parts:
        await until(lambda: _ready(parts))
        clock.move_to(NOW + minutes(3))
        await until(lambda: _held_by(store, "T-1", "R2"))

        async def observed() -> bool:
            return (REGISTRY.get_sample_value("quanzu_timer_lateness_seconds_count") or 0) > before

        await until(observed)
    assert REGISTRY.get_sample_value("quanzu_timer_overdue_seconds") == 0


async def test_it_forgets_keys_after_a_week(store: Store, clock: MovedClock) -> None:
    await write(store, opening("T-1"))
    case = (await stored(store, "T-1")).case
    async with store.begin() as tx:
        await remembered(tx, case, fingerprint=b"f")

    async with keeping(store) as parts:
        await until(lambda: _ready(parts))
        clock.advance(timedelta(days=7, hours=1))

        async def forgotten() -> bool:
            return await count(store, "command") == 0

        await until(forgotten)


async def test_it_outlives_a_killed_database(postgres: Postgres, postgres_store: Store, clock: MovedClock) -> None:
    await write(postgres_store, opening("T-1"))
    async with keeping(postgres_store) as parts:
        await until(lambda: _ready(parts))
        postgres.kill()
        try:
            await until(lambda: _waits_for_database(parts))
            assert parts.health.dead() == {}
            clock.move_to(NOW + minutes(3))
        finally:
            await asyncio.to_thread(postgres.start)

        await until(lambda: _ready(parts))
        await until(lambda: _held_by(postgres_store, "T-1", "R2"))


async def test_a_fault_of_our_own_is_not_the_databases(postgres_store: Store) -> None:
    """The database answers, only not what is asked: no outage, and /livez will tell."""
    async with keeping(postgres_store) as parts:
        await until(lambda: _ready(parts))
        async with postgres_store.engine.begin() as conn:
            await conn.execute(text("DROP TABLE cases CASCADE"))

        await until(lambda: _waits_for_database(parts))

    assert await postgres_store.answers()


@pytest.mark.parametrize(("away", "dead"), [(False, True), (True, False)])
def test_only_a_fault_of_our_own_needs_a_restart(away: bool, dead: bool) -> None:
    health = Health()
    pulse = Pulse(health, "loop", dead_after_s=0)

    pulse.missed("why", away=away)

    assert health.waits() == {"loop": "why"}
    assert bool(health.dead()) is dead


def test_a_loop_that_stands_still_is_dead() -> None:
    health = Health()
    Pulse(health, "slow", dead_after_s=0).beat()
    Pulse(health, "quick", dead_after_s=60).beat()

    assert list(health.dead()) == ["slow"]
    assert health.waits() == {}


async def _everything(store: Store) -> list[object]:
    async with store.read() as conn:
        return [
            (await conn.execute(text(f"SELECT t::text FROM {table} t ORDER BY 1"))).scalars().all()  # noqa: S608
            for table in ("cases", "event", "outbox", "notice")
        ]


async def _rehearsed(store: Store) -> bool:
    """What was taken back has used up numbers all the same."""
    async with store.read() as conn:
        used = (await conn.execute(text("SELECT last_value FROM event_id_seq"))).scalar_one()
        kept = (await conn.execute(text("SELECT max(id) FROM event"))).scalar_one()
    return bool(used > kept)


async def _ready(parts: Parts) -> bool:
    return parts.health.waits() == {}


async def _waits_for_database(parts: Parts) -> bool:
    return "database" in parts.health.waits().get("timekeeper 0", "")


async def _held_by(store: Store, number: str, responder: str) -> bool:
    case = (await stored(store, number)).case
    return case.state is State.ASSIGNED and case.responder == responder
