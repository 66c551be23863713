"""Counts over everything that is stored: what the demo ends with. Figures of a period are made elsewhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.figures import Share, one_hour_rate
from services.domain.states import Action, State
from services.domain.words import Mode
from services.store import dead_letters, tables

cases, event = tables.cases, tables.event


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """`warnings` are the records taken, repeats too; a dead letter is none of them. Exercises are in no figure but it."""

    warnings: int
    cases: int
    assigned_by_rule: Mapping[str, int]  # cases that were ever assigned
    acknowledged: int
    breached_by_limit: Mapping[str, int]
    reported: int
    closed: int
    dead_letters: int
    one_hour: Share


async def summary(conn: AsyncConnection, *, now: datetime) -> Summary:
    """Everything there is at `now`. Reads whole tables: for a demo's database, not for a county's."""
    actual = cases.c.mode == Mode.ACTUAL
    ruled = select(cases.c.routed_by, func.count()).where(actual, cases.c.assigned_at.is_not(None))
    breached = (
        select(event.c.detail["timer"].as_string().label("timer"), func.count())
        .join(cases, cases.c.id == event.c.case_id)
        .where(actual, event.c.action == Action.BREACH)
        .group_by("timer")
    )
    of_cases = (
        await conn.execute(
            select(
                func.count(),
                func.count(cases.c.acknowledged_at),
                func.count(cases.c.feedback_at),
                func.count().filter(cases.c.state == State.CLOSED),
            ).where(actual)
        )
    ).one()
    return Summary(
        warnings=(await conn.execute(select(func.count()).select_from(tables.received))).scalar_one(),
        cases=of_cases[0],
        assigned_by_rule=_counted((await conn.execute(ruled.group_by(cases.c.routed_by))).all()),
        acknowledged=of_cases[1],
        breached_by_limit=_counted((await conn.execute(breached)).all()),
        reported=of_cases[2],
        closed=of_cases[3],
        dead_letters=await dead_letters.count(conn),
        one_hour=await _one_hour(conn, now),
    )


async def _one_hour(conn: AsyncConnection, now: datetime) -> Share:
    """Cancelled and transferred cases are out only if that happened before any breach."""
    ended_early = cases.c.state.in_((State.CANCELLED, State.TRANSFERRED))
    breached = select(event.c.id).where(event.c.case_id == cases.c.id, event.c.action == Action.BREACH).exists()
    loops = select(cases.c.issued_at, cases.c.feedback_at).where(
        and_(cases.c.mode == Mode.ACTUAL, or_(~ended_early, breached))
    )
    return one_hour_rate([(row.issued_at, row.feedback_at) for row in await conn.execute(loops)], now)


def _counted(rows: Iterable[Row[str, int]]) -> dict[str, int]:
    return {row[0]: row[1] for row in sorted(rows, key=lambda row: (-row[1], row[0]))}
