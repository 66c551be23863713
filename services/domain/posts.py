"""Which stations may be the nearest to a point, a whole batch at once: known beforehand, cell by cell. Decides nothing."""

import numpy as np
import shapely
from numpy.typing import NDArray

from services.domain.cells import Box, Cells, Indexes, Numbers
from services.domain.geodesy import boxes_around, distance_m

CELLS_A_POST = 16
MOST_CELLS = 400_000
MOST_CANDIDATES = 64  # about a cell; where more are, they are looked for anew each time
AROUND_M = 5_000.0  # so far about the posts there are cells
CELLS_AT_ONCE = 20_000
UNSETTLED = 0  # no cell has no candidate at all
# Up to here `distance_m` is off by less than a thousandth, and no box around a cell is cut off at 180°.
SURE_M, SURE_LAT, SURE_LON = 100_000.0, 75.0, 170.0
SLACK = 1.01  # more than what five such errors add up to
TIE_M = 0.01  # more than what counts as equally near


class Posts:
    """Built once and never changed. Of several at one spot the unit with the lowest number has it."""

    def __init__(self, posts: Numbers, owners: Indexes) -> None:
        """`posts` are rows of (lat, lon), all on the earth."""
        spots, at = np.unique(posts.reshape(-1, 2), axis=0, return_inverse=True)
        self._lat, self._lon = spots.T.copy()
        first_owners = np.full(len(spots), np.inf)
        np.minimum.at(first_owners, at.ravel(), owners)
        self._posts = np.column_stack((spots, first_owners))
        self._tree = shapely.STRtree(shapely.points(self._lon, self._lat))
        if len(spots):
            self._cells = _cells_over(self._lat, self._lon)
            sizes, candidates = self._settle(self._cells)
            # One cell's candidates side by side, and all of each in one place: looked up here and there in the memory,
            # they would take three times as long.
            self._candidates = self._posts[candidates]
            self._ends = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)

    def near(self, lat: Numbers, lon: Numbers, limit_m: float) -> tuple[Indexes, Indexes, Numbers]:
        """Pairs of a point's place in the batch and a post's unit; and the metres between them.

        Of the posts within the limit the nearest is there, and whatever is as near to the millimetre. Farther ones
        may be there too. The points are on the earth.
        """
        if not len(self._posts):
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
        cell = self._cells.of(lat, lon)
        ends = self._ends[cell + 1]
        sizes = ends - self._ends[cell]
        at = np.arange(len(cell)).repeat(sizes)
        posts = self._candidates[np.arange(len(at)) + (ends - sizes.cumsum()).repeat(sizes)]
        unsettled = np.flatnonzero(sizes == UNSETTLED)
        if unsettled.size:
            others, others_posts = self._tree.query(boxes_around(lat[unsettled], lon[unsettled], limit_m))
            at = np.concatenate((at, unsettled[others]))
            posts = np.concatenate((posts, self._posts[others_posts]))
        return at, posts[:, 2].astype(np.int64), distance_m(lat[at], lon[at], posts[:, 0], posts[:, 1])

    def _metres(self, lat: Numbers, lon: Numbers, posts: Indexes) -> Numbers:
        return distance_m(lat, lon, self._lat[posts], self._lon[posts])

    def _settle(self, cells: Cells) -> tuple[NDArray[np.int16], NDArray[np.int32]]:
        """How many candidates each cell has, UNSETTLED where it is not known; and all of them, cell after cell."""
        sums = _sums(cells, self._lat, self._lon)
        parts = [
            self._settle_some(cells, np.arange(first, min(first + CELLS_AT_ONCE, len(cells))), sums)
            for first in range(0, len(cells), CELLS_AT_ONCE)
        ]
        sizes, candidates = zip(*parts, strict=True)
        return np.concatenate(sizes), np.concatenate(candidates)

    def _settle_some(
        self, cells: Cells, numbers: Indexes, sums: Indexes
    ) -> tuple[NDArray[np.int16], NDArray[np.int32]]:
        """From the middle of a cell, half a cell across away from its farthest point, the nearest post is `least` away.

        From any point of the cell one is then no farther than least + half, so that nothing farther from the middle
        than least + 2 half is the nearest of any point.
        """
        sizes = np.full(len(numbers), UNSETTLED, np.int16)
        lat, lon = cells.middles(numbers)
        half_m = np.maximum(*(distance_m(lat, lon, *cells.middles(numbers, north=end, east=end)) for end in (0, 1)))
        least_m = self._metres(lat, lon, self._tree.nearest(shapely.points(lon, lat)))  # by degrees: hardly ever less
        within_m = (least_m + 2 * half_m) * SLACK + TIE_M
        sure = cells.inner(numbers) & (within_m < SURE_M) & (np.abs(lat) < SURE_LAT) & (np.abs(lon) < SURE_LON)
        rows = np.flatnonzero(sure)
        boxes = boxes_around(lat[rows], lon[rows], within_m[rows])
        few = _at_most(cells, sums, boxes) <= MOST_CANDIDATES
        rows, boxes = rows[few], boxes[few]
        at, posts = self._tree.query(boxes)
        metres = self._metres(lat[rows][at], lon[rows][at], posts)
        least_m = np.full(len(rows), np.inf)
        np.minimum.at(least_m, at, metres)
        near = metres <= ((least_m + 2 * half_m[rows]) * SLACK + TIE_M)[at]
        sizes[rows] = np.bincount(at[near], minlength=len(rows))
        return sizes, posts[near].astype(np.int32)


def _cells_over(lat: Numbers, lon: Numbers) -> Cells:
    around = shapely.total_bounds(boxes_around(lat, lon, AROUND_M))
    return Cells(Box(*around.tolist()), min(len(lat) * CELLS_A_POST, MOST_CELLS))


def _sums(cells: Cells, lat: Numbers, lon: Numbers) -> Indexes:
    """How many posts are in all cells south and west of each corner."""
    counts = np.bincount(cells.of(lat, lon), minlength=len(cells))
    sums = np.zeros((cells.rows + 1, cells.columns + 1), np.int64)
    sums[1:, 1:] = counts.reshape(cells.rows, cells.columns).cumsum(axis=0).cumsum(axis=1)
    return sums


def _at_most(cells: Cells, sums: Indexes, boxes: NDArray[np.object_]) -> Indexes:
    """How many posts are in the cells that each box touches."""
    west, south, east, north = shapely.bounds(boxes).T
    low, left = cells.spots(south, west)
    high, right = cells.spots(north, east)
    return np.asarray(sums[high + 1, right + 1] - sums[low, right + 1] - sums[high + 1, left] + sums[low, left])
