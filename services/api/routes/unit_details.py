"""GET: one unit as the registry has it: its people with what they said of themselves, its station, what it answers for."""

from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import func, select

from schemas.fields import Code
from services.api.identity import CaseReader
from services.api.problems import responses
from services.api.views import View
from services.api.work import TheParts
from services.domain.refusals import UnitNotFound
from services.domain.roster import Activity, Availability
from services.domain.words import Role
from services.store import registry, status, tables
from services.store.registry import Responder, Station

router = APIRouter(tags=["registry"])


class PersonOfUnit(View):
    """`availability` is null where nobody said anything; it counts for a day."""

    code: str
    name: str
    grade: str
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    capabilities: tuple[str, ...]
    family_liaison: bool
    availability: Availability | None
    activity: Activity | None
    said_by: str | None
    said_at: datetime | None
    open_cases: int


class UnitDetails(View):
    code: str
    contact: str | None
    valid_from: datetime | None
    valid_to: datetime | None
    station: str | None
    areas: int
    region_codes: int
    villages: int
    people: tuple[PersonOfUnit, ...]


@router.get("/units/{unit}", responses=responses("not-allowed", "unit-not-found"))
async def get_unit(unit: Code, parts: TheParts, reader: CaseReader) -> UnitDetails:
    """One unit and its people; below the centre one's own."""
    if not (reader.sees(unit) or reader.role is Role.ADMINISTRATOR):
        raise UnitNotFound()
    now = parts.clock.now()
    async with parts.store.read() as conn:
        known = (await registry.unit_names(conn)).get(unit)
        if known is None:
            raise UnitNotFound()
        stations: list[Station] = await registry.read(conn, Station, at=now)
        everybody: list[Responder] = await registry.read(conn, Responder, at=now)
        people = sorted((one for one in everybody if one.unit == unit), key=lambda one: one.code)
        said = await status.read(conn, [one.code for one in people])
        held = await registry.open_cases(conn)
        counts = [
            (await conn.execute(select(func.count()).select_from(table).where(table.c.unit == unit))).scalar_one()
            for table in (tables.area, tables.region_code, tables.village)
        ]
    areas, region_codes, villages = counts
    return UnitDetails(
        code=unit,
        contact=known.contact,
        valid_from=known.valid_from,
        valid_to=known.valid_to,
        station=next((one.name for one in stations if one.unit == unit), None),
        areas=areas,
        region_codes=region_codes,
        villages=villages,
        people=tuple(_person(one, said.get(one.code), held.get(one.code, 0)) for one in people),
    )


def _person(one: Responder, said: status.Status | None, held: int) -> PersonOfUnit:
    return PersonOfUnit(
        code=one.code,
        name=one.name,
        grade=one.grade,
        skills=one.skills,
        languages=one.languages,
        capabilities=one.capabilities,
        family_liaison=one.family_liaison,
        availability=None if said is None else said.availability,
        activity=None if said is None else said.activity,
        said_by=None if said is None else said.changed_by,
        said_at=None if said is None else said.changed_at,
        open_cases=held,
    )
