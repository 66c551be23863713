"""Draw the picture (map, roster) from the registry and the rota, and put it in the place of the old one."""

import asyncio
from datetime import datetime

import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.ground import Area, RegionCode, Station
from services.domain.jurisdiction import Jurisdictions
from services.domain.roster import OnDuty, Roster
from services.handlers.context import Context, Picture
from services.store import registry


async def draw(conn: AsyncConnection, *, now: datetime) -> Picture:
    """The whole picture. Drawing the map takes a thread of its own: thousands of areas take longer than the loop may wait."""
    stamp = await registry.map_stamp(conn)
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
        jurisdictions=await asyncio.to_thread(Jurisdictions, areas, stations, codes),
        roster=await draw_roster(conn, now=now),
        units=await registry.unit_names(conn),
        stamp=stamp,
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


async def redraw(conn: AsyncConnection, context: Context, *, now: datetime) -> bool:
    """Bring the picture up to date: always the roster, the map where it is another one; whether the map was drawn anew.

    What was given out since the last picture is in the new one.
    """
    old = context.picture
    if await registry.map_stamp(conn) != old.stamp:
        context.picture = await draw(conn, now=now)
    else:
        roster = await draw_roster(conn, now=now)
        context.picture = Picture(jurisdictions=old.jurisdictions, roster=roster, units=old.units, stamp=old.stamp)
    context.given.clear()
    return context.picture.stamp != old.stamp
