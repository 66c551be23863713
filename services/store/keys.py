"""The wrapped keys of every table: which master key wrapped them, and wrapping them anew. Opens nothing that is sealed.

A table has such keys if it has a column `wrapped_key`: a new one needs no line here. How far a rotation is, the values
themselves say: each names its master, so that it may be killed, begun again, and run twice at once.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.store import arrays, tables
from services.store.engine import Transaction
from services.store.sealing import KEY_ID_BYTES, CannotOpen, Sealer

WRAPPED = "wrapped_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """One batch. `last` is where the next begins; None: the table is through."""

    done: int = 0
    unknown: int = 0  # wrapped by a master key that is not here, or changed: left as they are
    last: Any = None


def keyed() -> Sequence[Table]:
    """Every table with wrapped keys, by name."""
    return [table for _, table in sorted(tables.metadata.tables.items()) if WRAPPED in table.columns]


async def counts(conn: AsyncConnection, table: Table) -> Counter[bytes]:
    """How many rows each master key has wrapped, by its id."""
    by = func.substr(table.c[WRAPPED], 1, KEY_ID_BYTES)
    question = select(by, func.count()).where(table.c[WRAPPED].is_not(None)).group_by(by)
    return Counter({bytes(master): count for master, count in await conn.execute(question)})


async def rewrap(tx: Transaction, table: Table, sealer: Sealer, *, after: Any, limit: int) -> Rewrapped:
    """Wrap by the newest master what an older one has wrapped, at most `limit` rows after `after` in the key's order.

    A row that somebody holds is passed over and waits for the next round: no command waits for this.
    """
    (name,) = (column.name for column in table.primary_key)
    number, wrapped = table.c[name], table.c[WRAPPED]
    old = and_(wrapped.is_not(None), _master(table) != literal(sealer.current))
    question = select(number, wrapped).where(old if after is None else and_(old, number > after))
    question = question.order_by(number).limit(limit).with_for_update(skip_locked=True)
    found = (await tx.conn.execute(question)).all()
    unknown, anew = 0, []
    for row_id, key in found:
        try:
            anew.append({name: row_id, WRAPPED: sealer.rewrap(key), "before": key})
        except CannotOpen:
            unknown += 1
    await _write(tx, table, name, anew)
    return Rewrapped(done=len(anew), unknown=unknown, last=found[-1][0] if len(found) == limit else None)


async def _write(tx: Transaction, table: Table, name: str, anew: Sequence[dict[str, Any]]) -> None:
    """By one statement where the rows have numbers; they are locked, so what was read is what is there."""
    if name == "id":
        await arrays.update_rows(tx, table, [{name: one[name], WRAPPED: one[WRAPPED]} for one in anew])
        return
    for one in anew:
        same = and_(table.c[name] == one[name], table.c[WRAPPED] == one["before"])
        await tx.conn.execute(update(table).where(same).values({WRAPPED: one[WRAPPED]}))


def _master(table: Table) -> ColumnElement[Any]:
    return func.substr(table.c[WRAPPED], 1, KEY_ID_BYTES)
