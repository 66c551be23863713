"""PUT: what a responder says of themselves, by their own token, their device's, or their desk's."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from schemas.fields import Code
from services.api.bodies import Strict
from services.api.identity import StatusTeller
from services.api.problems import responses
from services.api.views import View
from services.api.work import TheParts
from services.domain.roster import Activity, Availability
from services.domain.words import Role
from services.handlers.status import put_status

router = APIRouter(tags=["responders"])


class StatusBody(Strict):
    """Both layers of a status."""

    availability: Availability = Field(description="Whether the responder can be sent.")
    activity: Activity | None = Field(default=None, description="What the responder is doing.")


class StatusView(View):
    responder: str
    availability: Availability
    activity: Activity | None
    changed_by: str
    role: Role
    changed_at: datetime


@router.put("/responders/{code}/status", responses=responses("not-allowed", "responder-not-found", "incomplete"))
async def put_status_(code: Code, body: StatusBody, parts: TheParts, by: StatusTeller) -> StatusView:
    """Set both layers. Sending the same again changes nothing."""
    async with parts.store.begin() as tx:
        kept = await put_status(tx, code, body.availability, body.activity, by=by)
    return StatusView.model_validate(kept, from_attributes=True)
