"""GET: who one is, the units, and what time it is here."""

from datetime import datetime

from fastapi import APIRouter

from services.api.identity import Anyone
from services.api.problems import responses
from services.api.views import View
from services.api.work import TheParts
from services.domain.words import Role

router = APIRouter(tags=["registry"], responses=responses())


class Me(View):
    name: str
    role: Role
    unit: str | None
    responder: str | None


class UnitView(View):
    code: str
    kind: str
    name_zh: str
    name_en: str
    parent: str | None


class Units(View):
    items: tuple[UnitView, ...]


class Now(View):
    """`speed` is how many seconds pass here in one: 1, or more in a demo."""

    now: datetime
    speed: float


@router.get("/me")
async def get_me(asker: Anyone) -> Me:
    """Whom the token stands for."""
    return Me(name=asker.name, role=asker.role, unit=asker.unit, responder=asker.responder)


@router.get("/units")
async def get_units(parts: TheParts, _asker: Anyone) -> Units:
    """Every unit, as of the map this process was started with."""
    units = sorted(parts.context.picture.units.values(), key=lambda unit: unit.code)
    return Units(items=tuple(UnitView.model_validate(unit, from_attributes=True) for unit in units))


@router.get("/clock")
async def get_clock(parts: TheParts, _asker: Anyone) -> Now:
    """The time that limits are counted by."""
    return Now(now=parts.clock.now(), speed=getattr(parts.clock, "speed", 1.0))
