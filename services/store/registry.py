"""Units, their areas and stations, region codes, responders and who is on duty: what the routing picture is made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.states import State
from services.store import tables
from services.store.engine import Transaction

# The states in which a case takes a responder's time.
BUSY = (State.ASSIGNED, State.ACKNOWLEDGED, State.IN_PROGRESS, State.CONTACTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    code: str
    kind: str
    name_zh: str
    name_en: str
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    unit: str
    polygon: bytes  # WKB, WGS-84


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    unit: str
    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionCode:
    code: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    code: str
    unit: str
    name: str
    grade: str
    post_lat: float
    post_lon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    responder: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDuty:
    """A responder on duty now, with the open cases in hand."""

    responder: Responder
    open_cases: int


_TABLES: dict[type[Any], Table] = {
    Unit: tables.unit,
    Area: tables.area,
    Station: tables.station,
    RegionCode: tables.region_code,
    Responder: tables.responder,
    Duty: tables.duty,
}


async def replace_all(tx: Transaction, *rows: Sequence[Any]) -> None:
    """Put whole tables in the place of what was there: one sequence for each kind of row, none of them mixed."""
    for table in _TABLES.values():
        await tx.conn.execute(delete(table))
    for batch in rows:
        if batch:
            table = _TABLES[type(batch[0])]
            await tx.conn.execute(insert(table), [_columns(row, table) for row in batch])


async def keep_units(tx: Transaction, units: Sequence[Unit]) -> None:
    """Add these units, or bring those that are there up to date; the others stay. A unit without a parent keeps its own."""
    make = postgresql.insert if tx.postgres else sqlite.insert
    for one in units:
        row = _columns(one, tables.unit)
        change = {name: value for name, value in row.items() if name != "parent" or value is not None}
        statement = make(tables.unit).values(row)
        await tx.conn.execute(statement.on_conflict_do_update(index_elements=["code"], set_=change))


async def replace_of(tx: Transaction, units: Iterable[str], kind: type[Area | Station], rows: Sequence[Any]) -> None:
    """Put these rows in the place of all that these units had of the kind; what other units have stays."""
    table = _TABLES[kind]
    await tx.conn.execute(delete(table).where(table.c.unit.in_(sorted(units))))
    if rows:
        await tx.conn.execute(insert(table), [_columns(row, table) for row in rows])


def _columns(row: Any, table: Table) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in table.columns if hasattr(row, column.name)}


async def read(conn: AsyncConnection, kind: type[Any]) -> list[Any]:
    """Every row of one kind (Unit, Area, Station, RegionCode, Responder, Duty)."""
    table = _TABLES[kind]
    wanted = [column for column in table.columns if column.name in kind.__dataclass_fields__]
    return [kind(**row._mapping) for row in await conn.execute(select(*wanted))]


async def on_duty(conn: AsyncConnection, at: datetime) -> list[OnDuty]:
    """Who is on duty at `at`, each once, with the cases each holds now."""
    duty, responder, cases = tables.duty, tables.responder, tables.cases
    load = (
        select(cases.c.responder, func.count().label("held"))
        .where(cases.c.state.in_(BUSY), cases.c.responder.is_not(None))
        .group_by(cases.c.responder)
        .subquery()
    )
    present = select(duty.c.responder).where(duty.c.starts_at <= at, duty.c.ends_at > at)
    question = (
        select(responder, func.coalesce(load.c.held, 0).label("held"))
        .outerjoin(load, load.c.responder == responder.c.code)
        .where(responder.c.code.in_(present))
        .order_by(responder.c.code)
    )
    return [
        OnDuty(
            responder=Responder(**{name: row._mapping[name] for name in Responder.__dataclass_fields__}),
            open_cases=row.held,
        )
        for row in await conn.execute(question)
    ]


async def map_stamp(conn: AsyncConnection) -> tuple[Any, ...]:
    """Another value whenever the map is another one: cheap enough to ask every second."""
    area, station, code = tables.area, tables.station, tables.region_code
    asked = [
        select(func.max(area.c.id)).scalar_subquery(),
        select(func.count()).select_from(area).scalar_subquery(),
        select(func.max(station.c.id)).scalar_subquery(),
        select(func.count()).select_from(station).scalar_subquery(),
        select(func.count()).select_from(code).scalar_subquery(),
    ]
    return tuple((await conn.execute(select(*asked))).one())


async def unit_names(conn: AsyncConnection) -> dict[str, Unit]:
    return {unit.code: unit for unit in await read(conn, Unit)}
