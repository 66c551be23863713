"""Units that work on a case beside the accountable one, with their times. Written from the facts of the case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.case import Fact
from services.domain.states import Action
from services.store import tables
from services.store.engine import Transaction

co_assignment = tables.co_assignment
TELLING = frozenset({Action.CO_ASSIGN, Action.CO_RELEASE})


@dataclass(frozen=True, slots=True, kw_only=True)
class CoAssignment:
    unit: str
    responder: str | None
    added_at: datetime
    added_by: str
    removed_at: datetime | None
    removed_by: str | None


async def settle(tx: Transaction, row_id: int, facts: Sequence[Fact]) -> None:
    """Begin and end what these facts of one case tell of, in their order."""
    for fact in facts:
        if fact.action is Action.CO_ASSIGN:
            await tx.conn.execute(
                insert(co_assignment).values(
                    case_id=row_id,
                    unit=fact.detail["unit"],
                    responder=fact.detail["responder"],
                    added_at=fact.recorded_at,
                    added_by=fact.actor,
                )
            )
        elif fact.action is Action.CO_RELEASE:
            await tx.conn.execute(
                update(co_assignment)
                .where(
                    co_assignment.c.case_id == row_id,
                    co_assignment.c.unit == fact.detail["unit"],
                    co_assignment.c.removed_at.is_(None),
                )
                .values(removed_at=fact.recorded_at, removed_by=fact.actor)
            )


async def history(conn: AsyncConnection, row_id: int) -> list[CoAssignment]:
    """Every co-assignment of a case, ended ones too, in the order in which they began."""
    wanted = [co_assignment.c[name] for name in CoAssignment.__dataclass_fields__]
    question = select(*wanted).where(co_assignment.c.case_id == row_id).order_by(co_assignment.c.id)
    return [CoAssignment(**row._mapping) for row in await conn.execute(question)]
