"""Tips of the public: kept sealed, listed, decided once. Decides nothing, opens nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.store import tables
from services.store.engine import Transaction
from services.store.submission_tables import TipState

tip = tables.tip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """`sealed` is what was told, bound to `tip_id`."""

    tip_id: UUID
    state: TipState
    at: datetime
    wrapped_key: bytes | None
    sealed: bytes | None
    decided_by: str | None = None
    decided_at: datetime | None = None
    warning_id: UUID | None = None
    id: int | None = None


NAMES = tuple(name for name in Tip.__dataclass_fields__ if name != "id")


async def add(tx: Transaction, kept: Tip) -> None:
    await tx.conn.execute(insert(tip).values(**{name: getattr(kept, name) for name in NAMES}))


async def locked(tx: Transaction, tip_id: UUID) -> Tip | None:
    row = (await tx.conn.execute(select(tip).where(tip.c.tip_id == tip_id).with_for_update())).one_or_none()
    return None if row is None else _tip(row)


async def save(tx: Transaction, decided: Tip) -> None:
    values = {name: getattr(decided, name) for name in ("state", "decided_by", "decided_at", "warning_id")}
    await tx.conn.execute(update(tip).where(tip.c.tip_id == decided.tip_id).values(**values))


async def page(conn: AsyncConnection, *, before: int | None, limit: int, state: TipState | None = None) -> list[Tip]:
    """Newest first."""
    question = select(tip).order_by(tip.c.id.desc()).limit(limit)
    if before is not None:
        question = question.where(tip.c.id < before)
    if state is not None:
        question = question.where(tip.c.state == state)
    return [_tip(row) for row in await conn.execute(question)]


def _tip(row: Row[Any]) -> Tip:
    return Tip(**{name: getattr(row, name) for name in (*NAMES, "id")})
