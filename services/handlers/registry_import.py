"""registry import: units with their jurisdictions and stations, read from files, judged row by row, then laid down.

Does not touch responders, duty or region codes. Routers see the new map within seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import shapely

from services.domain.place import point_fault, usable
from services.handlers.csv_rows import BadFile, bytes_of, read_rows
from services.store import registry
from services.store.engine import Transaction
from services.store.registry import Area, Station, Unit

POLYGONS = ("Polygon", "MultiPolygon")
WORLD = shapely.box(-180, -90, 180, 90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A row that can't be taken, or (`mended`) one that was taken otherwise than it was written."""

    file: str
    line: int  # of a CSV; the number of the feature, from 1, in a GeoJSON
    reason: str
    fix: str
    mended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where the values are: properties of a feature, columns of the stations' file."""

    code: str
    name: str | None = None
    station_code: str | None = None
    station_name: str | None = None
    lat: str = "lat"
    lon: str = "lon"


@dataclass(slots=True, kw_only=True)
class Found:
    """What the files hold."""

    units: dict[str, Unit] = field(default_factory=dict)
    areas: list[Area] = field(default_factory=list)
    stations: list[Station] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def bad(self) -> list[Fault]:
        return [fault for fault in self.faults if not fault.mended]

    @property
    def without_station(self) -> list[str]:
        return sorted(self.units.keys() - {station.unit for station in self.stations})


def read_files(jurisdictions: Path, stations: Path | None, columns: Columns, *, level: str) -> Found:
    """Everything in the files, with what is wrong in them. Raises BadFile where a file can't be read as a whole."""
    found = Found()
    for number, feature in enumerate(_features(jurisdictions), 1):
        fault = _take_feature(found, feature, columns, level)
        if fault is not None:
            reason, fix, mended = fault
            found.faults.append(Fault(file=jurisdictions.name, line=number, reason=reason, fix=fix, mended=mended))
    if stations is not None:
        _take_stations(found, stations, columns)
    return found


def _features(path: Path) -> Sequence[Any]:
    try:
        document = orjson.loads(bytes_of(path))
    except orjson.JSONDecodeError as error:
        raise BadFile(f"{path} is no JSON: line {error.lineno}") from None
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise BadFile(f"{path} is no GeoJSON FeatureCollection")
    return features


def _take_feature(found: Found, feature: Any, columns: Columns, level: str) -> tuple[str, str, bool] | None:
    """Add the feature's unit and area; give (reason, fix, mended) where it is not as it should be."""
    properties: Any = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        return "no feature with properties", "export it as a GeoJSON Feature", False
    code = str(properties.get(columns.code) or "").strip()
    if not code:
        return f"property {columns.code} is missing or empty", "give every jurisdiction its unit's code", False
    shape = _shape(feature.get("geometry"))
    if shape is None:
        return "no polygon", "a jurisdiction is a GeoJSON Polygon or MultiPolygon", False
    if not WORLD.covers(shape):
        return "outside the world", "use degrees, longitude first, in WGS-84", False
    name = str(properties.get(columns.name) or "").strip() if columns.name else ""
    found.units.setdefault(code, Unit(code=code, kind=level, name_zh=name or code, name_en=name or code))
    found.areas.append(Area(unit=code, polygon=shapely.to_wkb(shapely.force_2d(shape))))
    if not shape.is_valid:
        return shapely.is_valid_reason(shape).partition("[")[0], "repaired when the map is drawn; check it", True
    return None


def _shape(geometry: Any) -> shapely.Geometry | None:
    """None for anything but polygons."""
    try:
        shape = shapely.from_geojson(orjson.dumps(geometry).decode())
    except shapely.errors.ShapelyError:
        return None
    return shape if shape is not None and shape.geom_type in POLYGONS and not shape.is_empty else None


def _take_stations(found: Found, path: Path, columns: Columns) -> None:
    assert columns.station_code is not None, "a stations' file comes with the name of its code column"  # noqa: S101
    wanted = [columns.station_code, columns.lat, columns.lon, *filter(None, [columns.station_name])]
    for row in read_rows(path, wanted):
        code = row.cells[columns.station_code]
        fault = _station_fault(found.units, code, row.cells[columns.lat], row.cells[columns.lon])
        if fault is not None:
            reason, fix = fault
            found.faults.append(Fault(file=path.name, line=row.line, reason=reason, fix=fix))
            continue
        name = row.cells[columns.station_name] if columns.station_name else code
        lat, lon = float(row.cells[columns.lat]), float(row.cells[columns.lon])
        found.stations.append(Station(unit=code, name=name or code, lat=lat, lon=lon))


def _station_fault(units: Mapping[str, Unit], code: str, lat: str, lon: str) -> tuple[str, str] | None:
    if code not in units:
        return "no jurisdiction has this station's code", "use the code of a jurisdiction, or add the jurisdiction"
    try:
        point = float(lat), float(lon)
    except ValueError:
        return "latitude or longitude is no number", "write degrees with a point, such as 36.4312"
    if not usable(*point):
        return f"unusable position ({point_fault(*point).value})", "write latitude and longitude in WGS-84 degrees"
    return None


async def lay_down(tx: Transaction, found: Found, *, level: str) -> None:
    """Put these areas and stations in the place of all that units of this level had. Safe to repeat.

    A unit that is in no file any more keeps its row (its cases name it) and loses its ground.
    """
    known = await registry.unit_names(tx.conn)
    of_level = {code for code, unit in known.items() if unit.kind == level} | found.units.keys()
    await registry.keep_units(tx, list(found.units.values()))
    await registry.replace_of(tx, of_level, Area, found.areas)
    await registry.replace_of(tx, of_level, Station, found.stations)


def vanished(known: Iterable[Unit], found: Found, *, level: str) -> list[str]:
    """Codes of the level's units that would lose their ground."""
    return sorted(unit.code for unit in known if unit.kind == level and unit.code not in found.units)
