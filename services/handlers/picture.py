"""Draw the picture (map, roster) from the registry and the rota, and put it in the place of the old one."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.choice import Rules
from services.domain.fix import Fix
from services.domain.roster import OnDuty, Roster
from services.domain.switches import Switch
from services.domain.value import replace
from services.handlers.context import Context, Picture
from services.handlers.ground_map import draw_map
from services.store import registry, staff, status, unit_settings
from services.store.policies import Policies
from services.store.registry import Responder, Unit

FAMILY_LIAISON = "FAMILY_LIAISON"
NO_FIXES: Mapping[str, Fix] = {}


async def draw(
    conn: AsyncConnection, policies: Policies, *, now: datetime, rules: Rules, fixes: Mapping[str, Fix] = NO_FIXES
) -> Picture:
    """The whole picture. Drawing the map takes a thread of its own: thousands of areas take longer than the loop may wait."""
    stamp = await registry.map_stamp(conn, now)
    ground = await draw_map(conn, at=now)
    return Picture(
        jurisdictions=ground.jurisdictions,
        grids=ground.grids,
        roster=await draw_roster(conn, ground.units, now=now, rules=rules, fixes=fixes),
        units=ground.units,
        stamp=stamp,
        policy=await policies.newest(conn),
        seats=await staff.seats(conn),
        muted=await unit_settings.switched_off(conn, Switch.NOTIFY),
    )


async def draw_roster(
    conn: AsyncConnection,
    units: Mapping[str, Unit],
    *,
    now: datetime,
    rules: Rules,
    fixes: Mapping[str, Fix] = NO_FIXES,
) -> Roster:
    """Who is on duty at `now`, where they were last. In a thread of its own, as the map."""
    stamp = await registry.watch_stamp(conn, now)  # first: what changes after it is seen next time
    people = await registry.on_duty(conn, now)
    roster = await asyncio.to_thread(_roster_of, people, units, now=now, rules=rules, stamp=stamp)
    return await _as_of(conn, roster, now=now, fixes=fixes)


def _roster_of(
    people: Sequence[registry.OnDuty],
    units: Mapping[str, Unit],
    *,
    now: datetime,
    rules: Rules,
    stamp: tuple[Any, ...],
) -> Roster:
    """Who belongs to a grid is the grid's, in the unit it is a part of."""
    return Roster(
        [
            OnDuty(
                responder=present.responder.code,
                unit=_unit_of(units, present.responder.unit),
                grid=present.responder.unit if _is_grid(units, present.responder.unit) else None,
                skills=_skills_of(present.responder),
                languages=frozenset(present.responder.languages),
                lat=None,
                lon=None,
                fix_at=None,
                post_lat=present.responder.post_lat,
                post_lon=present.responder.post_lon,
                open_cases=present.open_cases,
                rested=present.last_ended_at is None or now - present.last_ended_at >= rules.rest,
                rested_at=present.last_ended_at and present.last_ended_at + rules.rest,
            )
            for present in people
        ],
        stamp=stamp,
        over_at=min((ends for present in people if (ends := present.responder.valid_to)), default=None),
    )


async def follow(conn: AsyncConnection, context: Context, *, now: datetime) -> Roster:
    """The roster of the same map a while later: while the watch is the same, nobody is read once more."""
    old, fixes = context.picture, context.fixes
    roster = old.roster
    somebody_left = roster.over_at is not None and roster.over_at <= now
    if somebody_left or await registry.watch_stamp(conn, now) != roster.stamp:
        return await draw_roster(conn, old.units, now=now, rules=context.rules, fixes=fixes)
    return await _as_of(conn, roster, now=now, fixes=fixes, moved=context.moved)


async def _as_of(
    conn: AsyncConnection,
    roster: Roster,
    *,
    now: datetime,
    fixes: Mapping[str, Fix],
    moved: Collection[str] | None = None,
) -> Roster:
    """Nothing is waited for after the fixes were taken over: none comes in between unseen."""
    return roster.as_of(
        now,
        open_cases=await registry.open_cases(conn),
        unfree=await status.unfree(conn, now=now),
        heads=await unit_settings.heads(conn, now),
        closed=await unit_settings.switched_off(conn, Switch.ROUTING),
        fixes=fixes,
        moved=moved,
    )


def _skills_of(responder: Responder) -> frozenset[str]:
    """Everything a warning may ask for as a skill."""
    liaison = (FAMILY_LIAISON,) if responder.family_liaison else ()
    return frozenset((*responder.skills, *responder.capabilities, *liaison))


def _is_grid(units: Mapping[str, Unit], code: str) -> bool:
    return code in units and units[code].kind == registry.GRID


def _unit_of(units: Mapping[str, Unit], code: str) -> str:
    return (units[code].parent if _is_grid(units, code) else None) or code


async def redraw(conn: AsyncConnection, context: Context, *, now: datetime) -> bool:
    """Bring the picture up to date: always the roster, the map where it is another one; whether the map was drawn anew.

    What was given out since the last picture is in the new one.
    """
    old = context.picture
    if await registry.map_stamp(conn, now) != old.stamp:
        context.picture = await draw(conn, context.policies, now=now, rules=context.rules, fixes=context.fixes)
    else:
        policy = await context.policies.newest(conn)
        context.picture = replace(
            old,
            policy=policy,
            roster=await follow(conn, context, now=now),
            seats=await staff.seats(conn),
            muted=await unit_settings.switched_off(conn, Switch.NOTIFY),
        )
    context.given.clear()
    context.moved.clear()
    return context.picture.stamp != old.stamp
