"""Which unit is responsible for a place, a whole batch at once. Knows no cases, people or clock; converts no datum."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from services.domain.geodesy import distance_m, distance_to_segment_m, metres_per_degree
from services.domain.ground import (
    Area,
    Problem,
    RegionCode,
    Station,
    load_codes,
    load_polygons,
    load_stations,
    significant,
    split_edges,
    square_metres,
)
from services.domain.located import Located, Rule, Why
from services.domain.place import Places, point_fault, usable
from services.domain.villages import Village, Villages

Numbers = NDArray[np.float64]
Indexes = NDArray[np.int64]
Geometries = NDArray[Any]
Answers = list[Located | None]
Candidates = tuple[Indexes, Indexes, Numbers]  # row, ascending; number of the unit; metres between them

EDGE_LIMIT_M = 500.0
STATION_LIMIT_M = 5_000.0
TIE_M = 0.001  # a millimetre apart is the same distance: shared edges are drawn twice


class Jurisdictions:
    """The map of a county, built once and never changed; an instance may be asked from any thread.

    Units are numbered by the tie rule (smallest area, then lowest code), so that of several the lowest number wins.
    """

    def __init__(
        self,
        areas: Iterable[Area],
        stations: Iterable[Station],
        region_codes: Iterable[RegionCode],
        villages: Iterable[Village] = (),
    ) -> None:
        problems: list[Problem] = []
        polygons, owners = load_polygons(areas, problems)
        posts = load_stations(stations, problems)
        codes = load_codes(region_codes, problems)
        self.problems = tuple(problems)

        size_m2 = dict.fromkeys([*owners, *(post.unit for post in posts), *codes.values()], 0.0)
        for owner, square_m in zip(owners, square_metres(polygons), strict=True):
            size_m2[owner] += square_m
        self._units = sorted(size_m2, key=lambda unit: (round(size_m2[unit]), unit))
        number = {unit: index for index, unit in enumerate(self._units)}

        self._polygons, self._owners = polygons, np.array([number[unit] for unit in owners], np.int64)
        shapely.prepare(self._polygons)
        self._polygon_tree = shapely.STRtree(self._polygons)
        self._edges, edge_polygons = split_edges(self._polygons)
        self._edge_owners = self._owners[edge_polygons]
        self._edge_tree = shapely.STRtree(shapely.linestrings(self._edges.reshape(-1, 2, 2)))
        self._posts = np.array([(post.lat, post.lon) for post in posts], np.float64).reshape(-1, 2)
        self._post_owners = np.array([number[post.unit] for post in posts], np.int64)
        self._post_tree = shapely.STRtree(shapely.points(self._posts[:, 1], self._posts[:, 0]))
        self._codes = codes
        self._villages = Villages(villages)
        self._code_lengths = sorted({len(code) for code in codes}, reverse=True)
        # nearly every answer is one of these: made once, and shared because they cannot change
        self._held_by = [
            Located(unit=unit, rule=Rule.POLYGON, why=(Why.HOLDS_POINT,), distance_m=0.0) for unit in self._units
        ]

    def locate(
        self, places: Places, *, edge_limit_m: float = EDGE_LIMIT_M, station_limit_m: float = STATION_LIMIT_M
    ) -> list[Located]:
        """The unit responsible for each place, in the order given; what one place gets depends on no other.

        Rules 1 to 5 in their order, each asked only for the places that those before it left open. Ties go to the
        smallest area, then to the lowest code.
        """
        answers: Answers = [None] * len(places.lat)
        rows = np.flatnonzero(usable(places.lat, places.lon))
        rows = self._by_polygon(places, rows, answers)
        rows = self._by_nearest(Rule.EDGE, edge_limit_m, places, rows, answers)
        rows = self._by_nearest(Rule.STATION, station_limit_m, places, rows, answers)
        too_far = set(rows.tolist())
        located = [
            self._by_region_code(places, row, too_far=row in too_far) if answer is None else answer
            for row, answer in enumerate(answers)
        ]
        return self._villages.settle(located, places)

    def _by_polygon(self, places: Places, rows: Indexes, answers: Answers) -> Indexes:
        """Rule 1; like the two after it, fills `answers` and returns the rows it left open.

        A point on an edge belongs to each polygon that has the edge (intersects, not within).
        """
        x, y = places.lon[rows], places.lat[rows]
        at, polygons = self._polygon_tree.query(shapely.points(x, y))
        holds = shapely.intersects_xy(self._polygons[polygons], x[at], y[at])
        # pairs of row and unit, ascending, without the repeats of a unit with several parts
        pairs = np.unique(at[holds] * len(self._units) + self._owners[polygons[holds]])
        at, owners = np.divmod(pairs, max(len(self._units), 1))
        starts = _starts(at)
        for row, owner in zip(rows[at[starts]].tolist(), owners[starts].tolist(), strict=True):
            answers[row] = self._held_by[owner]
        if len(starts) < len(at):
            for row, holders in zip(rows[at[starts]].tolist(), np.split(owners, starts[1:]), strict=True):
                if len(holders) > 1:
                    answers[row] = self._shared([self._units[owner] for owner in holders])
        return np.delete(rows, at[starts])

    @staticmethod
    def _shared(units: list[str]) -> Located:
        first, *others = units
        return Located(
            unit=first, rule=Rule.POLYGON, why=(Why.MANY_HOLD_POINT,), distance_m=0.0, also=tuple(sorted(others))
        )

    def _by_nearest(self, rule: Rule, limit_m: float, places: Places, rows: Indexes, answers: Answers) -> Indexes:
        """Rules 2 and 3: of what is within the limit the nearest, to the millimetre."""
        if not rows.size:
            return rows
        candidates = self._edges_near if rule is Rule.EDGE else self._stations_near
        at, owners, metres = candidates(places.lat[rows], places.lon[rows], limit_m)
        near = metres <= limit_m
        at, owners, metres = at[near], owners[near], metres[near]
        if not at.size:
            return rows
        starts = _starts(at)
        least = np.minimum.reduceat(metres, starts)
        tied = metres <= np.repeat(least, np.diff(starts, append=len(at))) + TIE_M
        winners = np.minimum.reduceat(np.where(tied, owners, len(self._units)), starts)
        why = (Why.NEAR_EDGE if rule is Rule.EDGE else Why.NEAR_STATION,)
        for row, winner, away_m in zip(rows[at[starts]].tolist(), winners.tolist(), least.tolist(), strict=True):
            answers[row] = Located(unit=self._units[winner], rule=rule, why=why, distance_m=away_m)
        return np.delete(rows, at[starts])

    def _edges_near(self, lat: Numbers, lon: Numbers, limit_m: float) -> Candidates:
        at, edges = self._edge_tree.query(_boxes(lat, lon, limit_m))
        return at, self._edge_owners[edges], distance_to_segment_m(lat[at], lon[at], self._edges[edges])

    def _stations_near(self, lat: Numbers, lon: Numbers, limit_m: float) -> Candidates:
        at, posts = self._post_tree.query(_boxes(lat, lon, limit_m))
        metres = distance_m(lat[at], lon[at], self._posts[posts, 0], self._posts[posts, 1])
        return at, self._post_owners[posts], metres

    def _by_region_code(self, places: Places, row: int, *, too_far: bool) -> Located:
        """Rules 4 and 5."""
        fault = Why.OUTSIDE_LIMITS if too_far else point_fault(float(places.lat[row]), float(places.lon[row]))
        given = significant(places.region_codes[row] or "")
        for length in self._code_lengths:
            if len(given) >= length and (unit := self._codes.get(given[:length])) is not None:
                return Located(unit=unit, rule=Rule.REGION_CODE, why=(fault,), region_code=given[:length])
        code_fault = Why.UNKNOWN_REGION_CODE if given else Why.NO_REGION_CODE
        return Located(unit=None, rule=Rule.CENTRE, why=(fault, code_fault))


def _boxes(lat: Numbers, lon: Numbers, limit_m: float) -> Geometries:
    """Boxes in degrees around all that is within `limit_m` of each point; cut off at 180° east and west."""
    margin_m = limit_m * 1.01
    up = margin_m / metres_per_degree(lat)[0]
    out = margin_m / metres_per_degree(np.minimum(np.abs(lat) + up, 89.9))[1]
    return np.asarray(shapely.box(lon - out, lat - up, lon + out, lat + up))


def _starts(ascending: Indexes) -> Indexes:
    """Where each run of equal numbers begins."""
    return np.flatnonzero(np.diff(ascending, prepend=-1))
