"""The rota as it is stored: patterns, rotations, entries, accepted swaps, holidays; the truth that `duty` is drawn from.

What hangs on many units at once (a pattern, a holiday) marks them to be drawn again, which the timekeeper does within
a minute; everything that belongs to one unit is drawn by whoever changes it, in the same transaction.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.rota.holiday import Holidays, Ruled
from services.domain.rota.pattern import Pattern, document_of, pattern_from
from services.domain.rota.rota import Entry, Rota, Rotation, Swap
from services.domain.rota.rotation import rotation_document, rotation_from
from services.domain.rota.swap import SwapState
from services.store import tables
from services.store.engine import Transaction

rota_unit, rotation, entry, swap = tables.rota_unit, tables.rotation, tables.rota_entry, tables.duty_swap
pattern, holiday, responder = tables.shift_pattern, tables.holiday, tables.responder


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRotation:
    id: int
    rotation: Rotation
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHoliday:
    day: date
    off: bool
    name: str
    changed_by: str
    changed_at: datetime


async def lock(tx: Transaction, unit: str) -> int:
    """Let nobody else change this unit's rota until the end of the transaction; gives its version, 0 before the first."""
    make = postgresql.insert if tx.postgres else sqlite.insert
    await tx.conn.execute(make(rota_unit).values(unit=unit, version=0).on_conflict_do_nothing())
    found: int = (
        await tx.conn.execute(select(rota_unit.c.version).where(rota_unit.c.unit == unit).with_for_update())
    ).scalar_one()
    return found


async def version_of(conn: AsyncConnection, unit: str) -> int:
    return (await conn.execute(select(rota_unit.c.version).where(rota_unit.c.unit == unit))).scalar() or 0


async def drawn(tx: Transaction, unit: str, until_at: datetime) -> None:
    """The unit's duty rows reach until then."""
    await tx.conn.execute(update(rota_unit).where(rota_unit.c.unit == unit).values(drawn_until_at=until_at))


async def drawn_until(conn: AsyncConnection, unit: str) -> datetime | None:
    return (await conn.execute(select(rota_unit.c.drawn_until_at).where(rota_unit.c.unit == unit))).scalar()


async def to_draw(conn: AsyncConnection, until_at: datetime) -> list[str]:
    """Units whose duty rows do not reach that far, or must be drawn again."""
    short = or_(rota_unit.c.drawn_until_at.is_(None), rota_unit.c.drawn_until_at < until_at)
    return list((await conn.execute(select(rota_unit.c.unit).where(short).order_by(rota_unit.c.unit))).scalars())


async def load(
    conn: AsyncConnection,
    zone: ZoneInfo,
    starts_at: datetime,
    ends_at: datetime,
    *,
    units: Collection[str] | None = None,
) -> dict[str, Rota]:
    """By unit, everything that decides about the window; of every unit with a rota, or of `units`, each of them there."""
    within = (
        [one.in_(sorted(units)) for one in (rotation.c.unit, entry.c.unit, swap.c.unit)] if units is not None else []
    )
    rotations: dict[str, dict[date, Rotation]] = {}
    known = await patterns(conn)
    for row in await conn.execute(select(rotation).where(*within[:1]).order_by(rotation.c.starts_on, rotation.c.id)):
        made = rotation_from(row.document, known, starts_on=row.starts_on)
        rotations.setdefault(row.unit, {})[row.starts_on] = made  # of one day the last one counts
    entries: dict[str, list[Entry]] = {}
    touching = (entry.c.ends_at > starts_at, entry.c.starts_at < ends_at, entry.c.withdrawn_at.is_(None))
    for row in await conn.execute(select(entry).where(*touching, *within[1:2]).order_by(entry.c.id)):
        entries.setdefault(row.unit, []).append(
            Entry(
                kind=row.kind,
                responder=row.responder,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                shift=row.shift,
                order=row.id,
            )
        )
    swaps: dict[str, list[Swap]] = {}
    accepted = (swap.c.state == SwapState.ACCEPTED, swap.c.over_at > starts_at)
    for row in await conn.execute(select(swap).where(*accepted, *within[2:]).order_by(swap.c.answered_at, swap.c.id)):
        takes = None if row.takes_from_at is None else (row.takes_from_at, row.takes_until_at)
        moved = Swap(asker=row.asker, other=row.other, gives=(row.gives_from_at, row.gives_until_at), takes=takes)
        swaps.setdefault(row.unit, []).append(moved)
    is_off = (await holidays(conn)).is_off
    return {
        unit: Rota(
            unit=unit,
            zone=zone,
            is_off=is_off,
            rotations=tuple(rotations.get(unit, {}).values()),
            entries=tuple(entries.get(unit, ())),
            swaps=tuple(swaps.get(unit, ())),
        )
        for unit in (units if units is not None else rotations.keys() | entries.keys() | swaps.keys())
    }


async def people_of(conn: AsyncConnection, unit: str, *, now: datetime) -> set[str]:
    """Codes of the unit's responders who have not left."""
    here = (responder.c.unit == unit, or_(responder.c.valid_to.is_(None), responder.c.valid_to > now))
    return set((await conn.execute(select(responder.c.code).where(*here))).scalars())


async def unit_of_people(conn: AsyncConnection, *, now: datetime) -> dict[str, str]:
    """The unit of every responder who has not left, by code."""
    here = or_(responder.c.valid_to.is_(None), responder.c.valid_to > now)
    return {row.code: row.unit for row in await conn.execute(select(responder.c.code, responder.c.unit).where(here))}


async def add_rotation(tx: Transaction, unit: str, made: Rotation, *, by: str) -> int:
    """The unit's rotation from a day on; gives the new version. Called with the unit locked."""
    await tx.conn.execute(
        insert(rotation).values(
            unit=unit,
            starts_on=made.starts_on,
            document=rotation_document(made),
            made_by=by,
            made_at=tx.now,
        )
    )
    raised = update(rota_unit).where(rota_unit.c.unit == unit).values(version=rota_unit.c.version + 1)
    version: int = (await tx.conn.execute(raised.returning(rota_unit.c.version))).scalar_one()
    return version


async def rotations_of(conn: AsyncConnection, unit: str) -> list[StoredRotation]:
    """Every rotation that the unit ever had, in the order in which they were made."""
    known = await patterns(conn)
    return [
        StoredRotation(
            id=row.id,
            rotation=rotation_from(row.document, known, starts_on=row.starts_on),
            made_by=row.made_by,
            made_at=row.made_at,
        )
        for row in await conn.execute(select(rotation).where(rotation.c.unit == unit).order_by(rotation.c.id))
    ]


async def patterns(conn: AsyncConnection) -> dict[str, Pattern]:
    rows = await conn.execute(select(pattern).order_by(pattern.c.code))
    return {row.code: pattern_from(row.code, row.document) for row in rows}


async def locked_pattern(tx: Transaction, code: str) -> dict[str, Any] | None:
    """The document of one pattern, which nobody else changes until the transaction ends; None: there is none."""
    row = select(pattern.c.document).where(pattern.c.code == code).with_for_update()
    found = (await tx.conn.execute(row)).scalar()
    return None if found is None else document_of(pattern_from(code, found))


async def keep_pattern(tx: Transaction, made: Pattern, *, by: str) -> None:
    """Add the pattern or put it in the place of the old one; every unit is drawn again. Safe to repeat."""
    row = {"document": document_of(made), "changed_by": by, "changed_at": tx.now}
    make = postgresql.insert if tx.postgres else sqlite.insert
    statement = make(pattern).values(code=made.code, **row)
    await tx.conn.execute(statement.on_conflict_do_update(index_elements=["code"], set_=row))
    await draw_anew(tx)


async def holidays(conn: AsyncConnection) -> Holidays:
    rows = await conn.execute(select(holiday.c.day, holiday.c.off, holiday.c.name))
    return Holidays({row.day: Ruled(off=row.off, name=row.name) for row in rows})


async def ruled_days(conn: AsyncConnection) -> list[StoredHoliday]:
    return [StoredHoliday(**row._mapping) for row in await conn.execute(select(holiday).order_by(holiday.c.day))]


async def locked_holiday(tx: Transaction, day: date) -> StoredHoliday | None:
    """What is said of a day, which nobody else changes until the transaction ends; None: nothing."""
    row = (await tx.conn.execute(select(holiday).where(holiday.c.day == day).with_for_update())).one_or_none()
    return None if row is None else StoredHoliday(**row._mapping)


async def keep_holiday(tx: Transaction, day: date, ruled: Ruled | None, *, by: str) -> None:
    """What we say of a day over the calendar; None: nothing any more. Every unit is drawn again."""
    if ruled is None:
        await tx.conn.execute(delete(holiday).where(holiday.c.day == day))
    else:
        row: Mapping[str, Any] = {"off": ruled.off, "name": ruled.name, "changed_by": by, "changed_at": tx.now}
        make = postgresql.insert if tx.postgres else sqlite.insert
        statement = make(holiday).values(day=day, **row)
        await tx.conn.execute(statement.on_conflict_do_update(index_elements=["day"], set_=row))
    await draw_anew(tx)


async def draw_anew(tx: Transaction) -> None:
    """Have the timekeeper draw every unit again: what they hang on (patterns, holidays, people) has changed."""
    await tx.conn.execute(update(rota_unit).values(drawn_until_at=None))
