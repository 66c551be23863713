"""SQLite's driver for SQLAlchemy: aiosqlite, with one visit to the connection's thread for a statement, or none.

SQLAlchemy asks aiosqlite to open a cursor, to execute, to fetch and to close, and each of the four crosses to the thread
and back: that was half the price of a statement. What comes back is held in memory, as SQLAlchemy holds it anyway.

A visit takes longer than most statements. So what is sure to be short is done on the spot: a question that ends within
`STEPS`, rows put in by their values or changed by their ids, a transaction that need not wait for its beginning. What
may wait for the disk or for another process goes to the thread: every commit, and everything that is long.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import aiosqlite
from sqlalchemy import exc
from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_connection
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.util import await_only

WAIT_MS: Final = 5000  # for another process that writes
STEPS: Final = 20_000  # of SQLite's machine: half a millisecond, some hundred rows
MOST_ROWS: Final = 32
MOST_VALUES: Final = 128  # more than the widest row has
BEGIN: Final = "BEGIN IMMEDIATE"
Work = Sequence[tuple[str, Sequence[Sequence[Any]]]]


class _Done(NamedTuple):
    """What is left of a cursor once its rows are fetched."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None
    rows: Sequence[Any] = ()


def _execute(connection: sqlite3.Connection, many: bool, statement: str, given: Any) -> _Done:
    """The whole of one statement, in whatever thread."""
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
        connection: Any = self._adapt_connection
        try:
            done = await_only(_executed(connection, many, operation, given))  # SQLAlchemy wants to see it wait
        except Exception as error:
            connection._handle_exception(error)
        self._cursor, self._rows = done, deque(done.rows)  # type: ignore[assignment]  # all that is asked of a cursor

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        return


async def _executed(connection: "_Connection", many: bool, operation: Any, given: Any) -> _Done:
    driver = connection._connection
    done = None if many or connection.under_way else _at_once(driver._conn, operation, given)
    if done is None:
        done = await _visited(connection, _execute, many, operation, given)
    return done


def _at_once(connection: sqlite3.Connection, statement: str, given: Any) -> _Done | None:
    """The whole of a short statement, here and now; None: nothing was done, it is one for the thread."""
    if statement.startswith("SELECT"):
        connection.set_progress_handler(_too_long, STEPS)
        try:
            return _execute(connection, False, statement, given)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return None
        finally:
            connection.set_progress_handler(None, 0)
    by_values = statement.startswith("INSERT") and " VALUES (" in statement and len(given) <= MOST_VALUES
    return _execute(connection, False, statement, given) if by_values and connection.in_transaction else None


def _too_long() -> bool:
    """Breaks a question off: it changes nothing, and is asked once more in the thread."""
    return True


def _begun(connection: sqlite3.Connection, how: str) -> bool:
    """Whether a transaction is begun, because nobody stands in its way."""
    connection.execute("PRAGMA busy_timeout=0").close()
    try:
        connection.execute(how).close()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    else:
        return True
    finally:
        connection.execute(f"PRAGMA busy_timeout={WAIT_MS}").close()


async def _visited(connection: "_Connection", work: Callable[..., Any], *given: Any) -> Any:
    async with connection._execute_mutex:
        connection.under_way.append(None)
        return await connection._connection._execute(_in_thread, connection, work, *given)


def _in_thread(connection: "_Connection", work: Callable[..., Any], *given: Any) -> Any:
    try:
        return work(connection._connection._conn, *given)
    finally:
        connection.under_way.pop()


class _Connection(AsyncAdapt_aiosqlite_connection):
    """`under_way` is not empty while the thread is at work, also for somebody who no longer waits for it."""

    __slots__ = ("under_way",)

    _cursor_cls: Any = _Cursor
    _connection: Any
    under_way: deque[None]

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.under_way = deque()

    def begin(self, how: str = BEGIN) -> None:
        """By default one that writes; nobody else writes meanwhile."""
        try:
            if self.under_way or not _begun(self._connection._conn, how):
                await_only(_visited(self, sqlite3.Connection.execute, how))
        except Exception as error:
            self._handle_exception(error)

    def rollback(self) -> None:
        """A connection that comes back to the pool without a transaction has nothing to roll back."""
        if self._is_in_transaction:
            self._end(sqlite3.Connection.rollback)

    def commit(self) -> None:
        if self._is_in_transaction:
            self._end(sqlite3.Connection.commit)

    def _end(self, work: Callable[[sqlite3.Connection], None]) -> None:
        try:
            await_only(_visited(self, work))
        except Exception as error:
            self._handle_exception(error)

    @property
    def _is_in_transaction(self) -> bool:
        connection: sqlite3.Connection | None = self._connection._connection
        return connection is not None and (bool(self.under_way) or connection.in_transaction)


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    def connect(self, *given: Any, **more: Any) -> _Connection:
        made = super().connect(*given, **(more | {"check_same_thread": False}))
        return _Connection(self, made._connection)


async def run_all(conn: AsyncConnection, work: Work) -> None:
    """Several statements that give nothing back, each with its rows, at once or in one visit.

    Each is to put its rows in or to change them by their ids. Raises what SQLAlchemy raises.
    """
    await _done(conn, sum(len(rows) for _, rows in work), _run_all, work)


async def put_new(conn: AsyncConnection, statement: str, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Put in, one by one, rows that may be there already; what each gives back that was not, in the same way."""
    found: list[Any] = await _done(conn, len(rows), _put_new, statement, rows)
    return found


async def asked(conn: AsyncConnection, question: str, given: Sequence[Any]) -> Sequence[Any]:
    """The rows that answer a question: of the transaction that is under way, else by itself. Raises as `run_all` does."""
    with _told_as_others():
        return (await _executed(_connection_of(conn), False, question, given)).rows


async def _done(conn: AsyncConnection, rows: int, work: Callable[..., Any], *given: Any) -> Any:
    connection = _connection_of(conn)
    with _told_as_others():
        if not connection.under_way and rows <= MOST_ROWS:
            return work(connection._connection._conn, *given)
        return await _visited(connection, work, *given)


def _connection_of(conn: AsyncConnection) -> "_Connection":
    assert conn.sync_connection is not None  # noqa: S101 - a transaction has its connection
    found: _Connection = conn.sync_connection.connection.dbapi_connection  # type: ignore[assignment]  # ours, on SQLite
    return found


@contextmanager
def _told_as_others() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        kind: type[exc.DBAPIError] = getattr(exc, type(error).__name__, exc.DBAPIError)
        raise kind("rows of a file", None, error) from error


def _put_new(connection: sqlite3.Connection, statement: str, rows: Sequence[Sequence[Any]]) -> list[Any]:
    return [found for row in rows for (found,) in connection.execute(statement, row).fetchall()]


def _run_all(connection: sqlite3.Connection, work: Work) -> None:
    for statement, rows in work:
        connection.executemany(statement, rows).close()


ONE_VISIT: Final = _Driver(aiosqlite, sqlite3)  # `create_async_engine(…, module=ONE_VISIT)`
