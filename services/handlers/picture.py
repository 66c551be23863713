"""Draw the picture (map, roster) from the registry and the rota, and put it in the place of the old one."""

from datetime import datetime

import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.choosing import OnDuty, Roster
from services.domain.ground import Area, RegionCode, Station
from services.domain.jurisdiction import Jurisdictions
from services.handlers.context import Context, Picture
from services.store import registry


async def draw(conn: AsyncConnection, *, now: datetime) -> Picture:
    """The whole picture: the map changes rarely, so this is done at the start and on demand."""
    areas = [
        Area(unit=area.unit, polygon=shapely.from_wkb(area.polygon))
        for area in await registry.read(conn, registry.Area)
    ]
    stations = [
        Station(unit=station.unit, lat=station.lat, lon=station.lon)
        for station in await registry.read(conn, registry.Station)
    ]
    codes = [RegionCode(code=code.code, unit=code.unit) for code in await registry.read(conn, registry.RegionCode)]
    return Picture(
        jurisdictions=Jurisdictions(areas, stations, codes),
        roster=await draw_roster(conn, now=now),
        units=await registry.unit_names(conn),
    )


async def draw_roster(conn: AsyncConnection, *, now: datetime) -> Roster:
    """Who is on duty at `now`, at their posts."""
    return Roster(
        [
            OnDuty(
                responder=present.responder.code,
                unit=present.responder.unit,
                lat=None,
                lon=None,
                fix_at=None,
                post_lat=present.responder.post_lat,
                post_lon=present.responder.post_lon,
                open_cases=present.open_cases,
            )
            for present in await registry.on_duty(conn, now)
        ]
    )


def swap_roster(context: Context, roster: Roster) -> None:
    """From now on the new roster; what was given out before is in it."""
    old = context.picture
    context.picture = Picture(jurisdictions=old.jurisdictions, roster=roster, units=old.units)
    context.given.clear()
