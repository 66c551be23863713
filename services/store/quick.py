"""One question in one round trip, behind the wall of rows: what is polled must not cost a transaction of four.

The connections are the api's own role for good (`walls`), and who asks is said by the statement itself, for itself alone.
Evaluated in the wrong order it would show nothing: there is no moment at which somebody else's word holds.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import asyncpg
from sqlalchemy import CTE, Select, bindparam, func, literal_column, select
from sqlalchemy.engine import URL

from services.domain.actor import Actor
from services.domain.value import value
from services.store.ready import SERVER_DIALECT
from services.store.secured import Tls
from services.store.walls import API_ROLE, PUBLIC, said_of

MOST: Final = 4  # connections: a question takes a fraction of a millisecond


@value
class Question:
    """A statement as asyncpg takes it: its text, its parameters' names in order, and those that are known already."""

    sql: str
    names: tuple[str, ...]
    known: dict[str, Any]


def saying() -> CTE:
    """Who asks, by the parameters `asks_…`: read something out of it before a row is looked at."""
    said = [
        func.set_config(
            literal_column(f"'quanzu.{name}'"), bindparam(f"asks_{name}", required=False), literal_column("true")
        ).label(name)
        for name in said_of(PUBLIC)
    ]
    return select(*said).cte("said")


def question_of(statement: Select[Any]) -> Question:
    """`statement` compiled once. What is not bound in it is given with each question."""
    compiled = statement.compile(dialect=SERVER_DIALECT, compile_kwargs={"render_postcompile": True})
    names = tuple(compiled.positiontup or ())
    known = {name: given for name, given in compiled.params.items() if given is not None}
    return Question(sql=str(compiled), names=names, known=known)


@lru_cache(maxsize=1024)
def _asks(asker: Actor) -> Mapping[str, str]:
    return {f"asks_{name}": said for name, said in said_of(asker).items()}


class Quick:
    """A few connections of one process, made when they are needed."""

    def __init__(self, url: URL, tls: Tls | None, settings: dict[str, str]) -> None:
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._tls = tls
        # What is asked for by its key has one plan, whoever asks.
        self._settings = {**settings, "role": API_ROLE, "plan_cache_mode": "force_generic_plan"}
        self._idle: list[asyncpg.Connection] = []
        self._turns = asyncio.Semaphore(MOST)

    async def one(self, question: Question, asker: Actor, **given: Any) -> asyncpg.Record | None:
        """The one row that `asker` may see, or None. Raises what asyncpg raises, and OSError where nobody answers."""
        said = {**question.known, **_asks(asker), **given}
        return await self._fetched(question.sql, [said[name] for name in question.names])

    async def _fetched(self, sql: str, values: Sequence[Any]) -> asyncpg.Record | None:
        async with self._turns:
            conn = self._waiting() or await self._connected()
            try:
                found: asyncpg.Record | None = await conn.fetchrow(sql, *values)
            except asyncpg.InterfaceError as gone:
                conn.terminate()
                raise ConnectionError(type(gone).__name__) from None
            except BaseException:  # whatever it was doing, nobody else is to hear the end of it
                conn.terminate()
                raise
            self._idle.append(conn)
            return found

    def _waiting(self) -> asyncpg.Connection | None:
        while self._idle:
            conn = self._idle.pop()
            if not conn.is_closed():
                return conn
        return None

    async def _connected(self) -> asyncpg.Connection:
        tls = {} if self._tls is None else self._tls.given()
        return await asyncpg.connect(self._dsn, timeout=3, command_timeout=10, server_settings=self._settings, **tls)

    def close(self) -> None:
        for conn in self._idle:
            conn.terminate()
        self._idle.clear()
