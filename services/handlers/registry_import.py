"""registry import: read the files, judge each row, and work out what would change. Each file is the whole truth of its kind.

Nothing is written here: `registry_changes.carry_out` writes what `work_of` found, or a dry run only tells it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.value import replace
from services.handlers.registry_areas import find_seams, take_units
from services.handlers.registry_found import Columns, Found, FoundUnit
from services.handlers.registry_lists import take_region_codes, take_responders, take_villages
from services.handlers.registry_points import take_stations
from services.handlers.registry_timed import covers, work_of_timed
from services.store import registry
from services.store.registry import Area, RegionCode, Responder, Station, Unit, Village
from services.store.registry_changes import Change, Work, differences

Codes = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What is to be brought in; None: nothing of that kind."""

    jurisdictions: Path | None = None
    stations: Path | None = None
    region_codes: Path | None = None
    villages: Path | None = None
    responders: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How it is to be brought in."""

    level: str
    valid_from: datetime | None = None  # of areas and stations; None, or a day that is past: at once
    keep_others: bool = False  # what the files don't name stays, instead of ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The whole registry as it is; areas and stations with those that ended or have not begun."""

    units: Mapping[str, Unit]
    areas: list[Area]
    stations: list[Station]
    codes: Mapping[str, RegionCode]
    villages: Mapping[str, Village]
    responders: Mapping[str, Responder]


async def stored(conn: AsyncConnection) -> Stored:
    return Stored(
        units=await registry.unit_names(conn),
        areas=await registry.read(conn, Area),
        stations=await registry.read(conn, Station),
        codes={one.code: one for one in await registry.read(conn, RegionCode)},
        villages={one.village_code: one for one in await registry.read(conn, Village)},
        responders={one.code: one for one in await registry.read(conn, Responder)},
    )


def read_files(files: Files, columns: Columns, there: Stored, manner: Manner, *, now: datetime) -> Found:
    """Everything in the files, with what is wrong in them. Raises BadFile where a file can't be read as a whole."""
    at = begins(manner, now)
    found = Found(level=manner.level, known={code: unit for code, unit in there.units.items() if not unit.valid_to})
    shapes = _shapes(there, at)
    if files.jurisdictions is not None:
        take_units(found, files.jurisdictions, columns)
        level = {code for code, unit in found.known.items() if unit.kind == manner.level} - (found.units or {}).keys()
        find_seams(found, {code: shapes[code] for code in level & shapes.keys()} if manner.keep_others else {})
    if files.stations is not None:
        take_stations(found, files.stations, columns, shapes)
    if files.region_codes is not None:
        take_region_codes(found, files.region_codes, columns)
    if files.villages is not None:
        take_villages(found, files.villages, columns, {one.code: one.unit for one in there.codes.values()})
    if files.responders is not None:
        posts = {one.unit: (one.lat, one.lon) for one in there.stations if covers(one, at)}
        take_responders(found, files.responders, columns, posts)
    return found


def begins(manner: Manner, now: datetime) -> datetime:
    """When areas and stations change: never before now, because no case that is there is routed again."""
    return max(manner.valid_from or now, now)


def _shapes(there: Stored, at: datetime) -> dict[str, list[shapely.Geometry]]:
    shapes: dict[str, list[shapely.Geometry]] = {}
    for area in there.areas:
        if covers(area, at):
            shapes.setdefault(area.unit, []).append(shapely.from_wkb(area.polygon))
    return shapes


def vanished(found: Found, there: Stored, manner: Manner) -> list[str]:
    """Codes of the level's units that the file does not name, so that they end."""
    if found.units is None or manner.keep_others:
        return []
    return sorted(
        code
        for code, unit in there.units.items()
        if unit.kind == manner.level and unit.valid_to is None and code not in found.units
    )


def work_of(found: Found, there: Stored, manner: Manner, *, now: datetime) -> Work:
    """What would change; nothing where the store already has all that the files say."""
    at = begins(manner, now)
    later = at if manner.valid_from is not None else None
    work = Work(at=at)
    lost = vanished(found, there, manner)
    if found.units is not None:
        _units(work, found.units, there, lost, at=at, later=later)
        wanted = {
            code: [Area(unit=code, polygon=shapely.to_wkb(shape)) for shape in found.areas.get(code, ())]
            for code in (*found.units, *lost)
        }
        work_of_timed(work, wanted, there.areas, at=at, later=later)
    _stations(work, found, there, manner, lost, at=at, later=later)
    keep = manner.keep_others
    if found.codes is not None:
        _replace(work, found.codes, there.codes, keep=keep)
    if found.villages is not None:
        _replace(work, found.villages, there.villages, keep=keep)
    if found.responders is not None:
        _responders(work, found.responders, there.responders, keep=keep, now=now)
    return work


def _units(
    work: Work,
    units: Mapping[str, FoundUnit],
    there: Stored,
    lost: list[str],
    *,
    at: datetime,
    later: datetime | None,
) -> None:
    for code, unit in units.items():
        _keep(work, there.units, "unit", code, _merged(unit, there.units.get(code), later))
    for code in lost:
        work.kept.append(replace(there.units[code], valid_to=at))
        work.changes.append(Change(kind="unit", code=code, what={"done": "ended", "valid_to": at.isoformat()}))


def _merged(unit: FoundUnit, old: Unit | None, later: datetime | None) -> Unit:
    """What the file does not say stays as it was; a unit that had ended is back."""
    if old is None:
        name = unit.name_zh or unit.code
        return Unit(
            code=unit.code,
            kind=unit.kind,
            name_zh=name,
            name_en=unit.name_en or name,
            parent=unit.parent,
            contact=unit.contact,
            head=unit.head,
            valid_from=later,
        )
    return replace(
        old,
        kind=unit.kind,
        name_zh=unit.name_zh or old.name_zh,
        name_en=unit.name_en or (old.name_en if old.name_en != old.name_zh else unit.name_zh or old.name_en),
        parent=unit.parent or old.parent,
        contact=unit.contact or old.contact,
        head=unit.head or old.head,
        valid_to=None,
    )


def _stations(
    work: Work,
    found: Found,
    there: Stored,
    manner: Manner,
    lost: list[str],
    *,
    at: datetime,
    later: datetime | None,
) -> None:
    """A unit that ended has no station any more, whatever files were given."""
    wanted: dict[str, list[Station]] = {code: [] for code in lost}
    if found.stations is not None:
        if not manner.keep_others:
            wanted |= {code: [] for code, unit in there.units.items() if unit.kind == manner.level}
        for station in found.stations:
            wanted.setdefault(station.unit, []).append(station)
    work_of_timed(work, wanted, there.stations, at=at, later=later)


def _replace(work: Work, rows: Codes, old: Codes, *, keep: bool) -> None:
    """Region codes and villages: what is not named any more is removed."""
    for code, row in rows.items():
        _keep(work, old, registry.table_of(type(row)).name, code, row)
    for code in sorted(old.keys() - rows.keys()) if not keep else ():
        kind = type(old[code])
        work.removed.setdefault(kind, []).append(code)
        name = registry.table_of(kind).name
        work.changes.append(Change(kind=name, code=code, what={"done": "removed", "unit": old[code].unit}))


def _responders(
    work: Work, rows: Mapping[str, Responder], old: Mapping[str, Responder], *, keep: bool, now: datetime
) -> None:
    for code, row in rows.items():
        _keep(work, old, "responder", code, row)
    for code in sorted(old.keys() - rows.keys()) if not keep else ():
        if old[code].valid_to is None:
            work.kept.append(replace(old[code], valid_to=now))
            work.changes.append(
                Change(kind="responder", code=code, what={"done": "ended", "valid_to": now.isoformat()})
            )


def _keep(work: Work, old: Codes, kind: str, code: str, row: Any) -> None:
    before = old.get(code)
    if before == row:
        return
    work.kept.append(row)
    told: dict[str, Any] = (
        {"done": "added", "unit": getattr(row, "unit", None) or getattr(row, "parent", None)}
        if before is None
        else {"done": "changed", "fields": differences(before, row)}
    )
    work.changes.append(Change(kind=kind, code=code, what=told))


def without_station(found: Found, there: Stored, *, at: datetime) -> list[str]:
    """Codes of the file's units that have a station neither in the files nor in the store."""
    given = found.stations if found.stations is not None else [one for one in there.stations if covers(one, at)]
    return sorted((found.units or {}).keys() - {station.unit for station in given})


def leaving(work: Work) -> list[str]:
    """Codes of the responders that would end: what they hold has to be handed over."""
    return [change.code for change in work.changes if change.kind == "responder" and change.what["done"] == "ended"]
