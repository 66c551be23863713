"""PUT: what a unit takes part in, and who leads it. The administrator's and the supervisor's."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from schemas.fields import Code
from services.api.identity import Registrar
from services.api.problems import responses
from services.api.views import Tagged, View
from services.api.work import SeenRow, TheParts
from services.domain.switches import Switch
from services.handlers.seen import tag_of
from services.handlers.units import lead, switch
from services.store import unit_settings
from services.store.unit_settings import Settings

router = APIRouter(tags=["registry"], responses=responses("not-allowed", "unit-not-found", "stale-row"))


class Setting(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Switching(Setting):
    on: bool = Field(strict=True, description="Whether the unit takes part.")


class Leading(Setting):
    responder: Code | None = Field(description="Code of a responder of the unit; null: nobody leads it.")


class Switches(View):
    routing: bool = Field(description="Off: no case is offered in the unit by itself.")
    notify: bool
    follow_ups: bool


class UnitSettings(Tagged):
    """As they are in force now."""

    switches: Switches
    head: str | None = Field(description="Who is asked where nobody else of the unit can be.")

    @classmethod
    def of(cls, settings: Settings) -> "UnitSettings":
        on = {what.name.lower(): what not in settings.off for what in Switch}
        return cls(switches=Switches(**on), head=settings.head, etag=tag_of(settings))


@router.put("/units/{code}/switches/{what}")
async def put_switch(
    code: Code, what: Switch, parts: TheParts, by: Registrar, body: Switching, *, seen: SeenRow
) -> UnitSettings:
    """Switch routing, notices or follow-ups on or off for one unit. Safe to repeat."""
    async with parts.store.begin() as tx:
        await switch(tx, code, what, on=body.on, by=by.name, seen=seen)
        return UnitSettings.of((await unit_settings.settings_of_units(tx.conn, tx.now)).get(code, Settings()))


@router.put("/units/{code}/head", responses=responses("incomplete"))
async def put_head(code: Code, parts: TheParts, by: Registrar, body: Leading, *, seen: SeenRow) -> UnitSettings:
    """Say who leads a unit: asked, on duty or not, where nobody else of it can be. Safe to repeat."""
    async with parts.store.begin() as tx:
        await lead(tx, code, body.responder, by=by.name, seen=seen)
        return UnitSettings.of((await unit_settings.settings_of_units(tx.conn, tx.now)).get(code, Settings()))
