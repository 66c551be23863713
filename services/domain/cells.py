"""Ground cut into equal cells, for what is known of all points of a cell before one is asked for. Knows nothing of units."""

from math import ceil, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Indexes = NDArray[np.int64]

MOST_ACROSS = 4_096  # cells
LEAST_SIDE = 1e-6  # degrees, a tenth of a metre: far more than what rounding can move a point by
MARGIN = 1e-3  # of a cell: so near a line counts as on it
LINES_AT_ONCE = 10_000
CROSSINGS = 500_000  # about so many cells are looked at in all, however long the lines are


class Box(NamedTuple):
    """In degrees; has a width and a height."""

    west: float
    south: float
    east: float
    north: float


class Cells:
    """Some `count` cells over a box and, in a ring around it, cells without end for all that lies outside.

    Numbers run row by row, from the south-west corner of the ring on. Which cell a point is in never falls with its
    latitude or longitude, in floating point too: what lies between two cells of a row or column is between them here.
    """

    def __init__(self, box: Box, count: int, *, lines_degrees: float = 0.0) -> None:
        """`lines_degrees` is how long the lines are that `crossed` will be asked for: the longer, the fewer cells."""
        wide, high = box.east - box.west, box.north - box.south
        side = max(sqrt(wide * high / count), max(wide, high) / MOST_ACROSS, lines_degrees / CROSSINGS, LEAST_SIDE)
        self._side, self._per_degree = side, 1 / side
        # the ring's corner, half a cell farther out: nothing in the box touches the ring
        self._corner = np.array(((box.south - 1.5 * side,), (box.west - 1.5 * side,)))
        self.rows, self.columns = ceil(high / side) + 3, ceil(wide / side) + 3
        self._ends = np.array(((self.rows - 1.0,), (self.columns - 1.0,)))

    def __len__(self) -> int:
        return self.rows * self.columns

    def of(self, lat: Numbers, lon: Numbers) -> Indexes:
        """The number of the cell that each point is in; none may be NaN."""
        row, column = self.spots(lat, lon)
        return np.asarray(row * self.columns + column)

    def spots(self, lat: Numbers, lon: Numbers) -> Indexes:
        """The rows of the cells that the points are in, and the columns."""
        return self._kept_in(self._spread(lat, lon))

    def _spread(self, lat: Numbers, lon: Numbers) -> Numbers:
        """North and east of the ring's corner, in cells."""
        return np.asarray((np.array((lat, lon)) - self._corner) * self._per_degree)

    def _kept_in(self, spread: Numbers) -> Indexes:
        return np.asarray(np.minimum(np.maximum(spread, 0.0), self._ends), np.int64)

    def middles(self, numbers: Indexes, *, north: float = 0.5, east: float = 0.5) -> tuple[Numbers, Numbers]:
        """Latitude and longitude of a spot in each cell: its middle, or so much of a cell north and east of its corner."""
        row, column = np.divmod(numbers, self.columns)
        (south,), (west,) = self._corner
        return south + (row + north) * self._side, west + (column + east) * self._side

    def inner(self, numbers: Indexes) -> NDArray[np.bool_]:
        """Which cells have an end: those of the ring have none."""
        row, column = np.divmod(numbers, self.columns)
        return (row > 0) & (row < self.rows - 1) & (column > 0) & (column < self.columns - 1)

    def crossed(self, lines: Numbers) -> NDArray[np.bool_]:
        """Which cells a line goes through or near; `lines` are straight, rows of (lon, lat, lon, lat)."""
        crossed = np.zeros((self.rows, self.columns), np.bool_)
        for first in range(0, len(lines), LINES_AT_ONCE):
            lon, lat, to_lon, to_lat = lines[first : first + LINES_AT_ONCE].T
            begins = self._spread(lat, lon)
            self._mark(crossed, begins, self._spread(to_lat, to_lon) - begins)
        return crossed.ravel()

    def _mark(self, crossed: NDArray[np.bool_], begins: Numbers, ways: Numbers) -> None:
        """Each line in pieces no longer than a cell is wide: none goes through more than three abreast, margins counted."""
        pieces = np.maximum(np.ceil(np.abs(ways).max(axis=0)), 1).astype(np.int64)
        line = np.repeat(np.arange(len(pieces)), pieces)
        nth = np.arange(len(line)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        step = (ways / pieces)[:, line]
        begin = begins[:, line] + step * nth
        low = self._kept_in(np.minimum(begin, begin + step) - MARGIN)
        high = self._kept_in(np.maximum(begin, begin + step) + MARGIN)
        for up in range(3):
            for right in range(3):
                crossed[np.minimum(low[0] + up, high[0]), np.minimum(low[1] + right, high[1])] = True

    def runs(self, crossed: NDArray[np.bool_]) -> tuple[Indexes, NDArray[np.int32]]:
        """The first cell of each run of cells in a row that no line crosses, and for every cell which run it is in.

        What holds for one point of a run holds for all of them. For a crossed cell the run says nothing.
        """
        blocked = crossed.reshape(self.rows, self.columns)
        begins = ~blocked
        begins[:, 1:] &= blocked[:, :-1]
        return np.flatnonzero(begins), np.cumsum(begins, dtype=np.int32) - 1
