"""Which unit is responsible for a place, a whole batch at once. Knows no cases, people or clock; converts no datum."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from services.domain.geodesy import boxes_around, distance_to_segment_m
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
from services.domain.holders import NOBODY, UNSETTLED, Held, Holders
from services.domain.located import Located, Rule, Why, located_near
from services.domain.place import Places, point_fault, usable
from services.domain.posts import Posts
from services.domain.villages import Village, Villages

Numbers = NDArray[np.float64]
Indexes = NDArray[np.int64]
Geometries = NDArray[Any]
Answers = list[Located | None]
Candidates = tuple[Indexes, Indexes, Numbers]  # row; number of the unit; metres between them

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

        polygon_owners = np.array([number[unit] for unit in owners], np.int64)
        self._holders = Holders(polygons, polygon_owners)
        self._edges, edge_polygons = split_edges(polygons)
        self._edge_owners = polygon_owners[edge_polygons]
        self._edge_tree = shapely.STRtree(shapely.linestrings(self._edges.reshape(-1, 2, 2)))
        self._posts = Posts(
            np.array([(post.lat, post.lon) for post in posts], np.float64).reshape(-1, 2),
            np.array([number[post.unit] for post in posts], np.int64),
        )
        self._codes = codes
        self._villages = Villages(villages)
        self._code_lengths = sorted({len(code) for code in codes}, reverse=True)
        # nearly every answer is one of these: made once, and shared because they cannot change
        self._known = {units: self._held(units) for units in self._holders.sets}
        self._settled = [*self._known.values(), None]  # UNSETTLED is the last

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
        if not self._holders.anybody:
            return rows
        lat, lon = places.lat[rows], places.lon[rows]
        numbers = self._holders.settled(lat, lon)
        for row, number in zip(rows.tolist(), numbers.tolist(), strict=True):
            answers[row] = self._settled[number]
        left = numbers == NOBODY
        asked = np.flatnonzero(numbers == UNSETTLED)
        if asked.size:
            held = self._holders.search(lat[asked], lon[asked])
            for row, units in zip(rows[asked].tolist(), held, strict=True):
                answers[row] = self._known.get(units) or self._held(units)
            left[asked] = [not units for units in held]
        return np.asarray(rows[left])

    def _held(self, units: Held) -> Located | None:
        """The first of several has the lowest number."""
        if not units:
            return None
        first, *others = (self._units[unit] for unit in units)
        why = Why.MANY_HOLD_POINT if others else Why.HOLDS_POINT
        return Located(unit=first, rule=Rule.POLYGON, why=(why,), distance_m=0.0, also=tuple(sorted(others)))

    def _by_nearest(self, rule: Rule, limit_m: float, places: Places, rows: Indexes, answers: Answers) -> Indexes:
        """Rules 2 and 3: of what is within the limit the nearest, to the millimetre."""
        if not rows.size:
            return rows
        candidates = self._edges_near if rule is Rule.EDGE else self._posts.near
        at, owners, metres = candidates(places.lat[rows], places.lon[rows], limit_m)
        if not at.size:
            return rows
        least = np.full(len(rows), np.inf)
        np.minimum.at(least, at, metres)
        tied = metres <= np.minimum(least + TIE_M, limit_m)[at]
        winners = np.full(len(rows), len(self._units))
        np.minimum.at(winners, at[tied], owners[tied])
        near = least <= limit_m
        why = Why.NEAR_EDGE if rule is Rule.EDGE else Why.NEAR_STATION
        units = map(self._units.__getitem__, winners[near].tolist())
        found = located_near(units, least[near].tolist(), rule=rule, why=why)
        for row, answer in zip(rows[near].tolist(), found, strict=True):
            answers[row] = answer
        return rows[~near]

    def _edges_near(self, lat: Numbers, lon: Numbers, limit_m: float) -> Candidates:
        if not len(self._edges):
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
        at, edges = self._edge_tree.query(boxes_around(lat, lon, limit_m))
        return at, self._edge_owners[edges], distance_to_segment_m(lat[at], lon[at], self._edges[edges])

    def _by_region_code(self, places: Places, row: int, *, too_far: bool) -> Located:
        """Rules 4 and 5."""
        fault = Why.OUTSIDE_LIMITS if too_far else point_fault(float(places.lat[row]), float(places.lon[row]))
        given = significant(places.region_codes[row] or "")
        for length in self._code_lengths:
            if len(given) >= length and (unit := self._codes.get(given[:length])) is not None:
                return Located(unit=unit, rule=Rule.REGION_CODE, why=(fault,), region_code=given[:length])
        code_fault = Why.UNKNOWN_REGION_CODE if given else Why.NO_REGION_CODE
        return Located(unit=None, rule=Rule.CENTRE, why=(fault, code_fault))
