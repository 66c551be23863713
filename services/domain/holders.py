"""Which units' areas hold a point, a whole batch at once, exactly: most of it known beforehand, cell by cell."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from services.domain.cells import Box, Cells, Indexes, Numbers
from services.domain.ground import split_edges

CELLS_AN_AREA = 1_024
MOST_CELLS = 1_000_000  # two bytes each, four where there are very many sets
RUNS_AT_ONCE = 10_000
WORLD = shapely.box(-180, -90, 180, 90)
NOBODY, UNSETTLED = 0, -1

Held = tuple[int, ...]  # the numbers of units, ascending


class Holders:
    """Built once and never changed. A point on an edge is held by each area that has the edge.

    A cell that no edge crosses is held by the same units all over: those are looked for once. Points of the other
    cells are looked for one by one.
    """

    def __init__(self, polygons: NDArray[Any], owners: Indexes) -> None:
        """Of each polygon, which has one part only, the number of its unit."""
        self._polygons, self._owners = polygons, owners
        shapely.prepare(polygons)
        self._tree = shapely.STRtree(polygons)
        self.sets: list[Held] = [()]
        on_earth = polygons[shapely.intersects(polygons, WORLD)]
        edges, _ = split_edges(on_earth)
        self.anybody = len(on_earth) > 0
        if self.anybody:
            self._cells = _cells_over(on_earth, edges)
            self._settled = self._settle(self._cells, edges)

    def _settle(self, cells: Cells, edges: Numbers) -> NDArray[np.signedinteger]:
        """For each cell the number of its set, or UNSETTLED."""
        crossed = cells.crossed(edges)
        first, run = cells.runs(crossed)
        number: dict[Held, int] = {(): NOBODY}
        found = [
            number.setdefault(held, len(number))
            for begin in range(0, len(first), RUNS_AT_ONCE)
            for held in self.search(*cells.middles(first[begin : begin + RUNS_AT_ONCE]))
        ]
        self.sets = list(number)
        settled = np.array(found, np.min_scalar_type(-len(number)))[run]
        settled[crossed] = UNSETTLED
        return settled

    def settled(self, lat: Numbers, lon: Numbers) -> NDArray[np.signedinteger]:
        """For each point on the earth the number, in `sets`, of those that hold it; or UNSETTLED: only `search` knows.

        Where there is anybody.
        """
        return self._settled[self._cells.of(lat, lon)]

    def search(self, lat: Numbers, lon: Numbers) -> list[Held]:
        """For each point those that hold it."""
        at, polygons = self._tree.query(shapely.points(lon, lat))
        holds = shapely.intersects_xy(self._polygons[polygons], lon[at], lat[at])
        found: list[list[int]] = [[] for _ in range(len(lat))]
        for point, owner in zip(at[holds].tolist(), self._owners[polygons[holds]].tolist(), strict=True):
            if owner not in found[point]:  # a unit with several parts holds it once
                found[point].append(owner)
        return [tuple(sorted(owners)) for owners in found]


def _cells_over(polygons: NDArray[Any], edges: Numbers) -> Cells:
    box = Box(*shapely.total_bounds(polygons).tolist())
    lengths = np.maximum(np.abs(edges[:, 2] - edges[:, 0]), np.abs(edges[:, 3] - edges[:, 1]))
    count = min(len(polygons) * CELLS_AN_AREA, MOST_CELLS)
    return Cells(box, count, lines_degrees=float(lengths.sum()))
