"""Withdrawals: the newest word of a source on each of its numbers, and whether it was carried out. SQL only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from schemas.topics import TOPICS, WARNING_ISSUED
from services.store import tables
from services.store.engine import Transaction

WAITS = TOPICS[WARNING_ISSUED].retention
withdrawal, received, cases = tables.withdrawal, tables.received, tables.cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """One withdrawal as it is kept."""

    case_id: UUID  # what the number stands for, whether there is such a case or not
    source: str
    instruction_number: str
    ce_id: str
    withdrawn_at: datetime
    wrapped_key: bytes | None = None
    sealed: bytes | None = None


async def keep(tx: Transaction, one: Withdrawn) -> bool:
    """Keep it, to be carried out; False where it was here before, or a newer word on the number was."""
    values: dict[str, Any] = {
        "case_id": one.case_id,
        "source": one.source,
        "instruction_number": one.instruction_number,
        "ce_id": one.ce_id,
        "withdrawn_at": one.withdrawn_at,
        "received_at": tx.now,
        "applied_at": None,
        "void": False,
        "wrapped_key": one.wrapped_key,
        "sealed": one.sealed,
    }
    dialect = postgresql if tx.postgres else sqlite
    adding = dialect.insert(withdrawal).values(values)
    later = adding.on_conflict_do_update(
        index_elements=[withdrawal.c.case_id],
        set_={name: adding.excluded[name] for name in values if name != "case_id"},
        where=adding.excluded.withdrawn_at > withdrawal.c.withdrawn_at,
    )
    return (await tx.conn.execute(later.returning(withdrawal.c.case_id))).first() is not None


async def waiting(tx: Transaction, *, only: Collection[UUID] | None = None, limit: int = 100) -> list[Withdrawn]:
    """Withdrawals that were not carried out and whose warnings are here, locked; of `only` these where that is given,
    else of those that are no older than a warning that may still be read.
    """
    attached = exists().where(
        received.c.source == withdrawal.c.source, received.c.instruction_number == withdrawal.c.instruction_number
    )
    here = or_(exists().where(cases.c.case_id == withdrawal.c.case_id), attached)
    question = select(withdrawal).where(withdrawal.c.applied_at.is_(None), here).order_by(withdrawal.c.case_id)
    if only is not None:
        question = question.where(withdrawal.c.case_id.in_(only))
    else:
        question = question.where(withdrawal.c.received_at > tx.now - WAITS)
    question = question.limit(limit).with_for_update(skip_locked=only is None)
    return [_withdrawn(row) for row in await tx.conn.execute(question)]


async def applied(tx: Transaction, case_id: UUID, *, void: bool) -> None:
    """It was carried out, or (`void`) found to be older than what the source says now."""
    done = update(withdrawal).where(withdrawal.c.case_id == case_id)
    await tx.conn.execute(done.values(applied_at=tx.now, void=void))


async def place_of(tx: Transaction, one: Withdrawn) -> int | None:
    """The row of the case that the warning is, or was attached to."""
    own = select(cases.c.id).where(cases.c.case_id == one.case_id)
    row: int | None = (await tx.conn.execute(own)).scalar()
    if row is not None:
        return row
    into = select(received.c.case_id).where(
        received.c.source == one.source, received.c.instruction_number == one.instruction_number
    )
    found: int | None = (await tx.conn.execute(into.order_by(received.c.case_id.desc()).limit(1))).scalar()
    return found


async def standing(tx: Transaction, row_id: int) -> int:
    """How many of the warnings of a case, its own and those attached to it, nobody has withdrawn."""
    gone = and_(withdrawal.c.applied_at.is_not(None), ~withdrawal.c.void)
    own_gone = exists().where(withdrawal.c.case_id == cases.c.case_id, gone)
    own = select(func.count()).select_from(cases).where(cases.c.id == row_id, ~own_gone)
    same = and_(
        withdrawal.c.source == received.c.source, withdrawal.c.instruction_number == received.c.instruction_number
    )
    numbers = select(received.c.source, received.c.instruction_number).where(
        received.c.case_id == row_id, received.c.instruction_number.is_not(None), ~exists().where(same, gone)
    )
    attached = select(func.count()).select_from(numbers.distinct().subquery())
    first: int = (await tx.conn.execute(own)).scalar_one()
    return first + (await tx.conn.execute(attached)).scalar_one()


def _withdrawn(row: Row[Any]) -> Withdrawn:
    return Withdrawn(
        case_id=UUID(int=row.case_id.int),
        source=row.source,
        instruction_number=row.instruction_number,
        ce_id=row.ce_id,
        withdrawn_at=row.withdrawn_at,
        wrapped_key=row.wrapped_key,
        sealed=row.sealed,
    )
