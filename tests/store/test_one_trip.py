"""PostgreSQL's driver asked directly: one transaction with SQLAlchemy, the same words for what fails, nothing left behind."""

import asyncio
import contextlib
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, PendingRollbackError

from services.domain.actor import Actor
from services.domain.words import Role
from services.store import one_trip, walls
from services.store.engine import Store, Transaction
from services.store.signals import Signal

FRAUD = "INSERT INTO fraud_type (code, name_zh, name_en) VALUES ('MADE-UP', '虚构', 'made up')"
THERE = "SELECT count(*) FROM fraud_type WHERE code = 'MADE-UP'"


async def _there(store: Store) -> int:
    async with store.read() as conn:
        return int((await one_trip.rows(conn, THERE, ()))[0][0])


async def _twice(tx: Transaction) -> None:
    await one_trip.run(tx.conn, FRAUD)
    await one_trip.run(tx.conn, FRAUD)


async def test_both_ways_share_one_transaction(postgres_store: Store) -> None:
    class Unwanted(Exception):
        pass

    with contextlib.suppress(Unwanted):
        async with postgres_store.begin() as tx:
            await tx.conn.execute(text(FRAUD))
            seen = await one_trip.rows(tx.conn, THERE, ())
            raise Unwanted

    assert seen[0][0] == 1
    assert await _there(postgres_store) == 0


async def test_what_fails_is_said_as_sqlalchemy_says_it(postgres_store: Store) -> None:
    async with contextlib.AsyncExitStack() as held:
        tx = await held.enter_async_context(postgres_store.begin())
        with pytest.raises(IntegrityError) as twice:
            await _twice(tx)
        with contextlib.suppress(InvalidRequestError):
            await held.aclose()

    assert getattr(twice.value.orig, "sqlstate", None) == "23505"


@pytest.mark.parametrize("wakes", [set(), {Signal.DUE}])
async def test_a_failure_that_was_swallowed_is_never_called_committed(
    postgres_store: Store, wakes: set[Signal]
) -> None:
    async def swallows() -> None:
        async with postgres_store.begin() as tx:
            tx.wakes |= wakes
            with contextlib.suppress(IntegrityError):
                await _twice(tx)

    with pytest.raises((InvalidRequestError, DBAPIError)):
        await swallows()
    assert await _there(postgres_store) == 0


async def test_nobody_hears_the_end_of_what_was_cancelled(postgres_store: Store) -> None:
    asking = asyncio.Event()

    async def asks() -> None:
        async with postgres_store.begin() as tx:
            await one_trip.run(tx.conn, FRAUD)
            asking.set()
            await one_trip.run(tx.conn, "SELECT pg_sleep(3)")

    task = asyncio.create_task(asks())
    await asking.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await _there(postgres_store) == 0


async def test_a_transaction_never_goes_on_by_another_connection(postgres_store: Store) -> None:
    async def goes_on() -> None:
        async with postgres_store.begin() as tx:
            await one_trip.run(tx.conn, FRAUD)
            with contextlib.suppress(DBAPIError):
                await one_trip.run(tx.conn, "SELECT pg_terminate_backend(pg_backend_pid())")
            with contextlib.suppress(PendingRollbackError):
                await tx.conn.execute(text(FRAUD))
            await one_trip.run(tx.conn, FRAUD)

    with pytest.raises(PendingRollbackError):
        await goes_on()
    assert await _there(postgres_store) == 0


async def test_a_connection_left_in_the_middle_is_given_to_nobody(postgres_store: Store) -> None:
    async with postgres_store.engine.connect() as conn:
        await one_trip.run(conn, one_trip.BEGIN)
        await one_trip.run(conn, FRAUD)

    assert await _there(postgres_store) == 0


@pytest.mark.parametrize("name", ["o'clock", "'; DROP TABLE cases; --", "back\\slash\\'", "张三 “引号”", 'double"'])
async def test_who_asks_is_said_as_they_are_named(postgres_store: Store, name: str) -> None:
    invited = Actor(name=name, role=Role.RESPONDER, unit=name, responder=name, case=uuid4())
    told = {f"quanzu.{setting}": said for setting, said in walls.said_of(invited).items()}
    shown = ", ".join(f"current_setting('{setting}', true)" for setting in told)
    async with postgres_store.seen_by(invited).begin() as tx:
        ((*found, role),) = await one_trip.rows(tx.conn, f"SELECT {shown}, current_user", ())

    assert found == list(told.values())
    assert role == walls.API_ROLE


async def test_nothing_said_stays_for_the_next_to_ask(postgres_store: Store) -> None:
    desk = Actor(name="desk", role=Role.DESK, unit="P1")
    for _ in range(3):
        async with postgres_store.seen_by(desk).begin() as tx:
            await one_trip.run(tx.conn, "SELECT 1")
    async with postgres_store.begin() as tx:
        asked = "SELECT current_setting('quanzu.unit', true), current_setting('quanzu.reach', true), current_user"
        ((unit, reach, role),) = await one_trip.rows(tx.conn, asked, ())

    assert not unit
    assert not reach
    assert role != walls.API_ROLE


async def test_a_signal_wakes_whoever_waits_for_it_and_nobody_else(postgres_store: Store) -> None:
    signals = postgres_store.signals
    waiting = {signal: asyncio.create_task(signals.wait(signal, seconds=30)) for signal in Signal}
    async with postgres_store.read() as conn:
        while signals._listened != set(Signal):
            await one_trip.run(conn, "SELECT 1")
    async with postgres_store.begin() as tx:
        tx.wake(Signal.OUTBOX)
    await asyncio.wait_for(waiting[Signal.OUTBOX], 10)

    assert not waiting[Signal.DUE].done()
    assert not waiting[Signal.ENTRY].done()
    for task in waiting.values():
        task.cancel()
    await asyncio.wait(waiting.values())
