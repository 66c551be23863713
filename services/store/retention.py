"""What may be kept no longer: which rows, whole, as they lie there; and deleting them. Decides nothing, opens nothing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.states import ENDED
from services.store import legal_holds, tables
from services.store.engine import Transaction

cases = tables.cases


class Class(StrEnum):
    """Kinds of data with a period of their own."""

    CASES = "cases"
    SUBMISSIONS = "submissions"
    TIPS = "tips"
    DEAD_LETTERS = "dead_letters"


TABLES: Mapping[Class, Table] = {
    Class.CASES: cases,
    Class.SUBMISSIONS: tables.submission,
    Class.TIPS: tables.tip,
    Class.DEAD_LETTERS: tables.dead_letter,
}
# What lies beside a case and is sealed under its key, or says where something is that is.
BESIDE_CASES = (tables.event, tables.stop_order, tables.evidence)
_AT = {
    Class.SUBMISSIONS: tables.submission.c.at,
    Class.TIPS: tables.tip.c.at,
    Class.DEAD_LETTERS: tables.dead_letter.c.failed_at,
}


def _old(kind: Class, before: datetime) -> ColumnElement[bool]:
    """A case that has ended, waits for nothing and still has its person; of the others whatever is old."""
    if kind is not Class.CASES:
        return _AT[kind] < before
    ended = or_(cases.c.closed_at < before, cases.c.cancelled_at < before, cases.c.transferred_at < before)
    quiet = and_(cases.c.state.in_(ENDED), cases.c.next_due_at.is_(None), cases.c.received_at < before)
    return and_(cases.c.wrapped_key.is_not(None), quiet, ended)


async def count(conn: AsyncConnection, kind: Class, before: datetime) -> tuple[int, int]:
    """(how many may be kept no longer, how many of these are held by an order of their own)."""
    table, old = TABLES[kind], _old(kind, before)
    due = (await conn.execute(select(func.count()).select_from(table).where(old))).scalar_one()
    if kind is not Class.CASES:
        return due, 0
    held = select(func.count()).select_from(table).where(old, legal_holds.held())
    return due, (await conn.execute(held)).scalar_one()


async def some(
    conn: AsyncConnection, kind: Class, before: datetime, *, after: int, limit: int
) -> list[Mapping[str, Any]]:
    """The next rows with all their columns, in the order of their ids; cases that are held are left out."""
    table = TABLES[kind]
    question = select(table).where(_old(kind, before), table.c.id > after)
    if kind is Class.CASES:
        question = question.where(~legal_holds.held())
    return [dict(row._mapping) for row in await conn.execute(question.order_by(table.c.id).limit(limit))]


async def beside(conn: AsyncConnection, case_rows: Sequence[int]) -> Iterator[tuple[Table, Mapping[str, Any]]]:
    """Whatever of these cases lies in other tables and belongs to the person."""
    found: list[tuple[Table, Mapping[str, Any]]] = []
    for table in BESIDE_CASES:
        question = select(table).where(table.c.case_id.in_(case_rows)).order_by(table.c.id)
        if table is tables.event:
            question = question.where(table.c.sealed.is_not(None))
        found += [(table, dict(row._mapping)) for row in await conn.execute(question)]
    return iter(found)


async def drop(tx: Transaction, kind: Class, ids: Sequence[int], before: datetime) -> int:
    """Delete rows, never of cases: those stay, and forget their person. Gives how many went."""
    table = TABLES[kind]
    gone = await tx.conn.execute(delete(table).where(table.c.id.in_(ids), _AT[kind] < before))
    return gone.rowcount
