"""Stations out of a table: where a unit is housed. One outside its own area is said, swapped axes are never guessed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from services.domain.ground import Area
from services.domain.jurisdiction import Jurisdictions
from services.domain.place import Places, point_fault, usable
from services.handlers.csv_rows import some_rows
from services.handlers.registry_found import Columns, Flaw, Found, Weight
from services.store.registry import Station

KIND = "stations"
NEARBY_M = 500_000.0  # how far it is measured how far a station is from its own area
Shapes = Mapping[str, Sequence[shapely.Geometry]]


def take_stations(found: Found, path: Path, columns: Columns, stored: Shapes) -> None:
    """Add the file's stations. `stored` are the areas in force of units that are not in the file of jurisdictions."""
    found.stations = []
    wanted = {columns.of(KIND, "code"), columns.of(KIND, "lat"), columns.of(KIND, "lon"), *columns.named(KIND)}
    for row in some_rows(path, wanted):
        code, lat, lon = (row.cells[columns.of(KIND, name)] for name in ("code", "lat", "lon"))
        point = degrees(lat, lon)
        flaw, given = _flaw(found, code, point)
        if flaw is not None or point is None:
            found.say(path, row.line, flaw or Flaw.NO_NUMBER, **given)
            continue
        flaw, given = _misplaced(code, point, found.areas.get(code) or stored.get(code) or ())
        if flaw is not None:
            weight = Weight.NOTE if flaw is Flaw.OUTSIDE_OWN_AREA else Weight.BAD
            found.say(path, row.line, flaw, weight=weight, **given)
        name = row.cells.get(columns.of(KIND, "name"), "") if f"{KIND}.name" in columns.given else ""
        found.stations.append(Station(unit=code, name=name or code, lat=point[0], lon=point[1]))


def degrees(lat: str, lon: str) -> tuple[float, float] | None:
    try:
        return float(lat), float(lon)
    except ValueError:
        return None


def _flaw(found: Found, code: str, point: tuple[float, float] | None) -> tuple[Flaw | None, dict[str, Any]]:
    if found.kind_of(code) is None:
        return Flaw.UNKNOWN_UNIT, {"unit": code}
    if point is None:
        return Flaw.NO_NUMBER, {}
    if not usable(*point):
        return Flaw.UNUSABLE_POINT, {"why": point_fault(*point).value}
    return None, {}


def _misplaced(
    code: str, point: tuple[float, float], shapes: Sequence[shapely.Geometry]
) -> tuple[Flaw | None, dict[str, Any]]:
    if not shapes:
        return None, {}
    lat, lon = point
    own = Jurisdictions([Area(unit=code, polygon=shape) for shape in shapes], [], [])
    there, swapped = own.locate(
        Places(lat=np.array([lat, lon]), lon=np.array([lon, lat]), region_codes=[None, None]),
        edge_limit_m=NEARBY_M,
        station_limit_m=0,
    )
    if there.distance_m == 0:
        return None, {}
    if swapped.distance_m == 0:
        return Flaw.LOOKS_SWAPPED, {}
    metres = f"> {NEARBY_M:.0f}" if there.distance_m is None else f"{there.distance_m:.0f}"
    return Flaw.OUTSIDE_OWN_AREA, {"unit": code, "metres": metres}
