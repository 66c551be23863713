"""Lists over many cases of what is beside them: stop orders, follow-ups by unit and due time, reviews by state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.follow_up import FollowUp, FollowUpState
from services.domain.review import Review, ReviewState
from services.domain.stop_order import StopOrder, StopState
from services.store import tables
from services.store.beside import to_follow_up, to_order, to_review
from services.store.scope import of_unit

cases, follow_ups, reviews, orders = tables.cases, tables.follow_up, tables.review, tables.stop_order


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpOfCase:
    case_id: UUID
    one: FollowUp


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOfCase:
    case_id: UUID
    one: StopOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOfCase:
    case_id: UUID
    one: Review


async def follow_ups_page(
    conn: AsyncConnection,
    *,
    after: int | None,
    limit: int,
    unit: str | None,
    states: Sequence[FollowUpState] | None,
    due_before: datetime | None,
    case_id: UUID | None = None,
) -> list[FollowUpOfCase]:
    """The earliest due first, from after the row `after` on."""
    found = select(follow_ups, cases.c.case_id.label("public_id")).join(cases, follow_ups.c.case_id == cases.c.id)
    found = found.order_by(follow_ups.c.due_at, follow_ups.c.id).limit(limit)
    if after is not None:
        last = select(follow_ups.c.due_at).where(follow_ups.c.id == after).scalar_subquery()
        later, same = follow_ups.c.due_at > last, follow_ups.c.due_at == last
        found = found.where(or_(later, and_(same, follow_ups.c.id > after)))
    if unit is not None:
        found = found.where(follow_ups.c.unit == unit)
    if states is not None:
        found = found.where(follow_ups.c.state.in_(states))
    if due_before is not None:
        found = found.where(follow_ups.c.due_at < due_before)
    if case_id is not None:
        found = found.where(cases.c.case_id == case_id)
    return [
        FollowUpOfCase(case_id=UUID(int=row.public_id.int), one=to_follow_up(row)) for row in await conn.execute(found)
    ]


async def reviews_page(
    conn: AsyncConnection,
    *,
    before: int | None,
    limit: int,
    unit: str | None,
    states: Sequence[ReviewState] | None,
    case_id: UUID | None = None,
) -> list[ReviewOfCase]:
    """Newest first; of the cases of one unit, where that is given."""
    found = select(reviews, cases.c.case_id.label("public_id")).join(cases, reviews.c.case_id == cases.c.id)
    found = found.order_by(reviews.c.id.desc()).limit(limit)
    if before is not None:
        found = found.where(reviews.c.id < before)
    if unit is not None:
        found = found.where(of_unit(unit))
    if states is not None:
        found = found.where(reviews.c.state.in_(states))
    if case_id is not None:
        found = found.where(cases.c.case_id == case_id)
    return [ReviewOfCase(case_id=UUID(int=row.public_id.int), one=to_review(row)) for row in await conn.execute(found)]


async def orders_page(
    conn: AsyncConnection,
    *,
    before: int | None,
    limit: int,
    unit: str | None,
    states: Sequence[StopState] | None,
) -> list[OrderOfCase]:
    """Newest first; of the cases of one unit, where that is given."""
    found = select(orders, cases.c.case_id.label("public_id")).join(cases, orders.c.case_id == cases.c.id)
    found = found.order_by(orders.c.id.desc()).limit(limit)
    if before is not None:
        found = found.where(orders.c.id < before)
    if unit is not None:
        found = found.where(of_unit(unit))
    if states is not None:
        found = found.where(orders.c.state.in_(states))
    return [OrderOfCase(case_id=UUID(int=row.public_id.int), one=to_order(row)) for row in await conn.execute(found)]
