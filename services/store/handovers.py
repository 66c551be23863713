"""Handovers: what was open in a unit when its shift changed, and who of the next one has accepted it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.states import State
from services.store import tables
from services.store.cases import Stored, to_stored
from services.store.engine import Transaction

handover, cases = tables.handover, tables.cases
OPEN = (State.ASSIGNED, State.ACKNOWLEDGED, State.IN_PROGRESS, State.CONTACTED, State.CONCLUDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """`cases`: case_id, state and responder as they were at the change."""

    id: int
    unit: str
    changed_at: datetime
    going: list[str]
    coming: list[str]
    cases: list[dict[str, Any]]
    opened_at: datetime
    accepted_by: str | None
    accepted_at: datetime | None


async def open_cases(conn: AsyncConnection, unit: str, *, at: datetime) -> list[Stored]:
    """What the unit has held since `at` or before and has not reported, oldest first."""
    held = (cases.c.assigned_unit == unit, cases.c.state.in_(OPEN), cases.c.assigned_at <= at)
    question = select(cases).where(*held).order_by(cases.c.id)
    return [to_stored(row) for row in await conn.execute(question)]


async def open_one(
    tx: Transaction,
    unit: str,
    *,
    changed_at: datetime,
    going: Sequence[str],
    coming: Sequence[str],
    held: Sequence[Stored],
) -> bool:
    """Write the list down, once for each change of a unit's shift; whether it is new. Any number may try."""
    listed = [
        {"case_id": str(one.case.case_id), "state": one.case.state.value, "responder": one.case.responder}
        for one in held
    ]
    make = postgresql.insert if tx.postgres else sqlite.insert
    statement = make(handover).values(
        unit=unit,
        changed_at=changed_at,
        going=list(going),
        coming=list(coming),
        cases=listed,
        opened_at=tx.now,
    )
    return (await tx.conn.execute(statement.on_conflict_do_nothing())).rowcount > 0


async def lock(tx: Transaction, id_: int) -> Handover | None:
    row = (await tx.conn.execute(select(handover).where(handover.c.id == id_).with_for_update())).one_or_none()
    return None if row is None else Handover(**row._mapping)


async def page(
    conn: AsyncConnection, *, unit: str | None, before: int | None, limit: int, unaccepted: bool
) -> list[Handover]:
    """Newest first."""
    question = select(handover).order_by(handover.c.id.desc()).limit(limit)
    if unit is not None:
        question = question.where(handover.c.unit == unit)
    if before is not None:
        question = question.where(handover.c.id < before)
    if unaccepted:
        question = question.where(handover.c.accepted_at.is_(None))
    return [Handover(**row._mapping) for row in await conn.execute(question)]


async def accept(tx: Transaction, id_: int, *, by: str) -> None:
    await tx.conn.execute(update(handover).where(handover.c.id == id_).values(accepted_by=by, accepted_at=tx.now))


async def unaccepted(conn: AsyncConnection, *, before: datetime) -> dict[str, int]:
    """By unit, how many lists of changes before then nobody has accepted."""
    question = (
        select(handover.c.unit, func.count().label("waiting"))
        .where(handover.c.accepted_at.is_(None), handover.c.changed_at <= before)
        .group_by(handover.c.unit)
    )
    return {row.unit: row.waiting for row in await conn.execute(question)}
