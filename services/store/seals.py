"""The seals over the append-only tables: which rows are settled, which are not yet sealed, what was sealed. Judges nothing."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Row as Found
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.chain import Row, Seal
from services.store import tables
from services.store.append_only import SEALED
from services.store.engine import Transaction

seal = tables.seal
AT_ONCE: Final = 5_000  # rows a seal
_ONE_SEALER: Final = "SELECT pg_try_advisory_lock(hashtext('quanzu sealer'))"
# Whoever may still commit a row holds this lock on its table since before the row had its id.
_WRITERS: Final = """
SELECT c.relname, l.virtualtransaction FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.granted AND l.mode = 'RowExclusiveLock' AND c.relname = ANY($1)
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def may_seal(tx: Transaction) -> bool:
    """Whether this connection is the one that seals; it stays the one until it is closed. A file has one process."""
    return not tx.postgres or bool((await tx.conn.execute(text(_ONE_SEALER))).scalar_one())


@dataclass(slots=True)
class Horizon:
    """The newest row of each table, and who was writing to it then: when they are done, no lower id can come."""

    newest: dict[str, int]
    writers: dict[str, frozenset[str]] = field(default_factory=dict)

    async def settled(self, conn: AsyncConnection, *, postgres: bool) -> dict[str, int]:
        """The tables whose rows up to the number are all there, for good."""
        now = await _writers(conn, postgres=postgres)
        return {
            table: last
            for table, last in self.newest.items()
            if not (self.writers.get(table, frozenset()) & now.get(table, frozenset()))
        }


async def look(conn: AsyncConnection, *, postgres: bool) -> Horizon:
    """As things are now. The ids are read first: a writer that comes later has a higher one."""
    newest = {}
    for table in SEALED:
        newest[table.name] = (await conn.execute(select(func.max(table.c.id)))).scalar() or 0
    return Horizon(newest, await _writers(conn, postgres=postgres))


async def _writers(conn: AsyncConnection, *, postgres: bool) -> dict[str, frozenset[str]]:
    if not postgres:
        return {}  # a file has one writer, and whoever reads it sees all that came before
    holding: Any = await conn.exec_driver_sql(_WRITERS, ([table.name for table in SEALED],))
    found: dict[str, set[str]] = {}
    for name, writer in holding:
        found.setdefault(name, set()).add(writer)
    return {name: frozenset(writers) for name, writers in found.items()}


async def last(conn: AsyncConnection) -> Seal | None:
    """The newest seal."""
    row = (await conn.execute(select(seal).order_by(seal.c.number.desc()).limit(1))).one_or_none()
    return None if row is None else _seal(row)


async def sealed_to(conn: AsyncConnection) -> dict[str, int]:
    """The last id of each table that has a seal."""
    question = select(seal.c.of_table, func.max(seal.c.last_id)).group_by(seal.c.of_table)
    return dict.fromkeys((table.name for table in SEALED), 0) | {row[0]: row[1] for row in await conn.execute(question)}


async def add(tx: Transaction, made: Seal) -> None:
    await tx.conn.execute(
        insert(seal).values(
            number=made.number,
            of_table=made.table,
            columns=",".join(made.columns),
            after_id=made.after,
            last_id=made.last,
            leaves=made.leaves,
            sealed_at=made.sealed_at,
            previous=made.previous,
            hash=made.hash,
        )
    )


async def some(conn: AsyncConnection, *, after: int, limit: int) -> list[Seal]:
    """Seals in their order."""
    question = select(seal).where(seal.c.number > after).order_by(seal.c.number).limit(limit)
    return [_seal(row) for row in await conn.execute(question)]


async def every(conn: AsyncConnection, *, at_once: int = 20) -> AsyncIterator[Seal]:
    """The whole chain."""
    after = 0
    while found := await some(conn, after=after, limit=at_once):
        for one in found:
            yield one
        after = found[-1].number


async def unsealed(conn: AsyncConnection) -> int:
    """How many rows are newer than the last seal of their table."""
    done, waiting = await sealed_to(conn), 0
    for table in SEALED:
        question = select(func.count()).select_from(table).where(table.c.id > done[table.name])
        waiting += (await conn.execute(question)).scalar_one()
    return waiting


def columns_of(name: str) -> tuple[str, ...]:
    """What a new seal of this table covers: everything, the id first."""
    table = next(table for table in SEALED if table.name == name)
    return ("id", *(column.name for column in table.columns if column.name != "id"))


async def rows(
    conn: AsyncConnection, table: str, columns: Sequence[str], *, after: int, last: int, limit: int | None = None
) -> Sequence[Row]:
    """The stored rows with ids in (after, last], as the driver gives them: nothing may read a meaning into them."""
    listed = ", ".join(f'"{name}"' for name in columns)
    most = "" if limit is None else f" LIMIT {limit:d}"
    question = f'SELECT {listed} FROM "{table}" WHERE id > {after:d} AND id <= {last:d} ORDER BY id{most}'  # noqa: S608 - names of our own tables, numbers
    found: Any = await conn.exec_driver_sql(question)
    return [tuple(row) for row in found]


def _seal(row: Found[Any]) -> Seal:
    return Seal(
        number=row.number,
        table=row.of_table,
        columns=tuple(row.columns.split(",")),
        after=row.after_id,
        last=row.last_id,
        leaves=row.leaves,
        sealed_at=row.sealed_at,
        previous=row.previous,
        hash=row.hash,
    )
