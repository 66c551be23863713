"""POST: the centre calls somebody in now, whatever time they would have been called in by themselves."""

from uuid import UUID

from fastapi import APIRouter

from services.api.bodies import Escalating
from services.api.problems import responses
from services.api.routes.acknowledgements import REFUSALS
from services.api.work import Answer, Work
from services.handlers.escalate import escalate

router = APIRouter(tags=["centre"])


@router.post("/cases/{case_id}/escalate", responses=REFUSALS | responses("incomplete"))
async def post_escalate(case_id: UUID, work: Work, body: Escalating) -> Answer:
    """Jump to a level of a running limit: its people are told at once, and it climbs on from there by itself."""
    private = {"reason": body.reason}
    return await work(escalate, "escalate", case_id, body, private=private, level=body.level, timer=body.timer)
