"""SQLite's driver for SQLAlchemy: aiosqlite, with one visit to the connection's thread for a statement instead of four.

SQLAlchemy asks aiosqlite to open a cursor, to execute, to fetch and to close, and each of the four crosses to the thread
and back: that was half the price of a statement. What comes back is held in memory, as SQLAlchemy holds it anyway.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import aiosqlite
from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_connection
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.util import await_only


class _Done(NamedTuple):
    """What is left of a cursor once its rows are fetched."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None
    rows: Sequence[Any] = ()


def _execute(connection: sqlite3.Connection, many: bool, statement: str, given: Any) -> _Done:
    """In the connection's own thread: the whole of one statement."""
    cursor = connection.executemany(statement, given) if many else connection.execute(statement, given)
    try:
        rows = cursor.fetchall() if cursor.description else ()
        return _Done(cursor.description, cursor.rowcount, cursor.lastrowid, rows)
    finally:
        cursor.close()


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """Opens nothing ahead and leaves nothing to close."""

    __slots__ = ()

    def __init__(self, adapt_connection: AsyncAdapt_dbapi_connection) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._cursor = _Done()  # type: ignore[assignment]
        self._rows = deque()

    @property
    def description(self) -> Any:
        return self._cursor.description

    def execute(self, operation: Any, parameters: Any = None) -> Any:
        return self._visit(False, operation, () if parameters is None else parameters)

    def executemany(self, operation: Any, seq_of_parameters: Any) -> Any:
        return self._visit(True, operation, seq_of_parameters)

    def _visit(self, many: bool, operation: Any, given: Any) -> None:
        connection = self._adapt_connection
        try:
            done = await_only(_visited(connection, _execute, many, operation, given))
        except Exception as error:
            connection._handle_exception(error)
        self._cursor, self._rows = done, deque(done.rows)

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        return


async def _visited(connection: AsyncAdapt_dbapi_connection, work: Callable[..., Any], *given: Any) -> Any:
    driver: Any = connection._connection
    async with connection._execute_mutex:
        return await driver._execute(work, driver._conn, *given)


class _Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()

    _cursor_cls: Any = _Cursor

    def rollback(self) -> None:
        """A connection that comes back to the pool without a transaction has nothing to roll back."""
        if self._is_in_transaction:
            super().rollback()

    def commit(self) -> None:
        if self._is_in_transaction:
            super().commit()

    @property
    def _is_in_transaction(self) -> bool:
        connection: sqlite3.Connection | None = self._connection._connection
        return connection is not None and connection.in_transaction


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    def connect(self, *given: Any, **more: Any) -> _Connection:
        made = super().connect(*given, **more)
        return _Connection(self, made._connection)


async def run_all(conn: AsyncConnection, work: Sequence[tuple[str, Sequence[Sequence[Any]]]]) -> None:
    """Several statements that give nothing back, each with its rows, in one visit. Raises IntegrityError."""
    driver: Any = (await conn.get_raw_connection()).driver_connection
    try:
        await driver._execute(_run_all, driver._conn, work)
    except sqlite3.IntegrityError as broken:
        raise IntegrityError("several statements", None, broken) from broken


def _run_all(connection: sqlite3.Connection, work: Sequence[tuple[str, Sequence[Sequence[Any]]]]) -> None:
    for statement, rows in work:
        connection.executemany(statement, rows).close()


ONE_VISIT: Final = _Driver(aiosqlite, sqlite3)  # `create_async_engine(…, module=ONE_VISIT)`
