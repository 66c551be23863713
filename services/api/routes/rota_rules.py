"""What holds for every unit's rota: shift patterns and public holidays. Duty is drawn anew by it within a minute."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from schemas.fields import Code
from services.api.identity import Anyone
from services.api.problems import responses
from services.api.rota_bodies import HolidayBody, PatternBody
from services.api.rota_work import RotaRowWork
from services.api.views import Tagged, View
from services.api.work import TheParts
from services.domain.rota.holiday import Ruled
from services.domain.rota.pattern import document_of
from services.handlers.rota_rules import put_holiday, put_pattern
from services.handlers.seen import tag_of
from services.store import rota

router = APIRouter(prefix="/rota", tags=["rota"])
REFUSALS = responses("not-allowed", "incomplete", "key-missing", "key-reused", "stale-row")


class PatternView(Tagged):
    code: str
    document: dict[str, Any]


class Patterns(View):
    items: tuple[PatternView, ...]


class RuledView(Tagged):
    day: date
    off: bool
    name: str
    changed_by: str
    changed_at: datetime


class Year(View):
    """`holidays`: every day off of the year; `ruled`: what was said over the calendar, of any year."""

    holidays: dict[date, str]
    ruled: tuple[RuledView, ...]


class Kept(View):
    code: str | None = None
    day: date | None = None


@router.get("/patterns", responses=responses())
async def get_patterns(parts: TheParts, _asker: Anyone) -> Patterns:
    """Every shift pattern."""
    async with parts.store.read() as conn:
        found = await rota.patterns(conn)
    shown = {code: document_of(one) for code, one in found.items()}
    return Patterns(items=tuple(PatternView(code=code, document=one, etag=tag_of(one)) for code, one in shown.items()))


@router.put("/patterns/{code}", responses=REFUSALS)
async def put_pattern_(code: Code, work: RotaRowWork, body: PatternBody) -> Kept:
    """Add a shift pattern, or change it for every unit that turns through it."""
    document = body.model_dump(mode="json")
    command = work.command("pattern", body, code=code)
    async with work.parts.store.begin() as tx:
        return Kept.model_validate(await put_pattern(tx, command, by=work.by, code=code, document=document))


@router.get("/holidays", responses=responses())
async def get_holidays(
    parts: TheParts,
    _asker: Anyone,
    *,
    year: Annotated[int | None, Query(ge=1950, le=2100, description="This year by default.")] = None,
) -> Year:
    """The public holidays of a year, and what was said over the calendar."""
    async with parts.store.read() as conn:
        known = await rota.holidays(conn)
        ruled = await rota.ruled_days(conn)
    asked = parts.clock.now().astimezone(parts.settings.zone).year if year is None else year
    items = tuple(RuledView(**asdict(one), etag=tag_of(one)) for one in ruled)
    return Year(holidays=known.of_year(asked), ruled=items)


@router.put("/holidays/{day}", responses=REFUSALS)
async def put_holiday_(day: date, work: RotaRowWork, body: HolidayBody) -> Kept:
    """Say of a day that it is off, or worked, whatever the calendar says."""
    command = work.command("holiday", body, day=day.isoformat())
    async with work.parts.store.begin() as tx:
        ruled = Ruled(off=body.off, name=body.name)
        return Kept.model_validate(await put_holiday(tx, command, by=work.by, day=day, ruled=ruled))


@router.delete("/holidays/{day}", responses=REFUSALS)
async def delete_holiday(day: date, work: RotaRowWork) -> Kept:
    """Let the calendar decide about the day again."""
    command = work.command("calendar", None, day=day.isoformat())
    async with work.parts.store.begin() as tx:
        return Kept.model_validate(await put_holiday(tx, command, by=work.by, day=day, ruled=None))
