"""POST: a one-time link by which a responder opens one case on any phone."""

from datetime import datetime, timedelta
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field

from schemas.fields import Code
from services.api.bodies import Strict
from services.api.credentials import origin_of
from services.api.identity import Anyone
from services.api.problems import responses
from services.api.views import View
from services.api.work import TheParts
from services.handlers.invitation import invite

router = APIRouter(tags=["entry"])


class Inviting(Strict):
    responder: Code | None = Field(default=None, description="Who holds the case, or is named for a co-assigned unit.")


class Invitation(View):
    """Shown once. It opens the case in the first browser that uses it, until the case goes to somebody else."""

    url: str
    expires_at: datetime


HOLDER = Inviting()


@router.post("/cases/{case_id}/invitations", responses=responses("not-allowed", "case-not-found", "nobody-fits"))
async def post_invitation(
    case_id: UUID, request: Request, parts: TheParts, by: Anyone, body: Inviting = HOLDER
) -> Invitation:
    """Make a link for the responder of a case. Each call makes another one; the older ones stay good."""
    request.state.case_id = str(case_id)
    life = timedelta(hours=parts.settings.invitation_h)
    async with parts.store.begin() as tx:
        path = await invite(tx, case_id, body.responder, by=by, life=life)
        expires_at = tx.now + life
    return Invitation(url=origin_of(request.scope, parts.settings) + path, expires_at=expires_at)
