"""POST, DELETE: other units work on a case beside the accountable one, or have done their part."""

from uuid import UUID

from fastapi import APIRouter

from schemas.fields import Code
from services.api.bodies import CoAssigning, Reasoned
from services.api.problems import responses
from services.api.routes.acknowledgements import REFUSALS
from services.api.work import Answer, Work
from services.handlers.together import co_assign, co_release

router = APIRouter(tags=["centre"])
JOINING = REFUSALS | responses("incomplete", "key-missing", "key-reused")


@router.post("/cases/{case_id}/co-assignments", responses=JOINING | responses("out-of-order", "nobody-fits"))
async def post_co_assignment(case_id: UUID, work: Work, body: CoAssigning) -> Answer:
    """Let a unit join: it sees the case, and its named responder records attempts and contacts.

    For a unit that is there already, another responder is named.
    """
    detail = {"unit": body.unit, "responder": body.responder}
    return await work(co_assign, "co-assign", case_id, body, detail=detail, private={"reason": body.reason}, **detail)


@router.delete("/cases/{case_id}/co-assignments/{unit}", responses=JOINING)
async def delete_co_assignment(case_id: UUID, unit: Code, work: Work, body: Reasoned) -> Answer:
    """Let a unit go: it sees the case no longer."""
    detail = {"unit": unit}
    return await work(co_release, "co-release", case_id, body, detail=detail, private={"reason": body.reason}, **detail)
