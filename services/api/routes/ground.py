"""GET: the user's own shapes, where a case's person is, and what the kinds of fraud are called: for maps and lists."""

import asyncio
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
import shapely
from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlalchemy import select

from schemas.warning import WarningIssued
from services.api.identity import Anyone, CaseReader
from services.api.persons import holds
from services.api.problems import responses
from services.api.routes.cases import seen_case
from services.api.views import View
from services.api.work import TheParts
from services.handlers.context import open_warning
from services.handlers.places import places_of
from services.store import registry, tables
from services.store.cases import Stored
from services.store.sealing import CannotOpen
from services.wiring import Parts

router = APIRouter(tags=["registry"])

# A masked place is the middle of a square of a hundredth of a degree; its corners are at most so far away.
MASKED_DEGREES: Final = 0.01
MASKED_M: Final = 800.0
EXACT_M: Final = 0.0


class AreaView(View):
    unit: str
    geometry: dict[str, Any] = Field(description="GeoJSON in WGS-84, as coarse as was asked.")


class StationView(View):
    unit: str
    name: str
    lat: float
    lon: float


class GroundView(View):
    """What is in force now. Grids are left out."""

    areas: tuple[AreaView, ...]
    stations: tuple[StationView, ...]


class PlaceView(View):
    """Where the person of a case is thought to be. Masked, it is a square's middle, the same for all in that square."""

    lat: float | None
    lon: float | None
    within_m: float = Field(description="The place is not farther than this from the point.")
    which: str | None = Field(description="Which of the warning's places it is.")


class FraudTypeView(View):
    code: str
    name_zh: str
    name_en: str


class FraudTypes(View):
    items: tuple[FraudTypeView, ...]


@router.get("/ground", responses=responses())
async def get_ground(
    parts: TheParts,
    _asker: Anyone,
    coarse_m: Annotated[float, Query(ge=0, le=5000, description="How far a drawn line may be off.")] = 20,
) -> GroundView:
    """The areas and the stations of every unit."""
    async with parts.store.read() as conn:
        found = await registry.ground(conn, parts.clock.now())
    areas = await asyncio.to_thread(_areas, found.areas, coarse_m)
    stations = tuple(StationView(unit=one.unit, name=one.name, lat=one.lat, lon=one.lon) for one in found.stations)
    return GroundView(areas=areas, stations=stations)


@router.get("/cases/{case_id}/place", responses=responses("not-allowed", "case-not-found"))
async def get_place(case_id: UUID, request: Request, parts: TheParts, reader: CaseReader) -> PlaceView:
    """Where to look on the map: exact for the responder who works on the case, masked for everybody else."""
    async with parts.store.read() as conn:
        stored = await seen_case(conn, case_id, reader, request)
    lat, lon, which = _point(parts, stored)
    if lat is None or lon is None:
        return PlaceView(lat=None, lon=None, within_m=EXACT_M, which=which)
    if holds(reader, stored.case):
        return PlaceView(lat=lat, lon=lon, within_m=EXACT_M, which=which)
    return PlaceView(lat=_masked(lat), lon=_masked(lon), within_m=MASKED_M, which=which)


@router.get("/fraud-types", responses=responses())
async def get_fraud_types(parts: TheParts, _asker: Anyone) -> FraudTypes:
    """The known kinds of fraud. A case may name one that is not here."""
    async with parts.store.read() as conn:
        rows = (await conn.execute(select(tables.fraud_type).order_by(tables.fraud_type.c.code))).all()
    return FraudTypes(
        items=tuple(FraudTypeView(code=row.code, name_zh=row.name_zh, name_en=row.name_en) for row in rows)
    )


def _areas(areas: list[registry.Area], coarse_m: float) -> tuple[AreaView, ...]:
    shapes = shapely.simplify(shapely.from_wkb([area.polygon for area in areas]), coarse_m / 111_000)
    drawn = shapely.to_geojson(shapes)
    return tuple(AreaView(unit=area.unit, geometry=orjson.loads(one)) for area, one in zip(areas, drawn, strict=True))


def _point(parts: Parts, stored: Stored) -> tuple[float | None, float | None, str | None]:
    try:
        warning = open_warning(parts.context.sealer, stored)
    except CannotOpen:
        warning = None
    if not isinstance(warning, WarningIssued):
        return None, None, None
    used = places_of([warning], now=stored.case.received_at, datum=parts.context.source_datum)
    which = used.which[0]
    return *used.point(0), None if which is None else which.value


def _masked(degrees: float) -> float:
    return round((degrees // MASKED_DEGREES + 0.5) * MASKED_DEGREES, 6)
