"""What the registry says of the ground: areas, stations, region codes, checked and repaired. Locates nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from services.domain.place import point_fault, usable

Numbers = NDArray[np.float64]
Geometries = NDArray[Any]

SPHERE_RADIUS_M = 6_371_007.2  # of the sphere whose surface is as large as the ellipsoid's


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Ground a unit answers for, in WGS-84 degrees (x = longitude); a unit may have several."""

    unit: str
    polygon: shapely.Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    unit: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionCode:
    """A region code (行政区划代码) whose ground, with all below it, is the unit's."""

    code: str
    unit: str


class Flaw(StrEnum):
    REPAIRED = "REPAIRED"  # the polygon was invalid; its repaired form is in use
    NO_AREA_LEFT = "NO_AREA_LEFT"  # nothing of the geometry is an area: the unit has to be found in other ways
    OUTSIDE_WORLD = "OUTSIDE_WORLD"  # in use as it is, though no point will match: metres, or axes swapped?
    UNUSABLE_STATION = "UNUSABLE_STATION"  # no point on the earth
    EMPTY_CODE = "EMPTY_CODE"  # a region code without a digit, which every place would match: not in use
    CODE_TAKEN = "CODE_TAKEN"  # another unit has the same region code; the lowest unit code keeps it


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong with the registry that an administrator should mend; routing goes on without it."""

    unit: str
    flaw: Flaw
    detail: str


def significant(region_code: str) -> str:
    """A region code without the zeros that only fill it up: 990121100000 is the township 990121100.

    The levels end at 2, 4, 6, 9 and 12 digits (province, prefecture, county, township, village).
    """
    code = region_code.strip()
    for length, shorter in ((12, 9), (9, 6), (6, 4), (4, 2)):
        if len(code) == length and not code[shorter:].strip("0"):
            code = code[:shorter]
    return code


def load_polygons(areas: Iterable[Area], problems: list[Problem]) -> tuple[Geometries, list[str]]:
    """The polygons of all areas, one by one, and the unit of each."""
    polygons: list[shapely.Geometry] = []
    owners: list[str] = []
    for area in areas:
        shape = shapely.force_2d(area.polygon)
        if not shapely.is_valid(shape):
            problems.append(Problem(unit=area.unit, flaw=Flaw.REPAIRED, detail=shapely.is_valid_reason(shape)))
            shape = shapely.make_valid(shape, method="structure", keep_collapsed=False)
        parts = _polygons_of(shape)
        if not parts:
            problems.append(Problem(unit=area.unit, flaw=Flaw.NO_AREA_LEFT, detail=shape.geom_type))
        elif not shapely.box(-180, -90, 180, 90).covers(shape):
            problems.append(Problem(unit=area.unit, flaw=Flaw.OUTSIDE_WORLD, detail=str(shape.bounds)))
        polygons += parts
        owners += [area.unit] * len(parts)
    return np.array(polygons, dtype=object), owners


def _polygons_of(shape: shapely.Geometry) -> list[shapely.Geometry]:
    """The polygons in a geometry of any kind, however deep; lines and points are left out."""
    if shape.geom_type == "Polygon":
        return [] if shape.is_empty else [shape]
    return [polygon for part in getattr(shape, "geoms", ()) for polygon in _polygons_of(part)]


def load_stations(stations: Iterable[Station], problems: list[Problem]) -> list[Station]:
    good: list[Station] = []
    for station in stations:
        if usable(station.lat, station.lon):
            good.append(station)
        else:
            fault = point_fault(station.lat, station.lon)
            problems.append(Problem(unit=station.unit, flaw=Flaw.UNUSABLE_STATION, detail=fault))
    return good


def load_codes(region_codes: Iterable[RegionCode], problems: list[Problem]) -> dict[str, str]:
    """Unit by significant region code."""
    codes: dict[str, str] = {}
    for entry in sorted(region_codes, key=lambda entry: entry.unit):
        code = significant(entry.code)
        if not code:
            problems.append(Problem(unit=entry.unit, flaw=Flaw.EMPTY_CODE, detail="no digits"))
            continue
        keeper = codes.setdefault(code, entry.unit)
        if keeper != entry.unit:
            problems.append(Problem(unit=entry.unit, flaw=Flaw.CODE_TAKEN, detail=f"{code} is held by {keeper}"))
    return codes


def square_metres(polygons: Geometries) -> list[float]:
    """Areas on the sphere: longitude against the sine of latitude keeps areas true (Lambert's cylinder)."""
    flat = shapely.transform(
        polygons, lambda lon_lat: np.column_stack((np.radians(lon_lat[:, 0]), np.sin(np.radians(lon_lat[:, 1]))))
    )
    return [float(area) for area in shapely.area(flat) * SPHERE_RADIUS_M**2]


def split_edges(polygons: Geometries) -> tuple[Numbers, NDArray[np.int64]]:
    """Each straight piece of each boundary, holes too, as (lon, lat, lon, lat), and the index of its polygon."""
    rings, polygon_of_ring = shapely.get_rings(polygons, return_index=True)
    corners, ring_of_corner = shapely.get_coordinates(rings, return_index=True)
    joined = ring_of_corner[1:] == ring_of_corner[:-1]
    ends = np.hstack((corners[:-1][joined], corners[1:][joined]))
    return ends, polygon_of_ring[ring_of_corner[1:][joined]]
