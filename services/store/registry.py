"""Units, their areas and stations, region codes, villages, responders and who is on duty: what the picture is made of.

Changing it with who and when is in `registry_changes`.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, RowMapping, Table, bindparam, delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.states import State
from services.store import duty, ready, tables
from services.store.engine import Transaction

GRID = "grid"  # the kind of a unit below the responsible one

# The states in which a case takes a responder's time.
BUSY = (State.ASSIGNED, State.ACKNOWLEDGED, State.IN_PROGRESS, State.CONTACTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    code: str
    kind: str
    name_zh: str
    name_en: str
    parent: str | None = None
    contact: str | None = None
    head: str | None = None  # code of the responder who leads it
    valid_from: datetime | None = None  # None: since always
    valid_to: datetime | None = None  # just before it; None: no end


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    unit: str
    polygon: bytes  # WKB, WGS-84
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    unit: str
    name: str
    lat: float
    lon: float
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionCode:
    code: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    village_code: str
    village: str
    township_code: str
    township: str
    county_code: str
    county: str
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    code: str
    unit: str
    name: str
    grade: str
    post_lat: float
    post_lon: float
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    family_liaison: bool = False
    valid_to: datetime | None = None


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
    last_ended_at: datetime | None  # of the duty before this one; None: unknown


_TABLES: dict[type[Any], Table] = {
    Unit: tables.unit,
    Area: tables.area,
    Station: tables.station,
    RegionCode: tables.region_code,
    Village: tables.village,
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
            await tx.conn.execute(insert(table), [columns_of(row) for row in batch])


def table_of(kind: type[Any]) -> Table:
    return _TABLES[kind]


def columns_of(row: Any) -> dict[str, Any]:
    """What is stored of a row; the database numbers it where it has no id yet."""
    table = _TABLES[type(row)]
    values = {column.name: getattr(row, column.name, None) for column in table.columns if hasattr(row, column.name)}
    return {name: value for name, value in values.items() if name != "id" or value is not None}


async def read(conn: AsyncConnection, kind: type[Any], *, at: datetime | None = None) -> list[Any]:
    """Every row of one kind (Unit, Area, Station, RegionCode, Village, Responder, Duty); with `at` those in force then."""
    table = _TABLES[kind]
    wanted = [column for column in table.columns if column.name in kind.__dataclass_fields__]
    question = select(*wanted)
    if at is not None:
        question = question.where(*_in_force(table, at))
    return [made(kind, row._mapping) for row in await conn.execute(question)]


def made(kind: type[Any], row: RowMapping) -> Any:
    """The value that a stored row stands for; a list becomes a tuple, because values don't change."""
    given = {name: row[name] for name in kind.__dataclass_fields__}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def _in_force(table: Table, at: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if "valid_from" in table.c:
        conditions.append(or_(table.c.valid_from.is_(None), table.c.valid_from <= at))
    if "valid_to" in table.c:
        conditions.append(or_(table.c.valid_to.is_(None), table.c.valid_to > at))
    return conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the map is drawn from: what is in force at one moment. `grids` are a finer level of their own."""

    areas: list[Area]
    grids: list[tuple[Area, str]]  # with the unit each is a part of; one without is left out
    stations: list[Station]
    codes: list[RegionCode]
    villages: list[Village]
    units: dict[str, Unit]  # those that ended too, because cases name them


async def ground(conn: AsyncConnection, at: datetime) -> Ground:
    """Everything the map needs, as of `at`. A grid's station is nobody's station: routing ends at the unit."""
    units = await unit_names(conn)
    grids = {code for code, unit in units.items() if unit.kind == GRID}
    areas = await read(conn, Area, at=at)
    return Ground(
        areas=[area for area in areas if area.unit not in grids],
        grids=[(area, parent) for area in areas if area.unit in grids and (parent := units[area.unit].parent)],
        stations=[station for station in await read(conn, Station, at=at) if station.unit not in grids],
        codes=await read(conn, RegionCode),
        villages=await read(conn, Village),
        units=units,
    )


async def open_cases(conn: AsyncConnection) -> dict[str, int]:
    """How many cases each responder holds now; who holds none is not in it."""
    return dict(await ready.rows(conn, _LOAD, {}))


async def watch_stamp(conn: AsyncConnection, at: datetime) -> tuple[Any, ...]:
    """Another value whenever other people have duty at `at`; who leaves while on duty is not seen by it.

    Of the duty rows in force it reads the numbers alone: a row that has begun is only ever ended (store/duty.py).
    """
    (found,) = await ready.rows(conn, _WATCH, {"at": at, "since": at - duty.LONGEST_ROW})
    return tuple(found)


async def on_duty(conn: AsyncConnection, at: datetime) -> list[OnDuty]:
    """Who is on duty at `at`, each once, with the cases each holds now."""
    responder, load = tables.responder, _LOAD.subquery()
    present = duty.present(at).subquery()
    question = (
        select(responder, func.coalesce(load.c.held, 0).label("held"), present.c.last_ended_at)
        .join(present, present.c.responder == responder.c.code)
        .outerjoin(load, load.c.responder == responder.c.code)
        .where(*_in_force(responder, at))
        .order_by(responder.c.code)
    )
    # a hundred thousand rows take a second to read out: longer than the loop may wait
    return await asyncio.to_thread(_on_duty_of, await conn.execute(question))


def _on_duty_of(rows: Iterable[Row[Any]]) -> list[OnDuty]:
    return [
        OnDuty(responder=made(Responder, row._mapping), open_cases=row.held, last_ended_at=row.last_ended_at)
        for row in rows
    ]


_cases = tables.cases
_LOAD = (
    select(_cases.c.responder, func.count().label("held"))
    .where(_cases.c.state.in_(BUSY), _cases.c.responder.is_not(None))
    .group_by(_cases.c.responder)
)


async def map_stamp(conn: AsyncConnection, at: datetime) -> tuple[Any, ...]:
    """Another value whenever the map is another one: cheap enough to ask every second.

    Also when an area or a station has come into force or ended by `at`.
    """
    (found,) = await ready.rows(conn, _MAP, {"at": at})
    return tuple(found)


def _map_stamp() -> ready.AnySelect:
    area, station, code = tables.area, tables.station, tables.region_code
    asked = [
        select(func.max(area.c.id)),
        select(func.count()).select_from(area),
        select(func.max(station.c.id)),
        select(func.count()).select_from(station),
        select(func.count()).select_from(code),
        select(func.max(tables.registry_change.c.id)),
    ]
    asked += [
        select(func.count()).select_from(table).where(table.c[name] <= bindparam("at"))
        for table in (area, station)
        for name in ("valid_from", "valid_to")
    ]
    return select(*(one.scalar_subquery().label(f"stamp_{number}") for number, one in enumerate(asked)))


def _watch_stamp() -> ready.AnySelect:
    row = duty.rows_in_force(bindparam("at"), bindparam("since")).subquery()
    # a sum alone would not see one row go and two others change places
    sums = func.sum(row.c.id).label("sum"), func.sum(row.c.id * 2654435761 % 4294967291).label("mixed")
    return select(func.count().label("count"), *sums).select_from(row)


# Asked every second: made once.
_MAP: Final = _map_stamp()
_WATCH: Final = _watch_stamp()


async def unit_names(conn: AsyncConnection) -> dict[str, Unit]:
    return {unit.code: unit for unit in await read(conn, Unit)}
