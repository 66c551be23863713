"""Warnings that came in by HTTP: each by its CloudEvent once, and what became of it. Decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.case import CASE_NAMESPACE
from services.store import dead_letters, tables, walls
from services.store.engine import Transaction
from services.store.sealing import Sealer

submission, received, cases = tables.submission, tables.received, tables.cases


class Stage(StrEnum):
    WAITING = "WAITING"  # on its way
    OPENED = "OPENED"  # a case of its own
    REPEATED = "REPEATED"  # its instruction had a case already
    ATTACHED = "ATTACHED"  # its subject had a case already
    DEAD_LETTER = "DEAD_LETTER"  # it could not become a case


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    warning_id: UUID
    source: str
    ce_id: str
    fingerprint: bytes
    by: str
    at: datetime
    later: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """Where a warning is now. `reason` holds our own field names and codes, nothing of the warning."""

    stage: Stage
    case_id: UUID | None = None
    reason: str | None = None


NAMES = tuple(Submission.__dataclass_fields__)


def warning_id_for(source: str, ce_id: str) -> UUID:
    """The same event, the same id."""
    return uuid5(CASE_NAMESPACE, f"warning\x1f{source}\x1f{ce_id}")


async def one_at_a_time(tx: Transaction, source: str) -> None:
    """Until the end of the transaction nobody else takes from this source: twins in flight see each other."""
    if tx.postgres:
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended('quanzu submission ' || :source, 0))")
        await tx.conn.execute(lock, {"source": source})


async def known(tx: Transaction, source: str, ce_ids: Sequence[str]) -> dict[str, Submission]:
    """Those that came in before, by ce_id."""
    wanted = [submission.c[name] for name in NAMES]
    question = select(*wanted).where(submission.c.source == source, submission.c.ce_id.in_(ce_ids))
    return {row.ce_id: Submission(**row._mapping) for row in await tx.conn.execute(question)}


async def add(tx: Transaction, made: Sequence[Submission]) -> None:
    if made:
        await tx.conn.execute(insert(submission), [{name: getattr(one, name) for name in NAMES} for one in made])


async def find(conn: AsyncConnection, warning_id: UUID) -> Submission | None:
    wanted = [submission.c[name] for name in NAMES]
    row = (await conn.execute(select(*wanted).where(submission.c.warning_id == warning_id))).one_or_none()
    return None if row is None else Submission(**row._mapping)


async def fate(conn: AsyncConnection, sealer: Sealer, found: Submission) -> Fate:
    """What became of it. One that was mended and sent again tells of the last time."""
    question = select(received.c.effect, received.c.case_id).where(
        received.c.source == found.source, received.c.ce_id == found.ce_id
    )
    row = (await conn.execute(question)).one_or_none()
    if row is not None:
        await walls.show(conn, row.case_id)  # it may have been attached to a case of another source
        public = (await conn.execute(select(cases.c.case_id).where(cases.c.id == row.case_id))).scalar_one()
        return Fate(stage=Stage(row.effect), case_id=public)
    letter = await dead_letters.of_event(conn, dead_letters.event_key(sealer, found.source, found.ce_id))
    if letter is not None:
        return Fate(stage=Stage.DEAD_LETTER, reason=letter.reason)
    return Fate(stage=Stage.WAITING)
