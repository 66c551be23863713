"""GET: the figures of a period, the cases that make a number, and how well the watch was kept."""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError
from pydantic import Field, StringConstraints, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.fields import At, Code
from services.api.figure_views import (
    ALL_NAMES,
    CoverageOfPeriod,
    CoverageView,
    FiguresOfPeriod,
    FiguresView,
    GroupView,
    ShareView,
    behind,
)
from services.api.identity import Overseer
from services.api.paging import Cursor, Limit, Page, before, cursor_after
from services.api.persons import masked_of
from services.api.problems import responses
from services.api.views import Line, line_of
from services.api.work import TheParts
from services.domain.actor import Actor
from services.domain.counted import THE_HOUR, Count
from services.domain.figures import RATIOS, Share
from services.domain.refusals import UnitNotFound
from services.domain.words import Risk
from services.handlers.figures import BadPeriod, TooManyGroups, coverage, figures_of, hours_between, span_of
from services.store import figure_sums
from services.store.figure_sums import Behind, By, Wanted
from services.store.figures import find_position, one_moment
from services.wiring import Parts

router = APIRouter(prefix="/figures", tags=["figures"])
Ratios = StrEnum("Ratios", [(name.upper(), name) for name in RATIOS])  # type: ignore[misc]  # drawn from the table
DAY, USUAL = timedelta(days=1), timedelta(days=30)
DATE_CHARS: Final = 10
TIME: Final[TypeAdapter[datetime]] = TypeAdapter(At)
LONGEST_WATCH: Final = timedelta(days=32)
READS = responses("not-allowed", "unit-not-found")

Start = Annotated[str, StringConstraints(max_length=40)]
From = Annotated[
    Start | None,
    Query(
        alias="from",
        description="A day here (2026-11-01), or an hour (2026-11-01T08:00:00Z). Without it, thirty days before `to`.",
    ),
]
To = Annotated[
    Start | None, Query(description="Until just before this day or hour. Without it, today is the last day.")
]
OfUnit = Annotated[Code | None, Query(description="Responsible by area: this unit or one below it.")]
Hour = Annotated[int, Field(ge=0, le=23)]
OfLevel = Annotated[
    tuple[Risk, ...], Query(max_length=len(Risk), description="The risk as it is now; may be repeated.")
]
OfFigures = Annotated[
    tuple[Ratios, ...], Query(max_length=len(RATIOS), description="Only these shares; many groups are read sooner.")
]
GroupedBy = Annotated[tuple[By, ...], Query(max_length=3, description="May be repeated; a day or an hour, not both.")]


@router.get("", responses=READS)
async def get_figures(
    parts: TheParts,
    reader: Overseer,
    *,
    from_: From = None,
    to: To = None,
    unit: OfUnit = None,
    level: OfLevel = (),
    by: GroupedBy = (),
    figure: OfFigures = (),
) -> FiguresOfPeriod:
    """Every figure with what it is out of. A desk sees its own unit's."""
    since, until = _period(parts, from_, to)
    small_n = parts.settings.small_n
    async with one_moment(parts.store) as conn:
        wanted = await _wanted(conn, parts, reader, since, until, unit=unit, level=level, by=by)
        try:
            found = await figures_of(conn, wanted, of=figure or tuple(RATIOS))
        except TooManyGroups:
            raise _invalid("by", "too_many_groups") from None
    asked = [("from", _shown(since)), ("to", _shown(until)), *(("level", one.value) for one in wanted.levels)]
    return FiguresOfPeriod(
        since=since,
        until=until,
        zone=parts.context.zone.key,
        as_of=found.as_of,
        lag_s=None if found.as_of is None else (parts.clock.now() - found.as_of).total_seconds(),
        unit=unit or reader.unit,
        level=wanted.levels,
        small_n=small_n,
        total=FiguresView.of(found.total, small_n=small_n),
        groups=tuple(GroupView.of(wanted.by, group, one, small_n=small_n) for group, one in found.groups.items()),
        cases=behind([*asked, *([("unit", unit)] if unit else [])]),
        names=dict(ALL_NAMES),
    )


@router.get("/cases", responses=READS)
async def get_cases_behind(
    parts: TheParts,
    reader: Overseer,
    *,
    count: Annotated[tuple[Count, ...], Query(min_length=1, max_length=len(Count), description="Any of them.")],
    from_: From = None,
    to: To = None,
    unit: OfUnit = None,
    level: OfLevel = (),
    less: Annotated[
        tuple[Count, ...],
        Query(max_length=len(Count), description="Only those with more of `count` than of these: what a share lacks."),
    ] = (),
    young: Annotated[
        bool, Query(description="Also those that wait and are not an hour old, which no share counts.")
    ] = True,
    hour: Annotated[
        tuple[Hour, ...], Query(max_length=24, description="Issued in these hours of the day here, of at most 31 days.")
    ] = (),
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Line]:
    """The cases that make a number, newest first. Everybody is masked here."""
    since, until = _period(parts, from_, to)
    async with one_moment(parts.store) as conn:
        wanted = await _wanted(conn, parts, reader, since, until, unit=unit, level=level)
        try:
            hours = hours_between(since, until, parts.context.zone, hour) if hour else None
        except BadPeriod:
            raise _invalid("hour", "period") from None
        asked = Behind(counts=count, less=less, waiting_since=None if young else await _an_hour_old(conn), hours=hours)
        found = await figure_sums.cases_of(conn, wanted, asked, before=before(cursor), limit=limit + 1)
    sealer, now = parts.context.sealer, parts.clock.now()
    shown = found[:limit]
    lines = tuple(line_of(stored.case, masked_of(sealer, stored), now=now) for stored in shown)
    return Page(items=lines, next=cursor_after(shown[-1].id) if len(found) > limit else None)


@router.get("/watch-coverage", responses=READS)
async def get_watch_coverage(
    parts: TheParts, reader: Overseer, *, from_: From = None, to: To = None, unit: OfUnit = None
) -> CoverageOfPeriod:
    """How much of the period enough people were on duty, by unit, from who was and what its rota asks for."""
    since, until = _period(parts, from_, to)
    if not timedelta(0) < until - since <= LONGEST_WATCH:
        raise _invalid("from", "period")
    until = min(until, parts.clock.now())
    async with parts.store.read() as conn:
        units = await _units(conn, reader, unit)
        found = await coverage(conn, parts.context.zone, since, until, units=units) if until > since else {}
    whole = Share(part=sum(one.part for one in found.values()), whole=sum(one.whole for one in found.values()))
    return CoverageOfPeriod(
        since=since,
        until=until,
        total=ShareView.of(whole, small_n=1),
        items=tuple(CoverageView(unit=code, covered=ShareView.of(one, small_n=1)) for code, one in found.items()),
        names=ALL_NAMES["watch_coverage"],
    )


def _period(parts: Parts, from_: str | None, to: str | None) -> tuple[datetime, datetime]:
    zone = parts.context.zone
    try:
        until = (
            _start("to", to, zone)
            if to is not None
            else _midnight(parts.clock.now().astimezone(zone).date() + DAY, zone)
        )
        since = (
            _start("from", from_, zone) if from_ is not None else _midnight(until.astimezone(zone).date() - USUAL, zone)
        )
    except OverflowError:  # the first or last days of the calendar
        raise _invalid("from", "period") from None
    return since, until


def _start(where: str, given: str, zone: ZoneInfo) -> datetime:
    """A day's beginning here, or the very time."""
    try:
        return _midnight(date.fromisoformat(given), zone) if len(given) == DATE_CHARS else TIME.validate_strings(given)
    except ValueError:
        raise _invalid(where, "day_or_hour") from None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


async def _wanted(
    conn: AsyncConnection,
    parts: Parts,
    reader: Actor,
    since: datetime,
    until: datetime,
    *,
    unit: str | None,
    level: tuple[Risk, ...] = (),
    by: tuple[By, ...] = (),
) -> Wanted:
    """What is asked for and may be seen. Raises UnitNotFound, also for a unit out of the reader's scope."""
    by = tuple(dict.fromkeys(by))
    try:
        span = span_of(since, until, parts.context.zone, by)
    except BadPeriod:
        raise _invalid("from", "period") from None
    units = await _units(conn, reader, unit)
    return Wanted(span=span, since=since, until=until, units=units, levels=tuple(dict.fromkeys(level)), by=by)


async def _an_hour_old(conn: AsyncConnection) -> datetime | None:
    """Before when a case that waits was issued to be judged, as of the counts."""
    as_of = (await find_position(conn)).as_of
    return None if as_of is None else as_of - THE_HOUR


async def _units(conn: AsyncConnection, reader: Actor, unit: str | None) -> frozenset[str] | None:
    """The units that are asked for and may be seen; None: every one, and none at all as well."""
    own = None if reader.sees_every_unit else await figure_sums.units_below(conn, reader.unit or "")
    units = own if unit is None else await figure_sums.units_below(conn, unit)
    if units is not None and (not units or not units <= (units if own is None else own)):
        raise UnitNotFound()
    return units


def _shown(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _invalid(where: str, kind: str) -> RequestValidationError:
    return RequestValidationError([{"type": kind, "loc": ("query", where), "msg": "", "input": None}])
