"""What a unit takes part in (append-only rows with who and when, the newest in force), and who leads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.switches import Switch
from services.store import ready, tables
from services.store.engine import Transaction
from services.store.registry import GRID

unit, responder = tables.unit, tables.responder
unit_switch = tables.unit_switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One unit's, as they are in force."""

    off: frozenset[Switch] = frozenset()
    head: str | None = None


async def switched_off(conn: AsyncConnection, what: Switch) -> frozenset[str]:
    """The units for which `what` is off now. Cheap enough to ask every second."""
    return frozenset(row.unit for row in await ready.rows(conn, _OFF, {"what": what}))


async def lock(tx: Transaction, code: str) -> None:
    """Nobody else who locks it changes a unit's settings until the transaction ends."""
    await tx.conn.execute(select(unit.c.code).where(unit.c.code == code).with_for_update())


async def is_on(conn: AsyncConnection, code: str, what: Switch) -> bool:
    """Whether a unit takes part in `what`; nobody said: it does."""
    newest = (
        select(unit_switch.c.on)
        .where(unit_switch.c.unit == code, unit_switch.c.what == what)
        .order_by(unit_switch.c.id.desc())
        .limit(1)
    )
    return (await conn.execute(newest)).scalar() is not False


async def heads(conn: AsyncConnection, at: datetime) -> dict[str, str]:
    """Who leads each unit at `at`, as long as they are of that unit. Cheap enough to ask every second."""
    return dict(await ready.rows(conn, _HEADS, {"at": at}))


def _works_in(code: ColumnElement[str] | str, at: Any) -> ColumnElement[bool]:
    """Whether a responder is there at `at` and of the unit, or of a grid in it."""
    part = unit.alias("part")
    grids = select(part.c.code).where(part.c.parent == code, part.c.kind == GRID)
    there = or_(responder.c.valid_to.is_(None), responder.c.valid_to > at)
    return there & or_(responder.c.unit == code, responder.c.unit.in_(grids))


# Both are asked every second: made once.
_NEWEST = select(func.max(unit_switch.c.id)).where(unit_switch.c.what == bindparam("what")).group_by(unit_switch.c.unit)
_OFF: Final = select(unit_switch.c.unit).where(unit_switch.c.id.in_(_NEWEST), ~unit_switch.c.on)
_HEADS: Final = (
    select(unit.c.code, unit.c.head)
    .join(responder, responder.c.code == unit.c.head)
    .where(unit.c.head.is_not(None), _works_in(unit.c.code, bindparam("at")))
)


async def settings_of_units(conn: AsyncConnection, at: datetime) -> Mapping[str, Settings]:
    """By unit; one that is not there has the defaults."""
    off = {what: await switched_off(conn, what) for what in Switch}
    leading = await heads(conn, at)
    return {
        code: Settings(off=frozenset(what for what in Switch if code in off[what]), head=leading.get(code))
        for code in frozenset(leading).union(*off.values())
    }


async def is_of(conn: AsyncConnection, code: str, name: str, at: datetime) -> bool:
    """Whether the responder `name` is of the unit `code`, or of a grid in it."""
    question = select(responder.c.code).where(responder.c.code == name, _works_in(code, at))
    return (await conn.execute(question)).scalar() is not None


async def add_switch(tx: Transaction, code: str, what: Switch, *, on: bool, by: str) -> None:
    await tx.conn.execute(insert(unit_switch).values(unit=code, what=what, on=on, by=by, at=tx.now))


async def last_hand(conn: AsyncConnection, code: str) -> str | None:
    """Who last changed what a unit takes part in, or its row in the registry; None: nobody ever did."""
    change = tables.registry_change
    switched = select(unit_switch.c.at, unit_switch.c.by).where(unit_switch.c.unit == code)
    changed = select(change.c.at, change.c.by).where(change.c.kind == "unit", change.c.code == code)
    newest = (switched.order_by(unit_switch.c.id.desc()).limit(1), changed.order_by(change.c.id.desc()).limit(1))
    rows = [row for question in newest for row in await conn.execute(question)]
    return max(rows, key=lambda row: row.at).by if rows else None
