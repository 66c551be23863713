"""Many rows of one table by one statement over arrays on PostgreSQL; on SQLite, where one process writes, row by row.

A statement for each row costs most of the time of a batch, on both ends. One row alone goes as plain values: eighty
arrays of one take the driver a third of a command's time. The statements are made from the tables.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import JSON, Column, Table
from sqlalchemy.dialects import postgresql

from services.store import one_trip
from services.store.engine import Transaction
from services.store.one_visit import put_new, run_all
from services.store.ready import FILE_DIALECT

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy has no type here
Rows = Sequence[Mapping[str, Any]]  # all with the same columns


async def insert_rows(tx: Transaction, table: Table, rows: Rows) -> None:
    """Insert rows in their order."""
    if not rows:
        return
    if tx.postgres:
        names = tuple(rows[0])
        await one_trip.run(tx.conn, _insert(table, names, len(rows) == 1), _given(table, names, rows))
    else:
        await run_all(tx.conn, [_ready(_insert_each, table, rows)])


async def insert_new(tx: Transaction, table: Table, rows: Rows, *, key: str) -> set[Any]:
    """Insert the rows that stand in no other's way, and return the `key` of each that is new."""
    if not rows:
        return set()
    if tx.postgres:
        names = tuple(rows[0])
        statement = f'{_insert(table, names, len(rows) == 1)} ON CONFLICT DO NOTHING RETURNING "{key}"'
        return {row[0] for row in await one_trip.rows(tx.conn, statement, _given(table, names, rows))}
    statement, values = _ready(_insert_each, table, rows)
    return set(await put_new(tx.conn, f'{statement} ON CONFLICT DO NOTHING RETURNING "{key}"', values))


async def update_rows(tx: Transaction, table: Table, rows: Rows) -> None:
    """Set the columns that are given, in the rows named by `id`."""
    if not rows:
        return
    if tx.postgres:
        names = tuple(rows[0])
        await one_trip.run(tx.conn, _update(table, names, len(rows) == 1), _given(table, names, rows))
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


async def update_and_insert(tx: Transaction, changed: tuple[Table, Rows], *new: tuple[Table, Rows]) -> None:
    """`update_rows` and an `insert_rows` for each of `new`, all at once: that saves round trips.

    Their order is nobody's to see: they are of one transaction and none reads what another writes.
    """
    there = [(table, rows) for table, rows in new if rows]
    if not tx.postgres:
        updates = [(_update_each, *changed)] if changed[1] else []
        work = [*updates, *((_insert_each, table, rows) for table, rows in there)]
        await run_all(tx.conn, [_ready(make, table, rows) for make, table, rows in work])
        return
    parts = tuple((table, tuple(rows[0]), len(rows) == 1) for table, rows in (changed, *there))
    values = [value for table, rows in (changed, *there) for value in _given(table, tuple(rows[0]), rows)]
    await one_trip.run(tx.conn, _all(parts), values)


@cache
def _all(parts: tuple[tuple[Table, tuple[str, ...], bool], ...]) -> str:
    """The first is updated, into the others is inserted; the parameters are numbered through."""
    statements: list[str] = []
    first = 1
    for table, names, alone in parts:
        statements.append((_insert if statements else _update)(table, names, alone, first))
        first += len(names)
    *before, last = statements
    if not before:
        return last
    return f"WITH {', '.join(f'w{number} AS ({one})' for number, one in enumerate(before))} {last}"


@cache
def _insert(table: Table, names: tuple[str, ...], alone: bool, first: int = 1) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    meant = ", ".join(_meant(table.c[name]) for name in names)
    return f'INSERT INTO "{table.name}" ({listed}) SELECT {meant} FROM {_rows(table, names, alone, first)}'  # noqa: S608 - our tables


@cache
def _update(table: Table, names: tuple[str, ...], alone: bool, first: int = 1) -> str:
    sets = ", ".join(f'"{name}" = {_meant(table.c[name])}' for name in names if name != "id")
    return f'UPDATE "{table.name}" t SET {sets} FROM {_rows(table, names, alone, first)} WHERE t.id = n.id'  # noqa: S608 - our tables


def _rows(table: Table, names: Sequence[str], alone: bool, first: int) -> str:
    """The parameters as rows: of each column one value, or all of them as an array."""
    kinds = [_kind(table.c[name]) + ("" if alone else "[]") for name in names]
    given = ", ".join(f"${number}::{kind}" for number, kind in enumerate(kinds, start=first))
    listed = ", ".join(f'"{name}"' for name in names)
    return f"(VALUES ({given})) AS n({listed})" if alone else f"unnest({given}) AS n({listed})"


def _meant(column: Column[Any]) -> str:
    return f'n."{column.name}"::json' if isinstance(column.type, JSON) else f'n."{column.name}"'


def _kind(column: Column[Any]) -> str:
    return "text" if isinstance(column.type, JSON) else column.type.compile(dialect=DIALECT)


def _given(table: Table, names: tuple[str, ...], rows: Rows) -> list[Any]:
    """What goes with `_rows`."""
    turned = _documents(table, names)
    if len(rows) == 1:
        (row,) = rows
        return [orjson.dumps(row[name]).decode() if name in turned else row[name] for name in names]
    return [
        [orjson.dumps(row[name]).decode() for row in rows] if name in turned else [row[name] for row in rows]
        for name in names
    ]


@cache
def _documents(table: Table, names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for name in names if isinstance(table.c[name].type, JSON))
