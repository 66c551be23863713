"""The map as of a moment, drawn from the registry: units' areas, the grids inside them, villages. Knows nobody on duty."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.grids import Grid, Grids
from services.domain.ground import Area, RegionCode, Station
from services.domain.jurisdiction import Jurisdictions
from services.domain.villages import Village, Villages
from services.store import registry
from services.store.registry import Ground, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundMap:
    """Replaced whole, never changed."""

    jurisdictions: Jurisdictions
    grids: Grids
    villages: Villages  # the names of their townships; the jurisdictions ask them by themselves
    units: dict[str, Unit]
    areas: Mapping[str, Sequence[Area]]  # of units and grids, by code

    def map_of_one(self, code: str) -> Jurisdictions | None:
        """A map of nothing but this unit or grid; None where it has no area."""
        return Jurisdictions(self.areas[code], [], []) if code in self.areas else None


async def draw_map(conn: AsyncConnection, *, at: datetime) -> GroundMap:
    """Drawing takes a thread of its own: thousands of areas take longer than the loop may wait."""
    return await asyncio.to_thread(map_of, await registry.ground(conn, at))


def map_of(ground: Ground) -> GroundMap:
    areas = [Area(unit=area.unit, polygon=shapely.from_wkb(area.polygon)) for area in ground.areas]
    grids = [
        Grid(code=area.unit, parent=parent, polygon=shapely.from_wkb(area.polygon)) for area, parent in ground.grids
    ]
    by_code: dict[str, list[Area]] = defaultdict(list)
    for area in [*areas, *(Area(unit=grid.code, polygon=grid.polygon) for grid in grids)]:
        by_code[area.unit].append(area)
    stations = [Station(unit=station.unit, lat=station.lat, lon=station.lon) for station in ground.stations]
    codes = [RegionCode(code=code.code, unit=code.unit) for code in ground.codes]
    villages = [
        Village(
            village=one.village,
            township_code=one.township_code,
            township=one.township,
            county_code=one.county_code,
            county=one.county,
            unit=one.unit,
        )
        for one in ground.villages
    ]
    return GroundMap(
        jurisdictions=Jurisdictions(areas, stations, codes, villages),
        grids=Grids(grids),
        villages=Villages(villages),
        units=ground.units,
        areas=by_code,
    )
