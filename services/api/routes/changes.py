"""POST: what the centre changes about a case without moving it: its risk, and a time that was wrong."""

from uuid import UUID

from fastapi import APIRouter

from services.api.bodies import Correcting, Rating
from services.api.problems import responses
from services.api.routes.acknowledgements import REFUSALS
from services.api.work import Answer, Work
from services.handlers.risk import correct, set_risk

router = APIRouter(tags=["centre"])
CHANGING = REFUSALS | responses("incomplete", "key-missing", "key-reused")


@router.post("/cases/{case_id}/risk", responses=CHANGING)
async def post_risk(case_id: UUID, work: Work, body: Rating) -> Answer:
    """Raise the risk: running limits are pulled in. Only a supervisor lowers it, and no limit is extended by that."""
    detail = {"to": body.risk.value}
    return await work(set_risk, "risk", case_id, body, detail=detail, private={"reason": body.reason}, to=body.risk)


@router.post("/cases/{case_id}/corrections", responses=CHANGING)
async def post_correction(case_id: UUID, work: Work, body: Correcting) -> Answer:
    """Say that a time was another; both are kept, and figures use the new one. A supervisor's."""
    detail = {"stamp": body.stamp.value, "new": body.at.isoformat()}
    private = {"reason": body.reason}
    return await work(correct, "correct", case_id, body, detail=detail, private=private, stamp=body.stamp, at=body.at)
