"""The ways that somebody may have measured: from each responder of a unit to the scene. Measures none itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import numpy as np

from services.domain.choice import Ask, Measured, Rules
from services.domain.geodesy import distance_m
from services.domain.roster import Roster
from services.domain.value import value
from services.domain.within import Muster, whereabouts

MOST = 25  # of a unit's people; who is not measured comes after those who are


class Start(NamedTuple):
    """Where a responder is now, in WGS-84 degrees, and the codes by which a table knows the place, the finest first."""

    responder: str
    lat: float
    lon: float
    codes: tuple[str, ...]


@value
class Way:
    """From each start to one scene."""

    lat: float
    lon: float
    codes: tuple[str, ...]
    starts: tuple[Start, ...]


class Ways(Protocol):
    """Whoever can tell how long a way takes."""

    async def seconds(self, ways: Sequence[Way]) -> tuple[Measured, list[Mapping[str, float]]]:
        """Seconds by responder for each way, empty where nobody knows; and by what, or why not. Never raises, never long."""

    async def close(self) -> None: ...


class Table:
    """Minutes from code to code, as given: a code is a grid's or a unit's."""

    def __init__(self, minutes: Mapping[tuple[str, str], float]) -> None:
        self._minutes = minutes

    async def seconds(self, ways: Sequence[Way]) -> tuple[Measured, list[Mapping[str, float]]]:
        return Measured.TABLE, [self._of(way) for way in ways]

    async def close(self) -> None:
        """There is nothing to close."""

    def _of(self, way: Way) -> dict[str, float]:
        found = {}
        for start in way.starts:
            pairs = ((begin, end) for begin in start.codes for end in way.codes)
            known = next((self._minutes[pair] for pair in pairs if pair in self._minutes), None)
            if known is not None:
                found[start.responder] = known * 60
        return found


def ways_of(roster: Roster, asks: Sequence[Ask], now: datetime, rules: Rules) -> list[Way | None]:
    """The ways that choosing for these cases would like to know; None where a scene has no point or a unit nobody."""
    return [_way(roster, ask, now, rules) for ask in asks]


def _way(roster: Roster, ask: Ask, now: datetime, rules: Rules) -> Way | None:
    first, end = roster.units.get(ask.unit, (0, 0))
    if first == end or ask.lat is None or ask.lon is None:
        return None
    people = np.arange(first, end)
    at, _ = whereabouts(Muster(roster, [], now, rules), people)
    away = distance_m(ask.lat, ask.lon, at[:, 0], at[:, 1])
    known = np.flatnonzero(~np.isnan(away))
    nearest = known[np.argsort(away[known], kind="stable")][:MOST]
    starts = [
        Start(roster.responders[person], lat, lon, _codes(roster.grids[person], ask.unit))
        for person, (lat, lon) in zip(people[nearest].tolist(), at[nearest].tolist(), strict=True)
    ]
    return Way(lat=ask.lat, lon=ask.lon, codes=_codes(ask.grid, ask.unit), starts=tuple(starts))


def _codes(grid: str | None, unit: str) -> tuple[str, ...]:
    return (unit,) if grid is None else (grid, unit)
