"""Many rows of one table by one statement over arrays on PostgreSQL; on SQLite, where one process writes, row by row.

A statement for each row costs most of the time of a batch, on both ends. The statements are made from the tables.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import JSON, Column, Table
from sqlalchemy.dialects import postgresql

from services.store.engine import Transaction
from services.store.one_visit import put_new, run_all
from services.store.ready import FILE_DIALECT
from services.store.signals import telling, told_of

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has no type here
Rows = Sequence[Mapping[str, Any]]  # all with the same columns


async def insert_rows(tx: Transaction, table: Table, rows: Rows) -> None:
    """Insert rows in their order."""
    if not rows:
        return
    if tx.postgres:
        names = tuple(rows[0])
        await tx.conn.exec_driver_sql(_insert(table, names), _arrays(table, names, rows))
    else:
        await run_all(tx.conn, [_ready(_insert_each, table, rows)])


async def insert_new(tx: Transaction, table: Table, rows: Rows, *, key: str) -> set[Any]:
    """Insert the rows that stand in no other's way, and return the `key` of each that is new."""
    if not rows:
        return set()
    if tx.postgres:
        names = tuple(rows[0])
        statement = f'{_insert(table, names)} ON CONFLICT DO NOTHING RETURNING "{key}"'
        return set((await tx.conn.exec_driver_sql(statement, _arrays(table, names, rows))).scalars())
    statement, values = _ready(_insert_each, table, rows)
    return set(await put_new(tx.conn, f'{statement} ON CONFLICT DO NOTHING RETURNING "{key}"', values))


async def update_rows(tx: Transaction, table: Table, rows: Rows) -> None:
    """Set the columns that are given, in the rows named by `id`."""
    if not rows:
        return
    if tx.postgres:
        names = tuple(rows[0])
        await tx.conn.exec_driver_sql(_update(table, names), _arrays(table, names, rows))
    else:
        await run_all(tx.conn, [_ready(_update_each, table, rows)])


def _ready(make: Callable[..., str], table: Table, rows: Rows) -> tuple[str, list[list[Any]]]:
    """A statement of SQLite, and the values of each row as they are stored, those of `id` last."""
    names = tuple(rows[0])
    turns = _turns(table, names)
    return make(table, names), [[turn(row[name]) if turn else row[name] for name, turn in turns] for row in rows]


@cache
def _turns(table: Table, names: tuple[str, ...]) -> list[tuple[str, Callable[[Any], Any] | None]]:
    """How the value of each column becomes what is stored, as SQLAlchemy has it; None: it is that already."""
    in_order = sorted(names, key=lambda name: name == "id")
    return [(name, table.c[name].type.dialect_impl(FILE_DIALECT).bind_processor(FILE_DIALECT)) for name in in_order]


@cache
def _insert_each(table: Table, names: tuple[str, ...]) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table.name}" ({listed}) VALUES ({", ".join("?" * len(names))})'  # noqa: S608 - our tables


@cache
def _update_each(table: Table, names: tuple[str, ...]) -> str:
    sets = ", ".join(f'"{name}" = ?' for name in names if name != "id")
    return f'UPDATE "{table.name}" SET {sets} WHERE id = ?'  # noqa: S608 - our tables


async def update_and_insert(
    tx: Transaction, changed: tuple[Table, Rows], *new: tuple[Table, Rows], tell: bool = False
) -> None:
    """`update_rows` and an `insert_rows` for each of `new`, all at once: that saves round trips.

    Their order is nobody's to see: they are of one transaction and none reads what another writes. With `tell` the
    transaction's signals go with it.
    """
    there = [(table, rows) for table, rows in new if rows]
    if not tx.postgres:
        updates = [(_update_each, *changed)] if changed[1] else []
        work = [*updates, *((_insert_each, table, rows) for table, rows in there)]
        await run_all(tx.conn, [_ready(make, table, rows) for make, table, rows in work])
        return
    parts = tuple((table, tuple(rows[0])) for table, rows in (changed, *there))
    given = [_arrays(table, tuple(rows[0]), rows) for table, rows in (changed, *there)]
    values: tuple[Any, ...] = tuple(array for arrays in given for array in arrays)
    if tell:
        left = tx.wakes - tx.told
        values += told_of(left)
        tx.told |= left
    await tx.conn.exec_driver_sql(_all(parts, tell), values)


@cache
def _all(parts: tuple[tuple[Table, tuple[str, ...]], ...], tell: bool) -> str:
    """The first is updated, into the others is inserted; the parameters are numbered through."""
    statements: list[str] = []
    first = 1
    for table, names in parts:
        statements.append((_insert if statements else _update)(table, names, first))
        first += len(names)
    if tell:
        statements.append(telling(first))
    *before, last = statements
    if not before:
        return last
    return f"WITH {', '.join(f'w{number} AS ({one})' for number, one in enumerate(before))} {last}"


@cache
def _insert(table: Table, names: tuple[str, ...], first: int = 1) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    given = ", ".join(_given(table.c[name]) for name in names)
    return f'INSERT INTO "{table.name}" ({listed}) SELECT {given} FROM {_unnested(table, names, first)}'  # noqa: S608 - our tables


@cache
def _update(table: Table, names: tuple[str, ...], first: int = 1) -> str:
    sets = ", ".join(f'"{name}" = {_given(table.c[name])}' for name in names if name != "id")
    return f'UPDATE "{table.name}" t SET {sets} FROM {_unnested(table, names, first)} WHERE t.id = n.id'  # noqa: S608 - our tables


def _unnested(table: Table, names: Sequence[str], first: int) -> str:
    arrays = ", ".join(f"${number}::{_array_type(table.c[name])}[]" for number, name in enumerate(names, start=first))
    listed = ", ".join(f'"{name}"' for name in names)
    return f"unnest({arrays}) AS n({listed})"


def _given(column: Column[Any]) -> str:
    return f'n."{column.name}"::json' if isinstance(column.type, JSON) else f'n."{column.name}"'


def _array_type(column: Column[Any]) -> str:
    return "text" if isinstance(column.type, JSON) else column.type.compile(dialect=DIALECT)


def _arrays(table: Table, names: Sequence[str], rows: Rows) -> tuple[list[Any], ...]:
    return tuple(
        [orjson.dumps(row[name]).decode() for row in rows]
        if isinstance(table.c[name].type, JSON)
        else [row[name] for row in rows]
        for name in names
    )
