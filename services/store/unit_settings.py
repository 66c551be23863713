"""What a unit takes part in, and who leads it: append-only rows, each with who and when, the newest in force."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.switches import Switch
from services.store import tables
from services.store.engine import Transaction

unit, responder = tables.unit, tables.responder
unit_switch, unit_head = tables.unit_switch, tables.unit_head


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One unit's, as they are in force."""

    off: frozenset[Switch] = frozenset()
    head: str | None = None


async def switched_off(conn: AsyncConnection, what: Switch) -> frozenset[str]:
    """The units for which `what` is off now. Cheap enough to ask every second."""
    newest = select(func.max(unit_switch.c.id)).where(unit_switch.c.what == what).group_by(unit_switch.c.unit)
    off = select(unit_switch.c.unit).where(unit_switch.c.id.in_(newest), ~unit_switch.c.on)
    return frozenset((await conn.execute(off)).scalars())


async def is_on(conn: AsyncConnection, code: str, what: Switch) -> bool:
    """Whether a unit takes part in `what`; nobody said: it does."""
    newest = (
        select(unit_switch.c.on)
        .where(unit_switch.c.unit == code, unit_switch.c.what == what)
        .order_by(unit_switch.c.id.desc())
        .limit(1)
    )
    return (await conn.execute(newest)).scalar() is not False


async def heads(conn: AsyncConnection) -> dict[str, str]:
    """Who leads each unit, as long as they are of that unit. Cheap enough to ask every second."""
    newest = select(func.max(unit_head.c.id)).group_by(unit_head.c.unit)
    leading = (
        select(unit_head.c.unit, unit_head.c.responder)
        .join(responder, (responder.c.code == unit_head.c.responder) & (responder.c.unit == unit_head.c.unit))
        .where(unit_head.c.id.in_(newest))
    )
    return {row.unit: row.responder for row in await conn.execute(leading)}


async def settings_of_units(conn: AsyncConnection) -> Mapping[str, Settings]:
    """By unit; one that is not there has the defaults."""
    off = {what: await switched_off(conn, what) for what in Switch}
    leading = await heads(conn)
    return {
        code: Settings(off=frozenset(what for what in Switch if code in off[what]), head=leading.get(code))
        for code in frozenset(leading).union(*off.values())
    }


async def exists(conn: AsyncConnection, code: str) -> bool:
    return (await conn.execute(select(unit.c.code).where(unit.c.code == code))).scalar() is not None


async def is_of(conn: AsyncConnection, code: str, name: str) -> bool:
    """Whether the responder `name` is of the unit `code`."""
    question = select(responder.c.code).where(responder.c.code == name, responder.c.unit == code)
    return (await conn.execute(question)).scalar() is not None


async def add_switch(tx: Transaction, code: str, what: Switch, *, on: bool, by: str) -> None:
    await tx.conn.execute(insert(unit_switch).values(unit=code, what=what, on=on, by=by, at=tx.now))


async def add_head(tx: Transaction, code: str, name: str | None, *, by: str) -> None:
    await tx.conn.execute(insert(unit_head).values(unit=code, responder=name, by=by, at=tx.now))
