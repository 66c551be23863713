"""Questions that are asked all day long, made ready once: on SQLite what SQLAlchemy does around one takes longer than it.

On PostgreSQL they go as every other one does.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Select, Update
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.value import value
from services.store.columns import as_json
from services.store.one_visit import asked, put_new

FILE_DIALECT: Final = sqlite.dialect(json_serializer=as_json)
KEPT: Final = 512
Turn = Callable[[Any], Any] | None


class Found:
    """A row, as far as the store looks at one."""

    __slots__ = ("_mapping",)

    def __init__(self, mapping: Mapping[str, Any]) -> None:
        self._mapping = mapping

    def __getattr__(self, name: str) -> Any:
        return self._mapping[name]


@value
class _Ready:
    sql: str
    given: Sequence[tuple[str, Turn]]
    known: Mapping[str, Any]
    columns: Sequence[tuple[str, Turn]]


async def rows(conn: AsyncConnection, question: Select[Any], given: Mapping[str, Any]) -> Sequence[Any]:
    """The answer to a question that is kept by its maker; what is not bound in it is in `given`."""
    if conn.dialect.name == "postgresql":
        answer: Sequence[Any] = (await conn.execute(question, given)).all()
        return answer
    ready = _made(question)
    found = await asked(conn, ready.sql, _values(ready, given))
    return [Found(_turned(ready.columns, row)) for row in found]


async def changed(conn: AsyncConnection, statement: Update, given: Mapping[str, Any]) -> list[Any]:
    """What a change of few rows gives back of each, its first column; on SQLite alone."""
    ready = _made(statement)
    return await put_new(conn, ready.sql, [_values(ready, given)])


async def one(conn: AsyncConnection, question: Select[Any], given: Mapping[str, Any]) -> Any | None:
    """The only row, or None."""
    found = await rows(conn, question, given)
    return found[0] if found else None


def _values(ready: _Ready, given: Mapping[str, Any]) -> list[Any]:
    said = {**ready.known, **given}
    return [turn(said[name]) if turn else said[name] for name, turn in ready.given]


def _turned(columns: Sequence[tuple[str, Turn]], row: Sequence[Any]) -> dict[str, Any]:
    return {name: turn(cell) if turn else cell for (name, turn), cell in zip(columns, row, strict=True)}


@lru_cache(maxsize=KEPT)
def _made(question: Select[Any] | Update) -> _Ready:
    shown = question.selected_columns if isinstance(question, Select) else ()
    compiled = question.compile(dialect=FILE_DIALECT, compile_kwargs={"render_postcompile": True})
    binds: Mapping[str, Any] = compiled.binds
    return _Ready(
        sql=str(compiled),
        given=[(name, _going_in(binds[name].type) if name in binds else None) for name in compiled.positiontup or ()],
        known={name: known for name, known in compiled.params.items() if known is not None},
        columns=[(str(column.key), _coming_out(column.type)) for column in shown],
    )


def _going_in(kind: Any) -> Turn:
    turn: Turn = kind.dialect_impl(FILE_DIALECT).bind_processor(FILE_DIALECT)
    return turn


def _coming_out(kind: Any) -> Turn:
    turn: Turn = kind.dialect_impl(FILE_DIALECT).result_processor(FILE_DIALECT, None)
    return turn
