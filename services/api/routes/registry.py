"""GET: who one is, the units, and what time it is here."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import Field

from services.api.identity import Anyone, Identities
from services.api.problems import responses
from services.api.routes.units import UnitSettings
from services.api.views import View
from services.api.work import TheParts
from services.domain.words import Role
from services.store import sessions
from services.store.unit_settings import Settings, settings_of_units

router = APIRouter(tags=["registry"], responses=responses())
NOTHING_SAID = Settings()


class Me(View):
    name: str
    role: Role
    unit: str | None
    responder: str | None
    way: str | None = Field(default=None, description="By what this session came in: oidc, password or invitation.")


class UnitView(UnitSettings):
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
async def get_me(request: Request, asker: Anyone) -> Me:
    """Whom the token or the session stands for."""
    identities: Identities = request.app.state.identities
    way = None
    if request.state.session is not None:
        async with identities.store.read() as conn:
            way = await sessions.way_of(conn, request.state.session)
    return Me(name=asker.name, role=asker.role, unit=asker.unit, responder=asker.responder, way=way)


@router.get("/units")
async def get_units(parts: TheParts, _asker: Anyone) -> Units:
    """Every unit of the map, with what it takes part in now."""
    units = sorted(parts.context.picture.units.values(), key=lambda unit: unit.code)
    async with parts.store.read() as conn:
        settings = await settings_of_units(conn, parts.clock.now())
    return Units(
        items=tuple(
            UnitView(
                **{name: getattr(unit, name) for name in ("code", "kind", "name_zh", "name_en", "parent")},
                **dict(UnitSettings.of(settings.get(unit.code, NOTHING_SAID))),
            )
            for unit in units
        )
    )


@router.get("/clock")
async def get_clock(parts: TheParts, _asker: Anyone) -> Now:
    """The time that limits are counted by."""
    return Now(now=parts.clock.now(), speed=getattr(parts.clock, "speed", 1.0))
