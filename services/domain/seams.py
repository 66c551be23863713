"""Where the areas of different units overlap or leave gaps between them, and how large that is. Repairs nothing."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from services.domain.ground import square_metres

Geometries = NDArray[Any]

DETAILED = 50_000  # corners
LEAST_M2 = 1.0  # less is how two drawings of one line differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """Ground that several units have (an overlap), or that none of the units around it has (a gap)."""

    units: tuple[str, ...]  # ascending
    square_m: float


def overlaps(polygons: Geometries, owners: Sequence[str], *, least_m2: float = LEAST_M2) -> list[Seam]:
    """Each pair of units with ground in common, the largest first. `polygons` are valid, in WGS-84 degrees."""
    one, other = _neighbours(polygons, owners)
    shared = np.empty(len(one), dtype=object)
    # Ground that lies wholly inside another needs no drawing of what they share: that is slow where one is very detailed.
    inner, outer = _inside(polygons, one, other), _inside(polygons, other, one)
    crossing = ~(inner | outer)
    shared[inner], shared[outer] = polygons[one[inner]], polygons[other[outer]]
    shared[crossing] = shapely.intersection(polygons[one[crossing]], polygons[other[crossing]])
    sizes = np.array(square_metres(shared))
    total: dict[tuple[str, str], float] = defaultdict(float)
    for first, second, size in zip(one.tolist(), other.tolist(), sizes.tolist(), strict=True):
        if size > 0:
            low, high = sorted((owners[first], owners[second]))
            total[low, high] += size
    return _largest_first([Seam(units=pair, square_m=size) for pair, size in total.items() if size >= least_m2])


def gaps(polygons: Geometries, owners: Sequence[str], *, least_m2: float = LEAST_M2) -> list[Seam]:
    """Each hole that the areas leave open all around it, the largest first.

    A bay that opens to the outside is no gap: nobody can tell it from the border of the county.
    """
    if not len(polygons):
        return []
    whole = shapely.get_parts(_union(polygons))
    rings = [ring for polygon in whole for ring in polygon.interiors]
    holes: Geometries = np.array([shapely.Polygon(ring) for ring in rings], dtype=object)
    around: dict[int, set[str]] = defaultdict(set)
    at, polygon = shapely.STRtree(polygons).query(holes, predicate="intersects") if rings else ([], [])
    for hole, index in zip(at, polygon, strict=True):
        around[int(hole)].add(owners[index])
    sizes = square_metres(holes)
    found = [Seam(units=tuple(sorted(around[hole])), square_m=size) for hole, size in enumerate(sizes)]
    return _largest_first([seam for seam in found if seam.square_m >= least_m2])


def uncovered(whole: shapely.Geometry, parts: Geometries) -> float:
    """Square metres of `whole` that no part covers."""
    left = shapely.difference(whole, shapely.union_all(parts))
    return square_metres(np.array([left], dtype=object))[0]


def _union(polygons: Geometries) -> shapely.Geometry:
    """Very detailed ones last: drawn in early, each of their corners would be looked at in every round."""
    detailed = shapely.get_num_coordinates(polygons) > DETAILED
    return shapely.union_all([shapely.union_all(polygons[~detailed]), *polygons[detailed]])


def _neighbours(polygons: Geometries, owners: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of polygons of different units that touch or overlap, each once."""
    shapely.prepare(polygons)
    one, other = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    names = np.array(owners)
    once = (one < other) & (names[one] != names[other])
    return one[once], other[once]


def _inside(polygons: Geometries, inner: NDArray[np.int64], outer: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(shapely.contains_properly(polygons[outer], polygons[inner]))


def _largest_first(seams: Sequence[Seam]) -> list[Seam]:
    return sorted(seams, key=lambda seam: (-seam.square_m, seam.units))
