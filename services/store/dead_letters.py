"""Records that could not become a case: kept with their bytes sealed, listed, shown and marked as replayed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.store import tables
from services.store.engine import Transaction
from services.store.sealing import Sealer

dead_letter = tables.dead_letter


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One refused record. `reason` and `error_class` hold no personal data; `wrapped_key` and `sealed` the raw record."""

    incarnation: str
    topic: str
    partition: int
    offset: int
    error_class: str
    reason: str
    size: int | None
    failed_at: datetime
    wrapped_key: bytes | None = None
    sealed: bytes | None = None
    event_key: bytes | None = None  # keyed hash of the CloudEvent's source and id, where they could be read
    id: int | None = None
    replayed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRecord:
    """The record as the broker gave it."""

    key: bytes | None
    headers: list[tuple[str, bytes]]
    value: bytes | None


def seal_record(sealer: Sealer, record: RawRecord, *, topic: str, partition: int, offset: int) -> tuple[bytes, bytes]:
    """(wrapped key, sealed record), bound to its place in the log."""
    key = sealer.new_key()
    plain = orjson.dumps(
        {
            "key": None if record.key is None else record.key.hex(),
            "headers": [[name, value.hex()] for name, value in record.headers],
            "value": None if record.value is None else record.value.hex(),
        }
    )
    return key.wrapped, key.seal(plain, bound_to=_place(topic, partition, offset))


def open_record(sealer: Sealer, letter: DeadLetter) -> RawRecord | None:
    """The raw record again; None where its bytes never came (too large) or were forgotten. Raises CannotOpen."""
    if letter.wrapped_key is None or letter.sealed is None:
        return None
    place = _place(letter.topic, letter.partition, letter.offset)
    plain = orjson.loads(sealer.unwrap(letter.wrapped_key).open(letter.sealed, bound_to=place))
    return RawRecord(
        key=None if plain["key"] is None else bytes.fromhex(plain["key"]),
        headers=[(name, bytes.fromhex(value)) for name, value in plain["headers"]],
        value=None if plain["value"] is None else bytes.fromhex(plain["value"]),
    )


def _place(topic: str, partition: int, offset: int) -> bytes:
    return f"dead-letter\x1f{topic}\x1f{partition}\x1f{offset}".encode()


def letter_columns(letter: DeadLetter) -> dict[str, Any]:
    return {
        name: getattr(letter, name)
        for name in (
            "incarnation",
            "topic",
            "partition",
            "offset",
            "error_class",
            "reason",
            "size",
            "failed_at",
            "wrapped_key",
            "sealed",
            "event_key",
        )
    }


async def add(tx: Transaction, letters: list[DeadLetter]) -> None:
    """Keep refused records; one that is kept already stays as it is."""
    if letters:
        make = postgresql.insert if tx.postgres else sqlite.insert
        await tx.conn.execute(
            make(dead_letter).on_conflict_do_nothing(), [letter_columns(letter) for letter in letters]
        )


async def page(conn: AsyncConnection, *, before: int | None = None, limit: int = 50) -> list[DeadLetter]:
    """Newest first, older than the row `before`."""
    question = select(dead_letter).order_by(dead_letter.c.id.desc()).limit(limit)
    return await _read(conn, question if before is None else question.where(dead_letter.c.id < before))


async def newer(conn: AsyncConnection, *, after: int, limit: int = 500) -> list[DeadLetter]:
    """Oldest first, newer than the row `after`."""
    return await _read(
        conn, select(dead_letter).where(dead_letter.c.id > after).order_by(dead_letter.c.id).limit(limit)
    )


async def newest_id(conn: AsyncConnection) -> int:
    """0 where there is none."""
    return (await conn.execute(select(func.max(dead_letter.c.id)))).scalar() or 0


async def find(conn: AsyncConnection, letter_id: int) -> DeadLetter | None:
    return next(iter(await _read(conn, select(dead_letter).where(dead_letter.c.id == letter_id))), None)


async def of_event(conn: AsyncConnection, event_key: bytes) -> DeadLetter | None:
    """The newest that one CloudEvent has become."""
    question = select(dead_letter).where(dead_letter.c.event_key == event_key).order_by(dead_letter.c.id.desc())
    return next(iter(await _read(conn, question.limit(1))), None)


def event_key(sealer: Sealer, source: str, ce_id: str) -> bytes:
    """What a dead letter keeps of its CloudEvent: enough to find it by the event, nothing to read."""
    return sealer.blind("event", f"{source}\x1f{ce_id}")


async def mark_replayed(tx: Transaction, letter_id: int) -> None:
    await tx.conn.execute(update(dead_letter).where(dead_letter.c.id == letter_id).values(replayed_at=tx.now))


async def count(conn: AsyncConnection) -> int:
    return (await conn.execute(select(func.count()).select_from(dead_letter))).scalar_one()


async def _read(conn: AsyncConnection, question: Select[Any]) -> list[DeadLetter]:
    return [DeadLetter(**row._mapping) for row in await conn.execute(question)]
