"""Past cases for a preview: limits and risks alone, page by page. Exercises are no part of it."""

from collections.abc import AsyncIterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.preview import Past
from services.domain.states import Action
from services.domain.words import Mode, Risk
from services.store import tables
from services.store.cases import unpacked

PAGE = 200  # some 20 ms of the event loop
cases, event = tables.cases, tables.event
RATED = (Action.RAISE, Action.LOWER)


async def since(conn: AsyncConnection, begin: datetime) -> AsyncIterator[list[Past]]:
    """The actual cases received since `begin`, newest first."""
    before: int | None = None
    while True:
        question = select(cases.c.id, cases.c.risk, cases.c.mode, cases.c.received_at, cases.c.timers)
        if before is not None:
            question = question.where(cases.c.id < before)
        rows = (await conn.execute(question.order_by(cases.c.id.desc()).limit(PAGE))).all()
        wanted = [row for row in rows if row.received_at >= begin and row.mode is Mode.ACTUAL]
        rated = await _rated(conn, [row.id for row in wanted])
        if wanted:
            yield [_past(row.risk, row.received_at, rated.get(row.id, []), row.timers) for row in wanted]
        # Rows are written in the order of their coming, give or take a batch: a whole page of older ones is the end.
        if len(rows) < PAGE or all(row.received_at < begin for row in rows):
            return
        before = rows[-1].id


async def _rated(conn: AsyncConnection, ids: list[int]) -> dict[int, list[tuple[datetime, str, str]]]:
    found: dict[int, list[tuple[datetime, str, str]]] = {}
    question = select(event.c.case_id, event.c.recorded_at, event.c.detail).where(
        event.c.case_id.in_(ids), event.c.action.in_(RATED)
    )
    for row in await conn.execute(question.order_by(event.c.case_id, event.c.version)):
        found.setdefault(row.case_id, []).append((row.recorded_at, row.detail["from"], row.detail["to"]))
    return found


def _past(
    risk: Risk, received_at: datetime, rated: list[tuple[datetime, str, str]], timers: list[list[object]]
) -> Past:
    first = Risk(rated[0][1]) if rated else risk
    return Past(
        risks=((received_at, first), *((at, Risk(to)) for at, _, to in rated)),
        timers=unpacked(timers),
    )
