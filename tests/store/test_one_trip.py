"""PostgreSQL's driver asked directly: one transaction with SQLAlchemy, the same words for what fails, nothing left behind."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, PendingRollbackError

from services.store import one_trip
from services.store.engine import Store
from services.store.signals import Signal

LONG = "SELECT pg_sleep(3)"
FRAUD = "INSERT INTO fraud_type (code, name_zh, name_en) VALUES ('MADE-UP', '虚构', 'made up')"
THERE = "SELECT count(*) FROM fraud_type WHERE code = 'MADE-UP'"


async def _there(store: Store) -> int:
    async with store.read() as conn:
        return int((await one_trip.rows(conn, THERE, ()))[0][0])


async def test_both_ways_share_one_transaction(postgres_store: Store) -> None:
    class Unwanted(Exception):
        pass

    with pytest.raises(Unwanted):
        async with postgres_store.begin() as tx:
            await tx.conn.execute(text(FRAUD))
            ((seen,),) = await one_trip.rows(tx.conn, THERE, ())
            assert seen == 1
            raise Unwanted

    assert await _there(postgres_store) == 0


async def test_what_fails_is_said_as_sqlalchemy_says_it(postgres_store: Store) -> None:
    with pytest.raises(IntegrityError) as twice:
        async with postgres_store.begin() as tx:
            await one_trip.run(tx.conn, FRAUD)
            await one_trip.run(tx.conn, FRAUD)

    assert twice.value.orig is not None
    assert getattr(twice.value.orig, "sqlstate", None) == "23505"
    assert await _there(postgres_store) == 0


async def test_a_failure_that_was_swallowed_is_not_called_committed(postgres_store: Store) -> None:
    with pytest.raises(InvalidRequestError):
        async with postgres_store.begin() as tx:
            await one_trip.run(tx.conn, FRAUD)
            with pytest.raises(IntegrityError):
                await one_trip.run(tx.conn, FRAUD)

    assert await _there(postgres_store) == 0


async def test_signals_of_what_failed_are_not_a_second_fault(postgres_store: Store) -> None:
    with pytest.raises(DBAPIError):
        async with postgres_store.begin() as tx:
            tx.wake(Signal.DUE)
            with pytest.raises(IntegrityError):
                await one_trip.run(tx.conn, f"{FRAUD}, ('MADE-UP', '', '')")

    assert await _there(postgres_store) == 0


async def test_nobody_hears_the_end_of_what_was_cancelled(postgres_store: Store) -> None:
    async def asks() -> None:
        async with postgres_store.begin() as tx:
            await one_trip.run(tx.conn, FRAUD)
            await one_trip.run(tx.conn, LONG)

    task = asyncio.create_task(asks())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await _there(postgres_store) == 0


async def test_a_transaction_never_goes_on_by_another_connection(postgres_store: Store) -> None:
    with pytest.raises(PendingRollbackError):
        async with postgres_store.begin() as tx:
            await one_trip.run(tx.conn, FRAUD)
            with pytest.raises(DBAPIError):
                await one_trip.run(tx.conn, "SELECT pg_terminate_backend(pg_backend_pid())")
            with pytest.raises(PendingRollbackError):
                await tx.conn.execute(text(FRAUD))
            await one_trip.run(tx.conn, FRAUD)

    assert await _there(postgres_store) == 0


async def test_a_connection_left_in_the_middle_is_given_to_nobody(postgres_store: Store) -> None:
    async with postgres_store.engine.connect() as conn:
        await one_trip.run(conn, one_trip.BEGIN)
        await one_trip.run(conn, FRAUD)

    assert await _there(postgres_store) == 0
