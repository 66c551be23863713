"""PostgreSQL's driver asked directly, in the transaction that is under way: one statement, one round trip, nothing around it.

SQLAlchemy around a short statement takes three times as long as the driver and the wire together. What is asked all day
goes here, everything else through SQLAlchemy, on the same connection: its own transactions are switched off there
(AUTOCOMMIT), so that the one begun here holds for both.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection

BEGIN: Final = "BEGIN"
COMMIT: Final = "COMMIT"
OF_ONE_MOMENT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ"


def driver_of(conn: AsyncConnection) -> asyncpg.Connection:
    """The driver's own connection. Raises PendingRollbackError where a transaction has lost it."""
    assert conn.sync_connection is not None  # noqa: S101 - it is connected
    found: asyncpg.Connection = conn.sync_connection.connection.driver_connection
    return found


async def rows(conn: AsyncConnection, sql: str, values: Sequence[Any]) -> list[asyncpg.Record]:
    """What a statement gives back. Raises what SQLAlchemy raises."""
    found: list[asyncpg.Record] = await _asked(conn, driver_of(conn).fetch, sql, values)
    return found


async def run(conn: AsyncConnection, sql: str, values: Sequence[Any] = ()) -> str:
    """A statement that gives nothing back but what was done, in PostgreSQL's words. Raises what SQLAlchemy raises."""
    done: str = await _asked(conn, driver_of(conn).execute, sql, values)
    return done


async def _asked(conn: AsyncConnection, ask: Callable[..., Awaitable[Any]], sql: str, values: Sequence[Any]) -> Any:
    try:
        return await ask(sql, *values)
    except BaseException as error:
        await _failed(conn, sql, error)
        raise


@asynccontextmanager
async def transaction(conn: AsyncConnection, beginning: str = BEGIN, ending: Sequence[str] = ()) -> AsyncIterator[None]:
    """Committed at the end, rolled back on any exception. What then is in `ending` goes along with the commit.

    Raises InvalidRequestError where there was nothing left to be committed.
    """
    assert conn.sync_connection is not None  # noqa: S101
    with conn.sync_connection.begin():  # asks nothing; but what has lost its connection now can't go on with another
        try:
            await run(conn, beginning)
            yield
            done = await run(conn, "; ".join((*ending, COMMIT)))
        except BaseException:
            await _roll_back(conn)
            raise
        if done != COMMIT:
            raise exc.InvalidRequestError("a statement of this transaction had failed: all of it was rolled back")


async def _roll_back(conn: AsyncConnection) -> None:
    """Whatever stands in the way of that ends the connection, and with it the transaction."""
    if conn.invalidated or not driver_of(conn).is_in_transaction():
        return
    try:
        await run(conn, "ROLLBACK")
    except Exception as error:
        await conn.invalidate(error)


async def _failed(conn: AsyncConnection, sql: str, error: BaseException) -> None:
    """Says it in SQLAlchemy's words; a connection that broke, or of which nobody knows what it is doing, is given up."""
    if not isinstance(error, Exception):
        await conn.invalidate(error)
        return
    connection: Any = conn.sync_connection
    dialect, adapted = connection.dialect, connection.connection.dbapi_connection
    try:
        adapted._handle_exception(error)
    except dialect.loaded_dbapi.Error as said:
        gone = dialect.is_disconnect(said, adapted, None)
        if gone:
            await conn.invalidate(error)
        raise exc.DBAPIError.instance(
            sql,
            None,
            said,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=gone,
            dialect=dialect,
        ) from said
