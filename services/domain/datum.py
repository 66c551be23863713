"""WGS-84, GCJ-02 and BD-09 turned into one another. Knows nothing of places and never guesses a datum.

GCJ-02 and BD-09 are formulas, not surveys: these are the widely published ones.
"""

import math
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]
# A formula takes `numpy` and arrays, or `math` and single numbers: for a few points numpy's calls cost more than the sums.
Step = Callable[[Any, Any, Any], tuple[Any, Any]]


class Datum(StrEnum):
    WGS84 = "WGS84"  # satellites, and everything that is stored and computed here
    GCJ02 = "GCJ02"  # Chinese map services
    BD09 = "BD09"  # Baidu; GCJ-02 shifted once more


# The box of the published formula, wider than the country: outside it the three datums are taken as the same.
# Within 1 km of its border (open sea, foreign ground) a conversion there and back need not return to the start.
SOUTH, NORTH = 0.8293, 55.8271
WEST, EAST = 72.004, 137.8347

# Krasovsky's ellipsoid of 1940, which the formula uses
SEMI_MAJOR_M = 6_378_245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323

BAIDU_WAVE = math.pi * 3000 / 180
BAIDU_NORTH, BAIDU_EAST = 0.006, 0.0065

# A round leaves at most a fiftieth of the error, which starts under 0.02 degrees: 5 rounds end below 1e-10.
INVERSE_ROUNDS = 5
FEW = 16  # points that are sooner done one by one


def to_wgs84(lat: ArrayLike, lon: ArrayLike, datums: str | Sequence[str]) -> tuple[Numbers, Numbers]:
    """Latitudes and longitudes in degrees, each in its own datum, as new WGS-84 arrays.

    `datums` are values of Datum, one for each point or one for all; another raises ValueError. The way back has no
    formula and is found by iteration, to below 1e-9 degrees (0.1 mm). NaN and points outside the box stay unchanged.
    """
    lats, lons = _pair(lat, lon)
    codes = [datums] * lats.size if isinstance(datums, str) else datums
    if unknown := set(codes) - set(Datum):
        raise ValueError(f"unknown datum: {', '.join(sorted(unknown))}")
    if lats.ndim == 1 and lats.size <= FEW:
        _each_to_wgs84(lats, lons, codes)
        return lats, lons
    named = np.broadcast_to(np.asarray(datums, dtype=np.str_), lats.shape)
    for datum, step in _FROM_WGS84.items():
        rows = (named == datum) & _inside(lats, lons)
        if rows.any():
            lats[rows], lons[rows] = _inverse(np, step, lats[rows], lons[rows])
    return lats, lons


def _each_to_wgs84(lats: Numbers, lons: Numbers, codes: Sequence[str]) -> None:
    for row, (lat, lon, datum) in enumerate(zip(lats.tolist(), lons.tolist(), codes, strict=True)):
        if datum != Datum.WGS84 and SOUTH <= lat <= NORTH and WEST <= lon <= EAST:
            lats[row], lons[row] = _inverse(math, _FROM_WGS84[Datum(datum)], lat, lon)


def from_wgs84(lat: ArrayLike, lon: ArrayLike, datum: Datum) -> tuple[Numbers, Numbers]:
    """WGS-84 degrees as new arrays in `datum`; NaN and points outside the box come back unchanged."""
    lats, lons = _pair(lat, lon)
    if datum is not Datum.WGS84:
        rows = _inside(lats, lons)
        lats[rows], lons[rows] = _FROM_WGS84[datum](np, lats[rows], lons[rows])
    return lats, lons


def _pair(lat: ArrayLike, lon: ArrayLike) -> tuple[Numbers, Numbers]:
    lats, lons = np.broadcast_arrays(np.asarray(lat, np.float64), np.asarray(lon, np.float64))
    return lats.copy(), lons.copy()


def _inside(lat: Numbers, lon: Numbers) -> NDArray[np.bool_]:
    return (lat >= SOUTH) & (lat <= NORTH) & (lon >= WEST) & (lon <= EAST)


def _inverse(m: Any, step: Step, lat: Any, lon: Any) -> tuple[Any, Any]:
    """The point that `step` moves to (lat, lon): go back by what it overshoots until nothing is left."""
    back_lat, back_lon = lat, lon
    for _ in range(INVERSE_ROUNDS):
        there_lat, there_lon = step(m, back_lat, back_lon)
        back_lat, back_lon = back_lat - (there_lat - lat), back_lon - (there_lon - lon)
    return back_lat, back_lon


def _wgs84_to_gcj02(m: Any, lat: Any, lon: Any) -> tuple[Any, Any]:
    y, x = lat - 35, lon - 105
    root, ripple = m.sqrt(m.fabs(x)), (20 * m.sin(6 * m.pi * x) + 20 * m.sin(2 * m.pi * x)) * 2 / 3
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north_m += (20 * m.sin(m.pi * y) + 40 * m.sin(m.pi / 3 * y)) * 2 / 3
    north_m += (160 * m.sin(m.pi / 12 * y) + 320 * m.sin(m.pi / 30 * y)) * 2 / 3
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east_m += (20 * m.sin(m.pi * x) + 40 * m.sin(m.pi / 3 * x)) * 2 / 3
    east_m += (150 * m.sin(m.pi / 12 * x) + 300 * m.sin(m.pi / 30 * x)) * 2 / 3
    phi = m.radians(lat)
    bend = 1 - ECCENTRICITY_SQUARED * m.sin(phi) ** 2
    meridian_m = SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / (bend * m.sqrt(bend))
    parallel_m = SEMI_MAJOR_M / m.sqrt(bend) * m.cos(phi)
    return lat + m.degrees(north_m / meridian_m), lon + m.degrees(east_m / parallel_m)


def _wgs84_to_bd09(m: Any, lat: Any, lon: Any) -> tuple[Any, Any]:
    y, x = _wgs84_to_gcj02(m, lat, lon)
    radius = m.hypot(x, y) + 0.00002 * m.sin(y * BAIDU_WAVE)
    angle = m.atan2(y, x) + 0.000003 * m.cos(x * BAIDU_WAVE)
    return radius * m.sin(angle) + BAIDU_NORTH, radius * m.cos(angle) + BAIDU_EAST


_FROM_WGS84: dict[Datum, Step] = {Datum.GCJ02: _wgs84_to_gcj02, Datum.BD09: _wgs84_to_bd09}
