"""The systems that send warnings by HTTP, and whether one is above its quota. Decides nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.store import tables
from services.store.engine import Transaction

source, submission = tables.source, tables.submission
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`over_since` and `over_at` are of the newest episode above the quota."""

    code: str
    quota_per_min: int
    over_since: datetime | None = None
    over_at: datetime | None = None


async def find(conn: AsyncConnection, code: str) -> Source | None:
    return next((one for one in await all_of(conn, code)), None)


async def all_of(conn: AsyncConnection, code: str | None = None) -> list[Source]:
    """Every source, or the one, by code."""
    wanted = [source.c[name] for name in Source.__dataclass_fields__]
    question = select(*wanted).order_by(source.c.code)
    if code is not None:
        question = question.where(source.c.code == code)
    return [Source(**row._mapping) for row in await conn.execute(question)]


async def keep(tx: Transaction, code: str, *, quota_per_min: int, by: str) -> None:
    """A new source, or another quota. Safe to repeat."""
    values = {"quota_per_min": quota_per_min, "changed_by": by, "changed_at": tx.now}
    make = postgresql.insert if tx.postgres else sqlite.insert
    statement = make(source).values(code=code, **values)
    await tx.conn.execute(statement.on_conflict_do_update(index_elements=["code"], set_=values))


async def sent_lately(tx: Transaction, code: str) -> int:
    """How many of its warnings were taken at once within the last minute."""
    question = select(func.count()).where(
        submission.c.source == code, submission.c.at > tx.now - MINUTE, submission.c.later.is_(False)
    )
    return (await tx.conn.execute(question)).scalar_one()


async def is_over(tx: Transaction, found: Source, *, episode: timedelta) -> bool:
    """Note that the source is above its quota; whether a new episode began: an hour's quiet, say, ends the last one."""
    began = found.over_at is None or found.over_at <= tx.now - episode
    values = {"over_at": tx.now} | ({"over_since": tx.now} if began else {})
    unchanged = source.c.over_at.is_(None) if found.over_at is None else source.c.over_at == found.over_at
    noted = await tx.conn.execute(update(source).where(source.c.code == found.code, unchanged).values(values))
    return began and noted.rowcount == 1
