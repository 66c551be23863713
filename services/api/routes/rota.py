"""GET: who is on duty, a unit's shifts (also as iCalendar) and its rota, and where the watch will be too thin."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from schemas.fields import Code
from services.api.bodies import Time
from services.api.identity import CaseReader
from services.api.problems import responses
from services.api.rota_bodies import (
    FaultView,
    Gaps,
    GapView,
    OnDutyList,
    OnDutyView,
    RotationView,
    Shifts,
    ShiftView,
    UnitRota,
    entry_view,
    swap_view,
)
from services.api.rota_work import Zone, seen_unit
from services.api.work import TheParts, etag
from services.domain.rota.fault import faults
from services.domain.rota.gaps import AHEAD
from services.domain.rota.rotation import rotation_document
from services.handlers.rota import FAULTS_AHEAD, fault_answer, must_see
from services.handlers.rota_ical import to_ical
from services.handlers.watch import gaps_ahead, gaps_between, shifts_between, watch_ahead, who_is_on_duty
from services.store import rota, rota_entries

router = APIRouter(prefix="/rota", tags=["rota"])
READING = responses("not-allowed", "rota-not-found")
ICALENDAR: Final = "text/calendar"
EARLIEST, LATEST = timedelta(days=3660), timedelta(days=366)

First = Annotated[date | None, Query(alias="from", description="First day; today by default.")]
Days = Annotated[int, Query(ge=1, le=62, description="How many days.")]


@router.get("/on-duty", responses=READING)
async def get_on_duty(
    parts: TheParts,
    zone: Zone,
    reader: CaseReader,
    *,
    at: Annotated[Time | None, Query(description="Any time; now by default.")] = None,
    unit: Annotated[Code | None, Query(description="One unit; by default all of one's scope.")] = None,
) -> OnDutyList:
    """Who is on duty at a time: what was, as it was; at most ten years back and one ahead."""
    now = parts.clock.now()
    asked = now if at is None else min(max(at, now - EARLIEST), now + LATEST)
    async with parts.store.read() as conn:
        scope = await seen_unit(conn, reader, unit)
        found = await who_is_on_duty(conn, zone, asked, unit=scope, now=now)
    items = tuple(OnDutyView.model_validate(one, from_attributes=True) for one in found)
    return OnDutyList(at=asked, items=items)


@router.get("/units/{unit}/shifts", responses=READING)
async def get_shifts(
    unit: Code,
    parts: TheParts,
    zone: Zone,
    reader: CaseReader,
    *,
    first: First = None,
    days: Days = 7,
) -> Shifts:
    """A unit's duty of a week, shift by shift, and where what is still to come of it is too thin."""
    now = parts.clock.now()
    starts_at, ends_at = _window(first, days, zone, now)
    async with parts.store.read() as conn:
        await must_see(conn, reader, unit)
        found = await shifts_between(conn, zone, starts_at, ends_at, unit=unit, now=now)
        thin = await gaps_between(conn, zone, found, max(starts_at, now), ends_at, unit=unit)
    items = tuple(ShiftView.model_validate(one, from_attributes=True) for one in found)
    gaps = tuple(GapView.model_validate(one, from_attributes=True) for one in thin)
    return Shifts(unit=unit, starts_at=starts_at, ends_at=ends_at, items=items, gaps=gaps)


@router.get(
    "/units/{unit}/calendar",
    response_class=Response,
    responses=READING | {200: {"content": {ICALENDAR: {"schema": {"type": "string"}}}}},
)
async def get_calendar(
    unit: Code,
    parts: TheParts,
    zone: Zone,
    reader: CaseReader,
    *,
    first: First = None,
    days: Days = 28,
) -> Response:
    """A unit's duty as iCalendar, for any calendar to show."""
    now = parts.clock.now()
    starts_at, ends_at = _window(first, days, zone, now)
    async with parts.store.read() as conn:
        await must_see(conn, reader, unit)
        found = await shifts_between(conn, zone, starts_at, ends_at, unit=unit, now=now)
    headers = {"content-disposition": 'attachment; filename="rota.ics"'}
    return Response(await asyncio.to_thread(to_ical, {unit: found}), media_type=ICALENDAR, headers=headers)


def _window(first: date | None, days: int, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    day = now.astimezone(zone).date() if first is None else _near(first, now)
    return _midnight(day, zone), _midnight(day + timedelta(days=days), zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _near(day: date, now: datetime) -> date:
    """What was is kept for ten years, what comes is known for one; the calendar's own edges have no week."""
    return min(max(day, (now - EARLIEST).date()), (now + LATEST).date())


@router.get("/units/{unit}", responses=READING)
async def get_unit_rota(unit: Code, response: Response, parts: TheParts, zone: Zone, reader: CaseReader) -> UnitRota:
    """What the unit's rota is made of. Its ETag is what a new rotation must name."""
    now = parts.clock.now()
    async with parts.store.read() as conn:
        await must_see(conn, reader, unit)
        version = await rota.version_of(conn, unit)
        rotations = await rota.rotations_of(conn, unit)
        entries = await rota_entries.entries_of(conn, unit, now, now + LATEST * 2)
        swaps = await rota_entries.swaps_of(conn, unit, now)
        loaded = (await rota.load(conn, zone, now, now + FAULTS_AHEAD, units=[unit]))[unit]
        known = await rota.people_of(conn, unit, now=now)
    response.headers["etag"] = etag(version)
    return UnitRota(
        unit=unit,
        version=version,
        rotations=tuple(
            RotationView(
                starts_on=one.rotation.starts_on,
                document=rotation_document(one.rotation),
                made_by=one.made_by,
                made_at=one.made_at,
            )
            for one in rotations
        ),
        entries=tuple(entry_view(one) for one in entries),
        swaps=tuple(swap_view(one) for one in swaps),
        faults=tuple(
            FaultView.model_validate(fault_answer(one, loaded))
            for one in faults(loaded, known, now, now + FAULTS_AHEAD)
        ),
    )


@router.get("/gaps", responses=READING)
async def get_gaps(
    parts: TheParts,
    zone: Zone,
    reader: CaseReader,
    *,
    unit: Annotated[Code | None, Query(description="One unit; by default all of one's scope.")] = None,
) -> Gaps:
    """Where the watch of the next 72 hours is too thin. Units without a gap have 0 hours."""
    now = parts.clock.now()
    async with parts.store.read() as conn:
        scope = await seen_unit(conn, reader, unit)
        watched = await watch_ahead(conn, zone, now=now, unit=scope)
    found = await asyncio.to_thread(gaps_ahead, *watched, now=now)
    return Gaps(
        until=now + AHEAD,
        hours={code: round(sum(gap.hours for gap in gaps), 3) for code, gaps in found.items()},
        items=tuple(GapView.model_validate(gap, from_attributes=True) for code in sorted(found) for gap in found[code]),
    )
