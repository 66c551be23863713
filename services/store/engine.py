"""The database: PostgreSQL (the truth of a real installation) or SQLite (the embedded default). Connections and transactions."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from asyncpg import Record
from sqlalchemy import event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.clock import Clock
from services.domain.actor import Actor
from services.store import walls
from services.store.columns import as_json
from services.store.one_trip import BEGIN, OF_ONE_MOMENT, transaction
from services.store.one_visit import ONE_VISIT, WAIT_MS
from services.store.quick import Question, Quick
from services.store.secured import Tls, without_tls
from services.store.signals import Signal, Signals, telling

READS = "quanzu_reads"  # on SQLite a question needs no transaction of its own
RESTS, FRESH_S = "quanzu_rests_since", 1.0
ONE_MOMENT = "quanzu_one_moment"  # but several that see the same moment do


@dataclass(slots=True)
class Transaction:
    """One transaction, its time, and whom to wake when it is committed."""

    conn: AsyncConnection
    now: datetime
    postgres: bool
    wakes: set[Signal] = field(default_factory=set)
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    behind_wall: bool = False  # the database itself shows it no more than its asker may see
    locked: list[int] = field(default_factory=list)  # the cases it has locked there

    def wake(self, signal: Signal) -> None:
        self.wakes.add(signal)

    def after(self, done: Callable[[], None]) -> None:
        """Call this once it is committed: what is counted must be there."""
        self.afterwards.append(done)

    async def keep(self, case: int) -> None:
        """This case was seen and is locked: it may be written, also where the change takes it out of sight."""
        if self.behind_wall:
            self.locked.append(case)
            await walls.keep_locked(self.conn, self.locked)


class Store:
    """The engine and the transactions of one process. `clock` is set once the database's own time is known."""

    def __init__(self, url: str, *, name: str, pool_size: int = 8) -> None:
        self.url, self.tls = without_tls(driver_url(url))
        self.postgres = self.url.get_backend_name() == "postgresql"
        options = _options(self.url, name, pool_size)
        self.engine: AsyncEngine = create_async_engine(
            self.url, json_serializer=as_json, json_deserializer=orjson.loads, **options
        )
        self._one_writer = asyncio.Lock()
        self.signals = Signals(self.url if self.postgres else None, self.tls)
        self.quick = Quick(self.url, self.tls, server_settings(name)) if self.postgres else None
        self.clock: Clock | None = None
        self._asker: Actor | None = None
        if not self.postgres:
            _prepare_sqlite(self.engine)
        else:
            _prepare_postgres(self.engine)
            if self.tls is not None:
                _secure(self.engine, self.tls)

    def seen_by(self, asker: Actor) -> "Store":
        """This store as one asker may see it: on PostgreSQL the database itself holds back the rest (`walls`)."""
        narrowed = object.__new__(Store)  # once a request: copy.copy takes ten times as long
        narrowed.__dict__.update(self.__dict__, _asker=asker)
        return narrowed

    async def measure_time(self) -> datetime:
        """The database's own time now; the host's where the database is a file."""
        if not self.postgres:
            return datetime.now(UTC)
        async with self.read() as conn:
            measured: datetime = (await conn.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return measured

    @asynccontextmanager
    async def begin(
        self, *, on: AsyncConnection | None = None, now: datetime | None = None
    ) -> AsyncIterator[Transaction]:
        """One transaction: committed at the end, rolled back on any exception. On SQLite one at a time.

        `on` is a connection that the caller keeps (a lane's); `now` the moment its decisions were made for.
        """
        assert self.clock is not None, "a store has its clock before its first transaction"  # noqa: S101
        async with AsyncExitStack() as held:
            if not self.postgres:
                await held.enter_async_context(self._one_writer)
            conn = await held.enter_async_context(self.engine.connect()) if on is None else on
            ending: list[str] = []
            async with transaction(conn, self._beginning(BEGIN), ending) if self.postgres else conn.begin():
                tx = Transaction(conn=conn, now=now or self.clock.now(), postgres=self.postgres)
                tx.behind_wall = self.postgres and self._asker is not None
                yield tx
                ending += telling(tx.wakes)
            for done in tx.afterwards:
                done()
            if not self.postgres:
                self.signals.fire(tx.wakes)

    @asynccontextmanager
    async def read(self, *, one_moment: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection for questions only; with `one_moment` all of them see the same one."""
        async with self.engine.connect() as conn:
            if not self.postgres:
                yield await conn.execution_options(**{READS: True, ONE_MOMENT: one_moment})
            elif one_moment or self._asker is not None:
                async with transaction(conn, self._beginning(OF_ONE_MOMENT if one_moment else BEGIN)):
                    yield conn
            else:
                yield conn  # each sees its own moment anyway: one round trip, not three

    def _beginning(self, how: str) -> str:
        return how if self._asker is None else f"{how}; {walls.behind(self._asker)}"

    async def ask(self, question: Question, **given: Any) -> Record | None:
        """The one row behind the wall that this store's asker may see, in one round trip; on PostgreSQL alone."""
        assert self.quick is not None and self._asker is not None, "only a narrowed store asks so"  # noqa: S101, PT018
        return await self.quick.one(question, self._asker, **given)

    async def has_wall(self) -> bool:
        """Whether a narrowed store would hold. A file has one user, and no such wall."""
        if not self.postgres:
            return True
        async with self.read() as conn:
            return await walls.stands(conn)

    async def asking(self) -> AsyncConnection:
        """A connection to keep, for questions that each stand alone. Whoever asks for it closes it."""
        conn = await self.engine.connect()
        try:
            return await conn.execution_options(**{READS: True})
        except BaseException:  # cancelled too: nobody has it yet who could close it
            await conn.close()
            raise

    async def answers(self, *, within: float = 5.0) -> bool:
        """Whether the database answers a plain question now: if so, what failed before was our own fault."""
        try:
            async with asyncio.timeout(within), self.read() as conn:
                await conn.execute(text("SELECT 1"))
        except (OSError, SQLAlchemyError, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        if self.quick is not None:
            self.quick.close()
        await self.signals.close()
        await self.engine.dispose()


def driver_url(url: str) -> URL:
    """`postgresql://…` or `sqlite:///PATH` with the asynchronous driver named. Raises ValueError for anything else."""
    parsed = make_url(url)
    drivers = {"postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
    try:
        return parsed.set(drivername=drivers[parsed.get_backend_name()])
    except KeyError:
        raise ValueError("use postgresql://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH") from None


def _options(url: URL, name: str, pool_size: int) -> dict[str, Any]:
    # Of several connections the one that was used last: it has its statements and plans, a file's newest pages.
    kept = {"pool_size": pool_size, "pool_use_lifo": True}
    if url.get_backend_name() != "postgresql":
        return {**kept, "module": ONE_VISIT}
    return {
        **kept,
        "isolation_level": "AUTOCOMMIT",  # transactions are ours, see `begin`
        "max_overflow": 4,
        "pool_timeout": 2,
        "connect_args": {"timeout": 3, "command_timeout": 10, "server_settings": server_settings(name)},
    }


def server_settings(name: str) -> dict[str, str]:
    """What every connection of ours asks of PostgreSQL: nothing waits for ever, a frozen client frees its rows."""
    return {
        "application_name": f"quanzu-{name}",
        "timezone": "UTC",
        "standard_conforming_strings": "on",
        "statement_timeout": "5s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "10s",
    }


def _prepare_postgres(engine: AsyncEngine) -> None:
    """A connection that has rested is asked whether it still lives before it is used; one that was just used is not.

    The pool's own way asks each time, by a round trip; a whole command takes five. What breaks in between
    breaks a statement, as it would right after an answer, and the caller's own way out of that is the same.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def checkin(_connection: Any, record: Any) -> None:
        record.info[RESTS] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def checkout(connection: Any, record: Any, _proxy: Any) -> None:
        since = record.info.get(RESTS)
        if since is None:
            return
        driver = connection.driver_connection
        if driver.is_closed() or driver.is_in_transaction():
            raise InvalidatePoolError("the connection was closed, or left in the middle of something")
        if time.monotonic() - since > FRESH_S:
            try:
                connection.ping()
            except engine.dialect.loaded_dbapi.Error as away:
                raise InvalidatePoolError("the connection does not answer") from away


def _secure(engine: AsyncEngine, tls: Tls) -> None:
    """Each connection with the certificates as they are then."""

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(_dialect: Any, _record: Any, _args: Any, given: dict[str, Any]) -> None:
        given.update(tls.given())


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are ours, see `begin`
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={WAIT_MS}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        asked = connection.get_execution_options()
        if not asked.get(READS, False):
            # A reader that later writes would fail on a lock it could have had at the start.
            connection.connection.dbapi_connection.begin()
        elif asked.get(ONE_MOMENT, False):
            connection.connection.dbapi_connection.begin("BEGIN")
