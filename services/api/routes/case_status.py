"""GET: where one case is, for whoever asks often: a row of a few columns instead of the whole case."""

from datetime import datetime
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import Field

from services.api.identity import asking
from services.api.polled import Polled
from services.api.problems import responses
from services.api.views import View
from services.api.work import etag
from services.domain.refusals import CaseNotFound
from services.domain.states import State
from services.domain.words import Outcome, Risk
from services.store import case_status
from services.wiring import Parts

router = APIRouter(tags=["cases"], route_class=Polled)


class CaseStatus(View):
    """Where a case is."""

    case_id: UUID
    state: State
    outcome: Outcome | None
    risk: Risk
    assigned_unit: str | None
    responder: str | None
    turn: int
    version: int
    issued_at: datetime
    next_due_at: datetime | None = Field(description="When something next happens to it by itself.")
    total_due_at: datetime | None = Field(description="When the hour is over; null once it is stopped.")
    overdue: bool = Field(description="The hour is over, and neither a feedback nor a receipt is there.")


@router.get("/cases/{case_id}/status", response_model=CaseStatus, responses=responses("not-allowed", "case-not-found"))
async def get_case_status(case_id: UUID, request: Request) -> Response:
    """Where the case is and what is due next; nothing of the person. Its ETag is the turn that a command must name."""
    request.state.case_id = str(case_id)
    parts: Parts = request.app.state.parts
    reader = await asking(request)
    found = await case_status.find(parts.store.seen_by(reader), case_id, seen_by=reader)
    if found is None:
        raise CaseNotFound()
    due_at = found["total_due_at"]
    said = {"case_id": case_id, **found, "overdue": due_at is not None and due_at <= parts.clock.now()}
    body = orjson.dumps(said, option=orjson.OPT_UTC_Z)
    return Response(body, media_type="application/json", headers={"etag": etag(found["turn"])})
