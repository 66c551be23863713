"""The grid (beat) inside the responsible unit: a second, finer map, asked once the unit is known. Never changes the unit."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from services.domain.ground import Area, load_polygons, square_metres
from services.domain.jurisdiction import EDGE_LIMIT_M, Jurisdictions
from services.domain.located import Located, Rule
from services.domain.place import Places

KEPT_MAPS = 256  # maps of single units, for points that lie on none of the unit's grids
BY_GROUND = (Rule.POLYGON, Rule.EDGE)  # farther away than that, a grid would be a guess


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A grid's ground; `parent` is the unit it is a part of."""

    code: str
    parent: str
    polygon: shapely.Geometry


class Grids:
    """Every grid of the county, built once and never changed.

    A grid counts for its own unit only, so that what the grids of a unit have adds up to what the unit has.
    """

    def __init__(self, grids: Iterable[Grid]) -> None:
        given = list(grids)
        parent = {grid.code: grid.parent for grid in given}
        polygons, owners = load_polygons([Area(unit=grid.code, polygon=grid.polygon) for grid in given], [])
        size_m2 = dict.fromkeys(owners, 0.0)
        for owner, square_m in zip(owners, square_metres(polygons), strict=True):
            size_m2[owner] += square_m
        self._codes = sorted(size_m2, key=lambda code: (round(size_m2[code]), code))  # as units are: the lowest wins
        number = {code: index for index, code in enumerate(self._codes)}
        self._units = {unit: index for index, unit in enumerate(sorted(set(parent.values())))}
        self._polygons: NDArray[Any] = polygons
        self._owners = np.array([number[owner] for owner in owners], np.int64)
        self._parents = np.array([self._units[parent[owner]] for owner in owners], np.int64)
        shapely.prepare(self._polygons)
        self._tree = shapely.STRtree(self._polygons)
        self._areas: Mapping[str, list[Area]] = _by_parent(given)
        self._map_of = lru_cache(maxsize=KEPT_MAPS)(lambda unit: Jurisdictions(self._areas[unit], [], []))

    def locate(
        self, located: Sequence[Located], places: Places, *, edge_limit_m: float = EDGE_LIMIT_M
    ) -> list[str | None]:
        """The grid of each place that has a unit by its ground; None where the unit has none there. In the order given."""
        answers: list[str | None] = [None] * len(located)
        rows = np.array(
            [row for row, one in enumerate(located) if one.rule in BY_GROUND and one.unit in self._units], np.int64
        )
        if not rows.size:
            return answers
        units = np.array([self._units[located[row].unit or ""] for row in rows], np.int64)
        x, y = places.lon[rows], places.lat[rows]
        at, polygons = self._tree.query(shapely.points(x, y))
        own = self._parents[polygons] == units[at]
        at, polygons = at[own], polygons[own]
        holds = shapely.intersects_xy(self._polygons[polygons], x[at], y[at])
        winners = np.full(len(rows), len(self._codes), np.int64)
        np.minimum.at(winners, at[holds], self._owners[polygons[holds]])
        for row, winner in zip(rows.tolist(), winners.tolist(), strict=True):
            if winner < len(self._codes):
                answers[row] = self._codes[winner]
        self._by_edge(rows[winners == len(self._codes)], located, places, answers, edge_limit_m)
        return answers

    def _by_edge(
        self,
        rows: NDArray[np.int64],
        located: Sequence[Located],
        places: Places,
        answers: list[str | None],
        limit_m: float,
    ) -> None:
        """The unit's nearest grid, for the few points that its grids leave out."""
        by_unit: dict[str, list[int]] = defaultdict(list)
        for row in rows.tolist():
            by_unit[located[row].unit or ""].append(row)
        for unit, some in by_unit.items():
            few = Places(lat=places.lat[some], lon=places.lon[some], region_codes=[None] * len(some))
            near = self._map_of(unit).locate(few, edge_limit_m=limit_m, station_limit_m=0)
            for row, answer in zip(some, near, strict=True):
                answers[row] = answer.unit


def _by_parent(grids: Iterable[Grid]) -> dict[str, list[Area]]:
    areas: dict[str, list[Area]] = defaultdict(list)
    for grid in grids:
        areas[grid.parent].append(Area(unit=grid.code, polygon=grid.polygon))
    return areas
