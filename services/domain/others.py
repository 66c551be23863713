"""The nearest people of other units, for the few cases that look across a boundary. Decides nothing."""

import numpy as np
from numpy.typing import NDArray

from services.domain.choice import Ask
from services.domain.geodesy import distance_m, metres_per_degree
from services.domain.roster import Numbers, positions
from services.domain.within import Muster, Seen, whereabouts

NEIGHBOURS = 50  # so many of the nearest are looked at
PARTS = (1 / 64, 1 / 16, 1 / 4, 1)  # of the limit: where so many are near, nobody farther away is measured
MARGIN = 1.02  # what a degree northward may be longer elsewhere

Indexes = NDArray[np.int64]


class Others:
    """Where everybody is, worked out once for a batch of cases, and only once somebody is looked for."""

    def __init__(self, muster: Muster) -> None:
        self._muster = muster
        self._known = False

    def near(self, ask: Ask) -> list[Seen]:
        """The nearest people of other units, by distance: nobody has measured the way for them."""
        roster, _, _, rules = self._muster
        ((lat, lon),) = positions([(ask.lat, ask.lon)]).tolist()
        if np.isnan(lat):
            return []
        self._look_up()
        for part in PARTS:
            rows, metres = self._within(lat, lon, rules.neighbour_limit_m * part, *roster.units.get(ask.unit, (0, 0)))
            if len(rows) >= NEIGHBOURS:
                break
        order = np.argsort(metres, kind="stable")[:NEIGHBOURS]
        rows = rows[order]
        return list(zip(self._people[rows].tolist(), metres[order].tolist(), self._ages_s[rows].tolist(), strict=True))

    def _within(self, lat: float, lon: float, limit_m: float, first: int, end: int) -> tuple[Indexes, Numbers]:
        """Rows of the people so near, without those numbered from `first` to just before `end`; and their metres."""
        band = limit_m * MARGIN / float(metres_per_degree(lat)[0])
        rows = np.flatnonzero(np.abs(self._lat - lat) <= band)
        rows = rows[(self._people[rows] < first) | (self._people[rows] >= end)]
        metres = distance_m(lat, lon, self._lat[rows], self._lon[rows])
        near = metres <= limit_m
        return rows[near], metres[near]

    def _look_up(self) -> None:
        if not self._known:
            self._people = np.flatnonzero(self._muster.roster.offered)
            at, self._ages_s = whereabouts(self._muster, self._people)
            self._lat, self._lon = at.T.copy()
            self._known = True
