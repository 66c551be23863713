"""The banks' messages as they came: each once, by its event; those that changed nothing yet are kept and listed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.store import tables
from services.store.engine import Transaction

receipts = tables.stop_receipt


class Effect(StrEnum):
    APPLIED = "APPLIED"
    WAITING = "WAITING"  # its step is not the order's next one: tried again after each that is
    UNMATCHED = "UNMATCHED"  # no such order
    REFUSED = "REFUSED"  # its money or its times can't be


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    id: int
    event: str
    order_id: UUID
    document: dict[str, Any]
    effect: Effect
    why: str | None
    received_at: datetime


async def keep(tx: Transaction, *, event: str, order_id: UUID, document: dict[str, Any], effect: Effect) -> bool:
    """Write it down; whether it is new. Any number may try."""
    make = postgresql.insert if tx.postgres else sqlite.insert
    statement = make(receipts).values(
        event=event, order_id=order_id, document=document, effect=effect.value, received_at=tx.now
    )
    return (await tx.conn.execute(statement.on_conflict_do_nothing())).rowcount > 0


async def waiting(tx: Transaction, orders: Collection[UUID]) -> list[Receipt]:
    """What these orders have yet to take, as it was received."""
    question = select(receipts).where(receipts.c.order_id.in_(orders), receipts.c.effect == Effect.WAITING.value)
    return [_to_receipt(row) for row in await tx.conn.execute(question.order_by(receipts.c.id))]


async def mark(tx: Transaction, id_: int, effect: Effect, why: str | None) -> None:
    applied_at = tx.now if effect is Effect.APPLIED else None
    await tx.conn.execute(
        update(receipts).where(receipts.c.id == id_).values(effect=effect.value, why=why, applied_at=applied_at)
    )


async def unmatched(conn: AsyncConnection, *, before: int | None, limit: int) -> list[Receipt]:
    """Whatever changed nothing, newest first."""
    question = select(receipts).where(receipts.c.effect != Effect.APPLIED.value).order_by(receipts.c.id.desc())
    if before is not None:
        question = question.where(receipts.c.id < before)
    return [_to_receipt(row) for row in await conn.execute(question.limit(limit))]


def in_order(found: Sequence[Receipt]) -> list[Receipt]:
    """By the bank's own time: an answer that overtook another is taken after it."""
    return sorted(found, key=lambda one: (one.document["resolved_at"], one.id))


def _to_receipt(row: Row[Any]) -> Receipt:
    return Receipt(
        id=row.id,
        event=row.event,
        order_id=UUID(int=row.order_id.int),
        document=row.document,
        effect=Effect(row.effect),
        why=row.why,
        received_at=row.received_at,
    )
