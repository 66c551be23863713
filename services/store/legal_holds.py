"""Legal holds: placed, lifted, asked for. SQL only."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.value import value
from services.store import tables
from services.store.engine import Transaction

cases, legal_hold = tables.cases, tables.legal_hold


@value
class LegalHold:
    """`case_id` is the public one; None: everything is held."""

    id: int
    case_id: UUID | None
    reference: str
    placed_at: datetime
    placed_by: str
    lifted_at: datetime | None
    lifted_by: str | None


async def place(tx: Transaction, case: int | None, *, reference: str, by: str) -> int:
    """`case` is the row's id. Gives the hold's number."""
    made = insert(legal_hold).values(case_id=case, reference=reference, placed_at=tx.now, placed_by=by)
    number: int = (await tx.conn.execute(made.returning(legal_hold.c.id))).scalar_one()
    return number


async def lift(tx: Transaction, number: int, *, by: str) -> bool:
    """Whether there was such a hold, not lifted yet."""
    open_ = legal_hold.c.lifted_at.is_(None)
    lifted = update(legal_hold).where(legal_hold.c.id == number, open_).values(lifted_at=tx.now, lifted_by=by)
    return (await tx.conn.execute(lifted)).rowcount == 1


async def all_of(conn: AsyncConnection) -> Sequence[LegalHold]:
    """Newest first, the lifted ones too."""
    public = select(cases.c.case_id).where(cases.c.id == legal_hold.c.case_id).scalar_subquery()
    others = [legal_hold.c[name] for name in LegalHold.__dataclass_fields__ if name != "case_id"]
    question = select(*others, public.label("case_id")).order_by(legal_hold.c.id.desc())
    return [LegalHold(**row._mapping) for row in await conn.execute(question)]


async def on_everything(conn: AsyncConnection) -> bool:
    question = select(legal_hold.c.id).where(legal_hold.c.lifted_at.is_(None), legal_hold.c.case_id.is_(None))
    return (await conn.execute(question.limit(1))).scalar() is not None


async def on_case(conn: AsyncConnection, case: int) -> bool:
    """Whether the case, or everything, is held."""
    mine = legal_hold.c.case_id.is_(None) | (legal_hold.c.case_id == case)
    question = select(legal_hold.c.id).where(legal_hold.c.lifted_at.is_(None), mine).limit(1)
    return (await conn.execute(question)).scalar() is not None


def held() -> ColumnElement[bool]:
    """In a question about cases: those with a hold of their own."""
    return select(legal_hold.c.id).where(legal_hold.c.case_id == cases.c.id, legal_hold.c.lifted_at.is_(None)).exists()
