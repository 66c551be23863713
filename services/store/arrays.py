"""Many rows of one table by one statement over arrays on PostgreSQL; on SQLite, where one process writes, row by row.

A statement for each row costs most of the time of a batch, on both ends. The statements are made from the tables.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import JSON, Column, Table, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from services.store.engine import Transaction

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
        await tx.conn.execute(insert(table), list(rows))


async def insert_new(tx: Transaction, table: Table, rows: Rows, *, key: str) -> set[Any]:
    """Insert the rows that stand in no other's way, and return the `key` of each that is new."""
    if not rows:
        return set()
    if tx.postgres:
        names = tuple(rows[0])
        statement = f'{_insert(table, names)} ON CONFLICT DO NOTHING RETURNING "{key}"'
        return set((await tx.conn.exec_driver_sql(statement, _arrays(table, names, rows))).scalars())
    new = set()
    for row in rows:
        made = sqlite.insert(table).values(**row).on_conflict_do_nothing().returning(table.c[key])
        new.update((await tx.conn.execute(made)).scalars())
    return new


async def update_rows(tx: Transaction, table: Table, rows: Rows) -> None:
    """Set the columns that are given, in the rows named by `id`."""
    if not rows:
        return
    names = tuple(rows[0])
    if tx.postgres:
        await tx.conn.exec_driver_sql(_update(table, names), _arrays(table, names, rows))
        return
    values: dict[str, Any] = {name: bindparam(name) for name in names if name != "id"}
    each = update(table).where(table.c.id == bindparam("row")).values(values)
    await tx.conn.execute(each, [{"row": row["id"], **{name: row[name] for name in values}} for row in rows])


async def update_and_insert(tx: Transaction, changed: tuple[Table, Rows], *new: tuple[Table, Rows]) -> None:
    """`update_rows` and an `insert_rows` for each of `new`; on PostgreSQL one statement, which saves the round trips.

    Their order is nobody's to see: they are of one transaction and none reads what another writes.
    """
    there = [(table, rows) for table, rows in new if rows]
    if not tx.postgres or not changed[1]:
        await update_rows(tx, *changed)
        for table, rows in there:
            await insert_rows(tx, table, rows)
        return
    parts = tuple((table, tuple(rows[0])) for table, rows in (changed, *there))
    given = [_arrays(table, tuple(rows[0]), rows) for table, rows in (changed, *there)]
    await tx.conn.exec_driver_sql(_all(parts), tuple(array for arrays in given for array in arrays))


@cache
def _all(parts: tuple[tuple[Table, tuple[str, ...]], ...]) -> str:
    """The first is updated, into the others is inserted; the parameters are numbered through."""
    statements: list[str] = []
    first = 1
    for table, names in parts:
        statements.append((_insert if statements else _update)(table, names, first))
        first += len(names)
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
