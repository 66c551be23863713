"""What became of the warnings of one source: cases, repeats of cases, dead letters. For replays and for sources."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.store import tables

received, cases = tables.received, tables.cases
PAGE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One warning that is a case now, or was taken into one (`effect`, see ReceivedRow)."""

    ce_id: str
    effect: str
    responsible_unit: str | None
    rule: str


async def effects(conn: AsyncConnection, source: str) -> dict[str, int]:
    """How many warnings of the source had which effect."""
    question = select(received.c.effect, func.count()).where(received.c.source == source).group_by(received.c.effect)
    return {row[0]: row[1] for row in await conn.execute(question)}


async def fates(conn: AsyncConnection, source: str) -> AsyncIterator[Fate]:
    """Every warning of the source with the unit responsible for it now, in the order of `ce_id`."""
    wanted = (
        select(received.c.ce_id, received.c.effect, cases.c.responsible_unit, cases.c.routed_by.label("rule"))
        .join(cases, cases.c.id == received.c.case_id)
        .where(received.c.source == source)
        .order_by(received.c.ce_id)
        .limit(PAGE)
    )
    last = ""
    while page := (await conn.execute(wanted.where(received.c.ce_id > last))).all():
        for row in page:
            yield Fate(**row._mapping)
        last = page[-1].ce_id
