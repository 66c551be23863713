"""POST: how it ended, and the feedback that stops the hour."""

from uuid import UUID

from fastapi import APIRouter

from services.api.bodies import Concluding, Reporting
from services.api.problems import responses
from services.api.routes.acknowledgements import REFUSALS
from services.api.work import Answer, Work
from services.handlers.conclude import Money, conclude, report

router = APIRouter(tags=["precinct"])


CONCLUDING = REFUSALS | responses("incomplete", "key-missing", "key-reused", "out-of-order", "tries-missing")


@router.post("/cases/{case_id}/conclusion", responses=CONCLUDING)
async def post_conclusion(case_id: UUID, work: Work, body: Concluding) -> Answer:
    """The outcome, with the money in fen. NOT_REACHED is a supervisor's word, once enough was tried."""
    detail = body.model_dump(mode="json", exclude={"occurred_at", "note"})
    money = Money(
        loss_before_fen=body.loss_before_fen,
        loss_after_fen=body.loss_after_fen,
        amount_saved_fen=body.amount_saved_fen,
    )
    private = {"note": body.note}
    return await work(
        conclude, "conclude", case_id, body, detail=detail, private=private, outcome=body.outcome, money=money
    )


@router.post("/cases/{case_id}/feedback", responses=REFUSALS)
async def post_feedback(case_id: UUID, work: Work, body: Reporting) -> Answer:
    """The feedback; the hour stops here, and somebody else reviews it."""
    return await work(report, "report", case_id, body, private={"text": body.text})
