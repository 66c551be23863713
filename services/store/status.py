"""What responders say of themselves: the status as it is now, one row each, and every change of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, case, func, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.actor import Actor
from services.domain.roster import Activity, Availability
from services.domain.words import Role
from services.store import ready, tables
from services.store.engine import Transaction
from services.store.registry import GRID

status, change = tables.responder_status, tables.status_change
HOLDS = timedelta(hours=24)  # who forgot to say that they are back would never be asked again
_UNFREE: Final = select(status.c.responder, status.c.availability).where(  # asked every second: made once
    status.c.availability.in_((Availability.NOT_AVAILABLE, Availability.CONDITIONALLY_AVAILABLE)),
    status.c.changed_at >= bindparam("since", required=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Both layers, who said so and when."""

    responder: str
    availability: Availability
    activity: Activity | None
    changed_by: str
    role: Role
    changed_at: datetime


async def put(
    tx: Transaction, responder: str, availability: Availability, activity: Activity | None, *, by: Actor
) -> Status:
    """The status as it is afterwards. The same one again changes nothing: it stays whoever's it was."""
    said = {"availability": availability, "activity": activity}
    row = {"responder": responder, **said, "changed_by": by.name, "role": by.role, "changed_at": tx.now}
    make = postgresql.insert if tx.postgres else sqlite.insert
    differs = or_(
        status.c.availability != availability,
        status.c.activity.is_distinct_from(activity),
    )
    kept = make(status).values(row)
    changed = await tx.conn.execute(
        kept.on_conflict_do_update(
            index_elements=["responder"],
            set_={name: value for name, value in row.items() if name != "responder"},
            where=differs,
        ).returning(status.c.responder)
    )
    if changed.one_or_none() is not None:
        await tx.conn.execute(insert(change).values(row))
    return (await read(tx.conn, [responder]))[responder]


async def unit_of(conn: AsyncConnection, responder: str) -> str | None:
    """The unit whose desk speaks for a responder: for one of a grid, the unit it is a part of. None: no such responder."""
    known, unit = tables.responder, tables.unit
    grid_of = case((unit.c.kind == GRID, unit.c.parent))
    found = (
        select(func.coalesce(grid_of, known.c.unit))
        .outerjoin(unit, unit.c.code == known.c.unit)
        .where(known.c.code == responder)
    )
    answer: str | None = (await conn.execute(found)).scalar_one_or_none()
    return answer


async def read(conn: AsyncConnection, responders: list[str] | None = None) -> Mapping[str, Status]:
    """Who said something, of these or of all. Of everybody else nothing is known."""
    wanted = select(status) if responders is None else select(status).where(status.c.responder.in_(responders))
    return {row.responder: Status(**row._mapping) for row in await conn.execute(wanted)}


async def unfree(conn: AsyncConnection, *, now: datetime) -> dict[str, Availability]:
    """Who said within the last day that they can't be sent, or only if need be; everybody else counts as free."""
    return dict(await ready.rows(conn, _UNFREE, {"since": now - HOLDS}))


async def changes(conn: AsyncConnection, responder: str) -> list[Status]:
    """Every change of one responder's status, the oldest first."""
    wanted = [change.c[name] for name in Status.__dataclass_fields__]
    question = select(*wanted).where(change.c.responder == responder).order_by(change.c.id)
    return [Status(**row._mapping) for row in await conn.execute(question)]
