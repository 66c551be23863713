"""Duty rows: the rota drawn out as rows, so that who is on duty costs the router one query. Past ones never change.

The rota tables are the truth. Whoever changes a unit's rota draws its rows from now to HORIZON in the same transaction,
and the timekeeper draws further once an hour. A row that has begun is only ever ended, at the moment of the change; so
for any time up to now these rows say who *was* on duty, whatever was changed or withdrawn since. Rows are cut at local
midnights: none is longer than a day, and the question for one instant looks at one day of them and not at all that are
to come. Rows without a unit were put here by hand; they count until their unit gets a rotation.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import CompoundSelect, Select, delete, func, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.rota.rota import Via
from services.domain.rota.spans import Span, days_of, last_ends
from services.store import arrays, tables
from services.store.engine import Transaction

duty, responder = tables.duty, tables.responder
HORIZON = timedelta(days=35)
LONGEST_ROW = timedelta(hours=26)  # a day on which the clock is put back, and a little
LOOKED_BACK = timedelta(days=8)  # a rest longer than that is a rest


def present(at: datetime) -> Select[tuple[str, datetime | None]]:
    """Who is on duty at `at` and when their duty before ended (None: unknown), as a question to be asked inside another."""
    both = rows_in_force(at, at - LONGEST_ROW).subquery()
    return select(both.c.responder, func.max(both.c.last_ended_at).label("last_ended_at")).group_by(both.c.responder)


def rows_in_force(at: Any, since: Any) -> CompoundSelect[int, str, datetime | None]:
    """The rows that put somebody on duty at `at`; `since` is LONGEST_ROW before it. Both may be said when it is asked."""
    wanted = select(duty.c.id, duty.c.responder, duty.c.last_ended_at)
    drawn = wanted.where(
        duty.c.starts_at > since, duty.c.starts_at <= at, duty.c.ends_at > at, duty.c.unit.is_not(None)
    )
    by_hand = wanted.where(duty.c.unit.is_(None), duty.c.ends_at > at, duty.c.starts_at <= at)
    return union_all(drawn, by_hand)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """Somebody on duty; `rested_since` is the end of the duty before this unbroken one, where it is known."""

    unit: str
    responder: str
    shift: str | None
    starts_at: datetime
    ends_at: datetime
    last_ended_at: datetime | None


async def people_at(conn: AsyncConnection, at: datetime, *, unit: str | None = None) -> list[Present]:
    """Who is on duty at `at`, by unit and code. Of two rows of one person the longer lasting counts."""
    question = (
        select(responder.c.unit, duty.c.responder, duty.c.shift, duty.c.starts_at, duty.c.ends_at, duty.c.last_ended_at)
        .join(responder, responder.c.code == duty.c.responder)
        .where(duty.c.starts_at <= at, duty.c.ends_at > at)
        .where(or_(duty.c.starts_at > at - LONGEST_ROW, duty.c.unit.is_(None)))
        .where(or_(responder.c.valid_to.is_(None), responder.c.valid_to > at))
        .order_by(responder.c.unit, duty.c.responder, duty.c.ends_at)
    )
    if unit is not None:
        question = question.where(responder.c.unit == unit)
    found = {row.responder: Present(**row._mapping) for row in await conn.execute(question)}
    return sorted(found.values(), key=lambda one: (one.unit, one.responder))


async def spans_between(
    conn: AsyncConnection, starts_at: datetime, ends_at: datetime, *, unit: str | None = None
) -> dict[str, list[Span]]:
    """By unit, the rows of known responders that touch the window."""
    question = (
        select(responder.c.unit, duty.c.responder, duty.c.shift, duty.c.starts_at, duty.c.ends_at)
        .join(responder, responder.c.code == duty.c.responder)
        .where(duty.c.starts_at < ends_at, duty.c.ends_at > starts_at)
        .where(or_(duty.c.starts_at > starts_at - LONGEST_ROW, duty.c.unit.is_(None)))
        .where(or_(responder.c.valid_to.is_(None), responder.c.valid_to > starts_at))
        .order_by(duty.c.starts_at, duty.c.responder)
    )
    if unit is not None:
        question = question.where(responder.c.unit == unit)
    found: dict[str, list[Span]] = {}
    for row in await conn.execute(question):
        found.setdefault(row.unit, []).append(_span(row))
    return found


def _span(row: object) -> Span:
    found = {name: getattr(row, name) for name in ("responder", "shift", "starts_at", "ends_at")}
    return Span(**(found | {"shift": found["shift"] or ""}), via=Via.PLAN)


async def draw(tx: Transaction, unit: str, spans: Iterable[Span], zone: ZoneInfo) -> int:
    """Make the unit's rows from now on what `spans` say; how many rows changed. A repeat changes none.

    Called with the unit's rota locked. What has begun and goes on stays; what has begun and is not wanted ends now.
    """
    now = tx.now
    wanted = {
        (one.responder, max(one.starts_at, now), one.ends_at, one.shift): one
        for span in spans
        for one in days_of(span, zone)
        if one.ends_at > now
    }
    rows = (await tx.conn.execute(select(duty).where(duty.c.unit == unit, duty.c.ends_at > now - LOOKED_BACK))).all()
    history = [_span(row) for row in rows if row.starts_at < now]
    before = last_ends([*(one for one in history if one.ends_at <= now), *wanted.values()])
    over, ended = [], []
    for row in rows:
        if row.ends_at <= now:
            continue
        key = (row.responder, max(row.starts_at, now), row.ends_at, row.shift or "")
        same = wanted.get(key)
        if same is not None and (
            row.starts_at < now or row.last_ended_at == before.get((same.responder, same.starts_at))
        ):
            del wanted[key]
        elif row.starts_at < now:
            ended.append(row.id)
        else:
            over.append(row.id)
    if ended:
        await tx.conn.execute(update(duty).where(duty.c.id.in_(ended)).values(ends_at=now))
    for first in range(0, len(over), 500):
        await tx.conn.execute(delete(duty).where(duty.c.id.in_(over[first : first + 500])))
    new = [
        {
            "responder": who,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "unit": unit,
            "shift": shift,
            "last_ended_at": before.get((span.responder, span.starts_at)),
        }
        for (who, starts_at, ends_at, shift), span in wanted.items()
    ]
    await arrays.insert_rows(tx, duty, new)
    return len(over) + len(ended) + len(new)


async def end_by_hand(tx: Transaction, people: Iterable[str], from_at: datetime) -> None:
    """From then on these people's duty is drawn, and what was laid by hand ends. Safe to repeat."""
    laid = (duty.c.unit.is_(None), duty.c.responder.in_(sorted(people)), duty.c.ends_at > from_at)
    await tx.conn.execute(delete(duty).where(*laid, duty.c.starts_at >= from_at))
    await tx.conn.execute(update(duty).where(*laid).values(ends_at=from_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """An instant at which rows of one unit end or begin."""

    unit: str
    at: datetime
    going: tuple[str, ...]  # off duty from now on
    coming: tuple[str, ...]


async def changes(conn: AsyncConnection, after: datetime, until: datetime) -> list[Edge]:
    """Where in (after, until] people go off duty, by time. Who goes on at once is not gone."""
    unit = func.coalesce(duty.c.unit, responder.c.unit).label("of")
    question = (
        select(unit, duty.c.responder, duty.c.starts_at, duty.c.ends_at)
        .join(responder, responder.c.code == duty.c.responder)
        .where(
            or_(
                (duty.c.starts_at > after) & (duty.c.starts_at <= until),
                (duty.c.ends_at > after) & (duty.c.ends_at <= until),
            )
        )
        .where(or_(duty.c.starts_at > after - LONGEST_ROW, duty.c.unit.is_(None)))
    )
    going: dict[tuple[datetime, str], set[str]] = {}
    coming: dict[tuple[datetime, str], set[str]] = {}
    for row in await conn.execute(question):
        coming.setdefault((row.starts_at, row.of), set()).add(row.responder)
        going.setdefault((row.ends_at, row.of), set()).add(row.responder)
    return [
        Edge(unit=of, at=at, going=tuple(sorted(gone)), coming=tuple(sorted(coming.get((at, of), set()) - left)))
        for (at, of), left in sorted(going.items())
        if after < at <= until and (gone := left - coming.get((at, of), set()))
    ]
