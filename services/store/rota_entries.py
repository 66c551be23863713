"""Planned duty, leave and overrides, and the swaps: rows that are added and answered, never deleted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.rota.rota import Entry, Kind
from services.domain.rota.swap import AskedSwap
from services.store import tables
from services.store.engine import Transaction

entry, swap = tables.rota_entry, tables.duty_swap
CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    id: int
    unit: str
    kind: Kind
    responder: str
    starts_at: datetime
    ends_at: datetime
    shift: str
    made_by: str
    made_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None


async def add(tx: Transaction, unit: str, made: Sequence[Entry], *, by: str) -> list[int]:
    """Add entries in their order; gives their ids. Called with the unit locked."""
    ids: list[int] = []
    for one in made:
        row = insert(entry).values(
            unit=unit,
            kind=one.kind,
            responder=one.responder,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            shift=one.shift,
            made_by=by,
            made_at=tx.now,
        )
        ids.append((await tx.conn.execute(row.returning(entry.c.id))).scalar_one())
    return ids


async def entries_of(
    conn: AsyncConnection,
    unit: str,
    starts_at: datetime,
    ends_at: datetime,
    *,
    kinds: Collection[Kind] = tuple(Kind),
    withdrawn: bool = False,
) -> list[StoredEntry]:
    """The unit's entries that touch the window, in the order in which they were made."""
    question = select(entry).where(
        entry.c.unit == unit, entry.c.ends_at > starts_at, entry.c.starts_at < ends_at, entry.c.kind.in_(kinds)
    )
    if not withdrawn:
        question = question.where(entry.c.withdrawn_at.is_(None))
    return [StoredEntry(**row._mapping) for row in await conn.execute(question.order_by(entry.c.id))]


async def find(conn: AsyncConnection, id_: int) -> StoredEntry | None:
    row = (await conn.execute(select(entry).where(entry.c.id == id_))).one_or_none()
    return None if row is None else StoredEntry(**row._mapping)


async def withdraw(tx: Transaction, ids: Sequence[int], *, by: str) -> int:
    """Let these entries count no more from now on; gives how many did until now. Safe to repeat."""
    counted = 0
    for first in range(0, len(ids), CHUNK):
        these = entry.c.id.in_(ids[first : first + CHUNK])
        change = update(entry).where(these, entry.c.withdrawn_at.is_(None))
        counted += (await tx.conn.execute(change.values(withdrawn_by=by, withdrawn_at=tx.now))).rowcount
    return counted


async def add_swap(tx: Transaction, asked: AskedSwap) -> AskedSwap:
    made = insert(swap).values(**_swap_columns(asked)).returning(swap)
    return _swap((await tx.conn.execute(made)).one())


async def save_swap(tx: Transaction, asked: AskedSwap) -> None:
    change = update(swap).where(swap.c.id == asked.id)
    answered = {name: getattr(asked, name) for name in ("state", "answered_by", "answered_at")}
    await tx.conn.execute(change.values(**answered))


async def find_swap(conn: AsyncConnection, id_: int) -> AskedSwap | None:
    row = (await conn.execute(select(swap).where(swap.c.id == id_))).one_or_none()
    return None if row is None else _swap(row)


async def swaps_of(conn: AsyncConnection, unit: str, after: datetime) -> list[AskedSwap]:
    """Every swap of the unit that is not over by then, answered or not."""
    rows = await conn.execute(select(swap).where(swap.c.unit == unit, swap.c.over_at > after).order_by(swap.c.id))
    return [_swap(row) for row in rows]


def _swap_columns(asked: AskedSwap) -> dict[str, object]:
    takes = asked.takes or (None, None)
    return {
        **{
            name: getattr(asked, name)
            for name in ("unit", "asker", "other", "state", "asked_by", "asked_at", "over_at")
        },
        "gives_from_at": asked.gives[0],
        "gives_until_at": asked.gives[1],
        "takes_from_at": takes[0],
        "takes_until_at": takes[1],
    }


def _swap(row: Row[tuple[object, ...]]) -> AskedSwap:
    found = row._mapping
    takes = None if found["takes_from_at"] is None else (found["takes_from_at"], found["takes_until_at"])
    plain = ("id", "unit", "asker", "other", "state", "asked_by", "asked_at", "answered_by", "answered_at")
    return AskedSwap(
        **{name: found[name] for name in plain},
        gives=(found["gives_from_at"], found["gives_until_at"]),
        takes=takes,
    )
