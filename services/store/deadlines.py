"""Due times as a column of the case row. Any number of timekeepers may claim at once."""

from datetime import datetime
from typing import Final

from sqlalchemy import Integer, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.store import ready, tables
from services.store.cases import Stored, to_stored
from services.store.engine import Transaction

cases = tables.cases
# Asked all day long: made once, because to make one anew costs as much as to have it answered.
_EARLIEST: Final = (
    select(cases.c.next_due_at).where(cases.c.next_due_at.is_not(None)).order_by(cases.c.next_due_at).limit(1)
)
_LATER: Final = _EARLIEST.offset(bindparam("after", type_=Integer))
_DUE: Final = (
    select(cases)
    .where(cases.c.next_due_at <= bindparam("now"))
    .order_by(cases.c.next_due_at)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)  # SQLite has one writer and ignores it
)


async def claim_due(tx: Transaction, *, limit: int) -> list[Stored]:
    """Lock up to `limit` cases whose next due time has come and return them, earliest first.

    The caller fires their timers and saves `next_due_at` in the same transaction; if that never commits, they are
    claimed again.
    """
    return [to_stored(row) for row in await ready.rows(tx.conn, _DUE, {"now": tx.now, "most": limit})]


async def earliest(conn: AsyncConnection) -> datetime | None:
    """When the next case is due, or None."""
    found = await ready.one(conn, _EARLIEST, {})
    return None if found is None else found.next_due_at


async def later(conn: AsyncConnection, *, after: int) -> datetime | None:
    """When the case is due before which so many others are, or None. Apart from `earliest`, whose plan it would spoil."""
    found = await ready.one(conn, _LATER, {"after": after})
    return None if found is None else found.next_due_at


async def put_off(tx: Transaction, row_id: int, until: datetime | None) -> None:
    """Look at this case again at `until`; its limits stay as they are, so what then fires is late by its true due time."""
    await tx.conn.execute(update(cases).where(cases.c.id == row_id).values(next_due_at=until))
