"""The evidence of a case: what is known of each, and where its content lies. Adds under the lock of the case row."""

from collections.abc import Collection
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.evidence import Evidence
from services.store import tables
from services.store.engine import Transaction

evidence = tables.evidence


async def add(tx: Transaction, case: int, one: Evidence) -> None:
    given = {member.name: getattr(one, member.name) for member in fields(one) if member.name != "id"}
    await tx.conn.execute(insert(evidence).values(case_id=case, **given))


async def withdraw(tx: Transaction, one: Evidence) -> None:
    changed = update(evidence).where(evidence.c.id == one.id)
    await tx.conn.execute(changed.values(withdrawn_at=one.withdrawn_at, withdrawn_by=one.withdrawn_by))


async def of_case(conn: AsyncConnection, case: int) -> list[Evidence]:
    """All of it, in the order in which it came; what was withdrawn too."""
    question = select(evidence).where(evidence.c.case_id == case).order_by(evidence.c.number)
    return [_to_evidence(row) for row in await conn.execute(question)]


async def named(conn: AsyncConnection, names: Collection[str]) -> set[str]:
    """Which of these names a row points at whose case still has its key: what was forgotten needs no content."""
    if not names:
        return set()
    cases = tables.cases
    question = (
        select(evidence.c.name)
        .join(cases, cases.c.id == evidence.c.case_id)
        .where(evidence.c.name.in_(names), cases.c.wrapped_key.is_not(None))
    )
    return set((await conn.execute(question)).scalars())


def _to_evidence(row: Row[Any]) -> Evidence:
    plain = {member.name: row._mapping[member.name] for member in fields(Evidence) if member.name != "evidence_id"}
    return Evidence(**plain, evidence_id=UUID(int=row.evidence_id.int))  # asyncpg has a class of its own, as in cases
