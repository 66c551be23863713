"""POST: what the centre decides: who goes, whether the feedback is good, and what is over or not."""

from uuid import UUID

from fastapi import APIRouter

from services.api.bodies import Assigning, Closing, Reasoned, Returning
from services.api.problems import responses
from services.api.routes.acknowledgements import REFUSALS
from services.api.work import Answer, Work
from services.handlers.review import assign, cancel, close, reopen, return_

router = APIRouter(tags=["centre"])
NO_NOTE = Closing()
REVIEWING = REFUSALS | responses("not-allowed", "own-submission")
CLOSING = REVIEWING | responses("out-of-order", "meeting-missing")
AGAIN = REVIEWING | responses("out-of-order", "newer-case-open")


@router.post("/cases/{case_id}/assignment", responses=REFUSALS | responses("out-of-order", "nobody-fits"))
async def post_assignment(case_id: UUID, work: Work, body: Assigning) -> Answer:
    """Ask this responder of this unit, whatever the router chose."""
    detail = {"unit": body.unit, "responder": body.responder}
    return await work(assign, "assign", case_id, body, detail=detail, private={"reason": body.reason}, **detail)


@router.post("/cases/{case_id}/closing", responses=CLOSING)
async def post_case_closing(case_id: UUID, work: Work, body: Closing = NO_NOTE) -> Answer:
    """The feedback is good. Never by who wrote it; some risks only once the person was met."""
    return await work(close, "close", case_id, body, private={"note": body.note})


@router.post("/cases/{case_id}/return", responses=AGAIN)
async def post_return(case_id: UUID, work: Work, body: Returning) -> Answer:
    """The feedback is not good: back to work with a new hour, or only its words are to be mended."""
    name = "return-text" if body.text_only else "return"
    return await work(return_, name, case_id, body, private={"reason": body.reason}, text_only=body.text_only)


@router.post("/cases/{case_id}/reopening", responses=AGAIN)
async def post_reopening(case_id: UUID, work: Work, body: Reasoned) -> Answer:
    """A closed case was not over: a new hour. A supervisor's."""
    return await work(reopen, "reopen", case_id, body, private={"reason": body.reason})


@router.post("/cases/{case_id}/cancellation", responses=REVIEWING)
async def post_cancellation(case_id: UUID, work: Work, body: Reasoned) -> Answer:
    """Ended before a conclusion; every limit stops. A supervisor's."""
    return await work(cancel, "cancel", case_id, body, private={"reason": body.reason})
