"""POST: the bank is asked to stop a payment, and answers. We record and chase it, we never execute it."""

from uuid import UUID

from fastapi import APIRouter

from services.api.bodies import StopAnswer, Stopping
from services.api.problems import responses
from services.api.routes.acknowledgements import REFUSALS
from services.api.work import Answer, UnseenWork, Work
from services.handlers.stop_payment import Payment, request_stop, resolve_stop

router = APIRouter(tags=["stop payment"])


@router.post("/cases/{case_id}/stop-payment", responses=REFUSALS)
async def post_stop_payment(case_id: UUID, work: Work, body: Stopping) -> Answer:
    """Ask the bank to stop a payment. One order at a time."""
    payment = Payment(
        payee_name=body.payee_name,
        account=body.account,
        bank=body.bank,
        amount_fen=body.amount_fen,
        transferred_at=body.transferred_at,
    )
    private = body.model_dump(mode="json", exclude={"occurred_at"})
    return await work(request_stop, "request-stop", case_id, body, private=private, payment=payment)


@router.post("/cases/{case_id}/stop-payment/answer", responses=REFUSALS | responses("incomplete", "key-missing"))
async def post_stop_payment_answer(case_id: UUID, work: UnseenWork, body: StopAnswer) -> Answer:
    """The bank's answer, or the centre's note of it. It names no turn: a bank does not see the case."""
    detail = body.model_dump(mode="json", exclude={"occurred_at"})
    return await work(resolve_stop, "resolve-stop", case_id, body, detail=detail)
