"""SQLite's driver: what is short is done on the spot, what may be long or has to wait in the thread, and both answer alike."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from services.clock import MovedClock
from services.store.engine import Store
from services.store.one_visit import MOST_ROWS, STEPS, asked, put_new, run_all

COUNTING = (
    "SELECT here(), (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT sum(i) FROM n)"
)


@pytest.fixture
async def store(tmp_path: Path, clock: MovedClock) -> AsyncIterator[Store]:
    made = Store(f"sqlite:///{tmp_path}/one.db", name="test")
    made.clock = clock
    async with made.begin() as tx:
        await tx.conn.exec_driver_sql("CREATE TABLE pair (id INTEGER PRIMARY KEY, thread INTEGER)")
    yield made
    await made.close()


async def _told_where(conn: Any) -> None:
    """`here()` is the thread that a statement runs in."""
    driver = (await conn.get_raw_connection()).driver_connection
    driver._conn.create_function("here", 0, threading.get_ident)


async def test_a_long_question_is_asked_again_in_the_thread(store: Store) -> None:
    async with store.begin() as tx:
        await _told_where(tx.conn)
        await run_all(tx.conn, [("INSERT INTO pair (id) VALUES (?)", [[1]])])
        short = await tx.conn.exec_driver_sql(COUNTING, (10,))
        ((where, _),) = await asked(tx.conn, COUNTING, [STEPS])
        ((kept,),) = await tx.conn.exec_driver_sql("SELECT count(*) FROM pair")

    assert tuple(short.one()) == (threading.get_ident(), 55)
    assert where != threading.get_ident()
    assert kept == 1  # what was broken off took nothing with it


async def test_few_rows_are_written_at_once_and_many_in_the_thread(store: Store) -> None:
    here = threading.get_ident()
    async with store.begin() as tx:
        await _told_where(tx.conn)
        for first, count in ((0, MOST_ROWS), (1000, MOST_ROWS + 1)):
            rows = [[first + number] for number in range(count)]
            await run_all(tx.conn, [("INSERT INTO pair (id, thread) VALUES (?, here())", rows)])
        found = await tx.conn.exec_driver_sql("SELECT id < 1000, thread FROM pair GROUP BY 1, 2 ORDER BY 1")

    many, few = (tuple(row) for row in found)
    assert few == (1, here)
    assert many[0] == 0
    assert many[1] != here


async def test_whoever_must_wait_for_another_writer_holds_up_nobody(store: Store, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "one.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def write() -> None:
        async with store.begin() as tx:
            await tx.conn.exec_driver_sql("INSERT INTO pair (id) VALUES (1)")

    writing = asyncio.create_task(write())
    _, waiting = await asyncio.wait({writing}, timeout=0.05)
    other.execute("COMMIT")
    other.close()

    assert waiting
    await writing


async def test_what_sqlite_refuses_is_told_as_sqlalchemy_tells_it(store: Store) -> None:
    put = "INSERT INTO pair (id) VALUES (?)"
    async with store.begin() as tx:
        assert await put_new(tx.conn, f"{put} ON CONFLICT DO NOTHING RETURNING id", [[7], [8], [7]]) == [7, 8]
        with pytest.raises(IntegrityError):
            await run_all(tx.conn, [(put, [[7]])])
        with pytest.raises(OperationalError):
            await asked(tx.conn, "SELECT * FROM nowhere", [])
