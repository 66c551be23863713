"""Questions that are asked all day long, made ready once: what SQLAlchemy does around one takes longer than it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson
from sqlalchemy import CompoundSelect, Dialect, Select, Update
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.value import value
from services.store import one_trip
from services.store.columns import as_json
from services.store.one_visit import asked, put_new

FILE_DIALECT: Final = sqlite.dialect(json_serializer=as_json, json_deserializer=orjson.loads)
SERVER_DIALECT: Final = PGDialect_asyncpg(json_serializer=as_json, json_deserializer=orjson.loads)  # type: ignore[no-untyped-call]  # the library has no type here
KEPT: Final = 512
Turn = Callable[[Any], Any]
AnySelect = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]


class Found:
    """A row, as far as the store looks at one."""

    __slots__ = ("_mapping",)

    def __init__(self, mapping: Mapping[str, Any]) -> None:
        self._mapping = mapping

    def __getattr__(self, name: str) -> Any:
        return self._mapping[name]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._mapping.values())


@value
class _Ready:
    """A statement as its driver takes it; `turns` are the columns that come otherwise than they are meant."""

    sql: str
    given: Sequence[tuple[str, Turn | None]]
    known: Mapping[str, Any]
    columns: Sequence[str]
    turns: Sequence[tuple[str, Turn]]


async def rows(conn: AsyncConnection, question: AnySelect, given: Mapping[str, Any]) -> Sequence[Any]:
    """The answer to a question that is kept by its maker; what is not bound in it is in `given`."""
    if conn.dialect.name == "postgresql":
        ready = _made(question, SERVER_DIALECT)
        answer: Sequence[Sequence[Any]] = await one_trip.rows(conn, ready.sql, _values(ready, given))
    else:
        ready = _made(question, FILE_DIALECT)
        answer = await asked(conn, ready.sql, _values(ready, given))
    return [Found(_turned(ready, row)) for row in answer]


async def changed(conn: AsyncConnection, statement: Update, given: Mapping[str, Any]) -> list[Any]:
    """What a change of few rows gives back of each, its first column."""
    if conn.dialect.name == "postgresql":
        ready = _made(statement, SERVER_DIALECT)
        return [row[0] for row in await one_trip.rows(conn, ready.sql, _values(ready, given))]
    ready = _made(statement, FILE_DIALECT)
    return await put_new(conn, ready.sql, [_values(ready, given)])


async def one(conn: AsyncConnection, question: AnySelect, given: Mapping[str, Any]) -> Any | None:
    """The only row, or None."""
    found = await rows(conn, question, given)
    return found[0] if found else None


def _values(ready: _Ready, given: Mapping[str, Any]) -> list[Any]:
    said = {**ready.known, **given}
    return [turn(said[name]) if turn else said[name] for name, turn in ready.given]


def _turned(ready: _Ready, row: Sequence[Any]) -> dict[str, Any]:
    found = dict(zip(ready.columns, row, strict=True))
    for name, turn in ready.turns:
        found[name] = turn(found[name])
    return found


@lru_cache(maxsize=KEPT)
def _made(question: AnySelect | Update, dialect: Dialect) -> _Ready:
    shown = () if isinstance(question, Update) else question.selected_columns
    compiled = question.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    binds: Mapping[str, Any] = compiled.binds
    turns = [(str(column.key), _coming_out(column.type, dialect)) for column in shown]
    return _Ready(
        sql=str(compiled),
        given=[
            (name, _going_in(binds[name].type, dialect) if name in binds else None)
            for name in compiled.positiontup or ()
        ],
        known={name: known for name, known in compiled.params.items() if known is not None},
        columns=[name for name, _ in turns],
        turns=[(name, turn) for name, turn in turns if turn is not None],
    )


def _going_in(kind: Any, dialect: Dialect) -> Turn | None:
    turn: Turn | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return turn


def _coming_out(kind: Any, dialect: Dialect) -> Turn | None:
    turn: Turn | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return turn
