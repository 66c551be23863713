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
LINES_AT_ONCE = 50_000
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
        self._per_degree = 1 / side
        self._west, self._south = box.west - side / 2, box.south - side / 2  # nothing in the box touches the ring
        self.rows, self.columns = ceil(high / side) + 3, ceil(wide / side) + 3

    def __len__(self) -> int:
        return self.rows * self.columns

    def of(self, lat: Numbers, lon: Numbers) -> Indexes:
        """The number of the cell that each point is in; none may be NaN."""
        row, column = self.spots(lat, lon)
        return row * self.columns + column

    def spots(self, lat: Numbers, lon: Numbers) -> tuple[Indexes, Indexes]:
        """The row and the column of the cell that each point is in."""
        north, east = self._north_east(lat, lon)
        return (
            np.clip(north, 0, self.rows - 1).astype(np.int64),
            np.clip(east, 0, self.columns - 1).astype(np.int64),
        )

    def _north_east(self, lat: Numbers, lon: Numbers) -> tuple[Numbers, Numbers]:
        """In cells from the south-west corner of the ring."""
        return (lat - self._south) * self._per_degree + 1, (lon - self._west) * self._per_degree + 1

    def middles(self, numbers: Indexes, *, north: float = 0.5, east: float = 0.5) -> tuple[Numbers, Numbers]:
        """Latitude and longitude of a spot in each cell: its middle, or so much of a cell north and east of its corner."""
        row, column = np.divmod(numbers, self.columns)
        lat = self._south + (row - 1 + north) / self._per_degree
        return lat, self._west + (column - 1 + east) / self._per_degree

    def inner(self, numbers: Indexes) -> NDArray[np.bool_]:
        """Which cells have an end: those of the ring have none."""
        row, column = np.divmod(numbers, self.columns)
        return (row > 0) & (row < self.rows - 1) & (column > 0) & (column < self.columns - 1)

    def crossed(self, lines: Numbers) -> NDArray[np.bool_]:
        """Which cells a line goes through or near; `lines` are straight, rows of (lon, lat, lon, lat)."""
        crossed = np.zeros((self.rows, self.columns), np.bool_)
        for first in range(0, len(lines), LINES_AT_ONCE):
            some = lines[first : first + LINES_AT_ONCE]
            begins = np.column_stack(self._north_east(some[:, 1], some[:, 0]))
            ways = np.column_stack(self._north_east(some[:, 3], some[:, 2])) - begins
            self._mark(crossed, begins, ways)
        return crossed.ravel()

    def _mark(self, crossed: NDArray[np.bool_], begins: Numbers, ways: Numbers) -> None:
        """Each line in pieces no longer than a cell is wide, so that none goes through more than three, margins counted."""
        pieces = np.maximum(np.ceil(np.abs(ways).max(axis=1)), 1).astype(np.int64)
        line = np.repeat(np.arange(len(pieces)), pieces)
        nth = np.arange(len(line)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        step = (ways / pieces[:, np.newaxis])[line]
        begin = begins[line] + step * nth[:, np.newaxis]
        most = (self.rows - 1, self.columns - 1)
        low = np.clip(np.minimum(begin, begin + step) - MARGIN, 0, most).astype(np.int64)
        high = np.clip(np.maximum(begin, begin + step) + MARGIN, 0, most).astype(np.int64)
        for up in range(3):
            for right in range(3):
                crossed[np.minimum(low[:, 0] + up, high[:, 0]), np.minimum(low[:, 1] + right, high[:, 1])] = True

    def runs(self, crossed: NDArray[np.bool_]) -> tuple[Indexes, Indexes]:
        """The first cell of each run of cells in a row that no line crosses, and for every cell which run it is in.

        What holds for one point of a run holds for all of them. For a crossed cell the run says nothing.
        """
        blocked = crossed.reshape(self.rows, self.columns)
        begins = ~blocked
        begins[:, 1:] &= blocked[:, :-1]
        return np.flatnonzero(begins), np.cumsum(begins.ravel()) - 1
