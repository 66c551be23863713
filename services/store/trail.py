"""Where responders were in the last day, sealed: stored many at once, read by one, deleted by age. Opens nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.store import tables
from services.store.engine import Transaction

trail = tables.trail
KEPT = timedelta(hours=24)
AT_ONCE = 20_000  # rows deleted by one statement; what is left goes with the next
_ONE_WRITER = "SELECT pg_try_advisory_lock(hashtext('quanzu trail'))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One responder's fixes of about a minute."""

    responder: str
    stored_at: datetime
    wrapped_key: bytes
    sealed: bytes


async def may_write(tx: Transaction) -> bool:
    """Whether this connection is the one that writes: it stays so until it closes. On SQLite there is one anyway."""
    return not tx.postgres or bool((await tx.conn.execute(text(_ONE_WRITER))).scalar_one())


async def add(tx: Transaction, stretches: Sequence[Stretch]) -> None:
    """All of them by one statement."""
    if stretches:
        rows = [{name: getattr(one, name) for name in Stretch.__dataclass_fields__} for one in stretches]
        await tx.conn.execute(insert(trail), rows)


async def forget_old(tx: Transaction) -> int:
    """Delete what is older than a day, the oldest first; gives how many rows went."""
    old = select(trail.c.id).where(trail.c.stored_at < tx.now - KEPT).order_by(trail.c.stored_at).limit(AT_ONCE)
    gone = await tx.conn.execute(delete(trail).where(trail.c.id.in_(old)))
    return gone.rowcount


async def of(conn: AsyncConnection, responder: str, *, since: datetime) -> list[Stretch]:
    """What was stored of one responder since then, the oldest first."""
    wanted = [trail.c[name] for name in Stretch.__dataclass_fields__]
    question = select(*wanted).where(trail.c.responder == responder, trail.c.stored_at >= since)
    return [Stretch(**row._mapping) for row in await conn.execute(question.order_by(trail.c.stored_at, trail.c.id))]


async def count(conn: AsyncConnection) -> int:
    return int((await conn.execute(select(func.count()).select_from(trail))).scalar_one())
