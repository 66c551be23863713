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


@cache
def _insert(table: Table, names: tuple[str, ...]) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    given = ", ".join(_given(table.c[name]) for name in names)
    return f'INSERT INTO "{table.name}" ({listed}) SELECT {given} FROM {_unnested(table, names)}'  # noqa: S608 - our tables


@cache
def _update(table: Table, names: tuple[str, ...]) -> str:
    sets = ", ".join(f'"{name}" = {_given(table.c[name])}' for name in names if name != "id")
    return f'UPDATE "{table.name}" t SET {sets} FROM {_unnested(table, names)} WHERE t.id = n.id'  # noqa: S608 - our tables


def _unnested(table: Table, names: Sequence[str]) -> str:
    arrays = ", ".join(f"${number}::{_array_type(table.c[name])}[]" for number, name in enumerate(names, start=1))
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
