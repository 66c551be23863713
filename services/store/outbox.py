"""Messages that must leave, stored with the state they tell of. The lane that wrote one sends it; else the relay does."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.value import value
from services.store import arrays, tables
from services.store.engine import Transaction
from services.store.signals import Signal

outbox = tables.outbox


@value
class Message:
    """One CloudEvent on its way out; `ce_id` is the same at every sending, so that a reader can drop the second copy."""

    ce_id: str
    ce_type: str
    topic: str
    key: str
    value: bytes
    wrapped_key: bytes | None = None  # `value` is sealed, bound to the ce_id; it is opened when it is sent
    ce_source: str | None = None  # None: this system


@value
class Waiting:
    """A message still in the outbox."""

    id: int
    message: Message
    created_at: datetime


def message_columns(message: Message, *, now: datetime, writer: int | None) -> dict[str, Any]:
    return {
        "ce_id": message.ce_id,
        "ce_source": message.ce_source,
        "ce_type": message.ce_type,
        "topic": message.topic,
        "key": message.key,
        "value": message.value,
        "wrapped_key": message.wrapped_key,
        "created_at": now,
        "writer": writer,
    }


async def add(tx: Transaction, messages: Sequence[Message], *, later: bool = False) -> None:
    """Leave messages to the relay; with `later` it sends them when nothing else waits, a few at a time."""
    if messages:
        await arrays.insert_rows(tx, outbox, rows_of(tx, messages, later=later))
        tx.wake(Signal.OUTBOX)


def rows_of(tx: Transaction, messages: Sequence[Message], *, later: bool = False) -> list[dict[str, Any]]:
    """Messages for the relay as rows; whoever writes them wakes it."""
    return [message_columns(message, now=tx.now, writer=None) | {"later": later} for message in messages]


async def claim(
    tx: Transaction,
    *,
    limit: int,
    older_than: timedelta | None = None,
    without: Collection[int] = (),
    later: bool = False,
) -> list[Waiting]:
    """Lock up to `limit` messages that are the relay's to send, oldest first; with `older_than` a lane's late ones too.

    `without` names rows to be left where they are; `later` asks for those alone that nobody hurries.
    """
    relays = and_(outbox.c.writer.is_(None), outbox.c.later.is_(later))
    ours = relays if older_than is None else or_(relays, outbox.c.created_at <= tx.now - older_than)
    if without:
        ours = and_(ours, outbox.c.id.not_in(without))
    question = select(outbox).where(ours).order_by(outbox.c.id).limit(limit).with_for_update(skip_locked=True)
    return [
        Waiting(
            id=row.id,
            message=Message(
                ce_id=row.ce_id,
                ce_type=row.ce_type,
                topic=row.topic,
                key=row.key,
                value=row.value,
                wrapped_key=row.wrapped_key,
                ce_source=row.ce_source,
            ),
            created_at=row.created_at,
        )
        for row in await tx.conn.execute(question)
    ]


async def forget(tx: Transaction, ids: Sequence[int]) -> None:
    """The broker has them."""
    if ids:
        await tx.conn.execute(delete(outbox).where(outbox.c.id.in_(ids)))


async def adopt(tx: Transaction, lanes: Sequence[int]) -> int:
    """Give dead lanes' unsent messages to the relay; returns how many."""
    adopted = await tx.conn.execute(update(outbox).where(outbox.c.writer.in_(lanes)).values(writer=None))
    if adopted.rowcount:
        tx.wake(Signal.OUTBOX)
    return adopted.rowcount


async def oldest(conn: AsyncConnection) -> datetime | None:
    """When the message that waits longest was written, of those that somebody hurries; or None."""
    hurried = outbox.c.later.is_(False)
    row = (await conn.execute(select(outbox.c.created_at).where(hurried).order_by(outbox.c.id).limit(1))).one_or_none()
    return None if row is None else row.created_at


async def count(conn: AsyncConnection) -> int:
    return (await conn.execute(select(func.count()).select_from(outbox))).scalar_one()
