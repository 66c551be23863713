"""POST: the bank is asked to stop a payment, and what it says. We record and chase it, we never execute it."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter

from services.api.bodies import MoneyBack, Sending, StopAnswer, Stopping
from services.api.problems import responses
from services.api.routes.acknowledgements import REFUSALS
from services.api.work import Answer, OneCommand, RowWork, UnseenWork, Work
from services.domain.stop_order import BankWord, EntryKind, Rejection
from services.handlers.stop_payment import Payment, case_of_order, money_back, request_stop
from services.handlers.stop_receipt import STEPS, send_by_hand, tell_by_hand

router = APIRouter(tags=["stop payment"])
HEARING = REFUSALS | responses("incomplete", "key-missing", "not-in-case", "stale-row")
BY_HAND = frozenset({"by_hand", "bank_number"})


@router.post("/cases/{case_id}/stop-payment", responses=REFUSALS | responses("incomplete"))
async def post_stop_payment(case_id: UUID, work: Work, body: Stopping) -> Answer:
    """Ask the bank to stop a payment: by Kafka, or by hand. A case may have several orders."""
    payment = Payment(
        payee_name=body.payee_name,
        account=body.account,
        bank=body.bank,
        amount_fen=body.amount_fen,
        transferred_at=body.transferred_at,
    )
    private = body.model_dump(mode="json", exclude={"occurred_at", *BY_HAND})
    by_hand = body.by_hand or body.bank_number is not None
    detail = {"by_hand": True, "bank_number": body.bank_number} if by_hand else None
    return await work(
        request_stop,
        "request-stop",
        case_id,
        body,
        detail=detail,
        private=private,
        payment=payment,
        by_hand=by_hand,
        bank_number=body.bank_number,
    )


@router.post("/cases/{case_id}/stop-payment/answer", responses=HEARING)
async def post_stop_payment_answer(case_id: UUID, work: UnseenWork, body: StopAnswer) -> Answer:
    """The bank's answer to the order that has waited longest. It names no turn: a bank does not see the case."""
    return await _hear(work, case_id, body, order_id=None)


@router.post("/stop-payments/{order_id}/sending", responses=HEARING)
async def post_sending(order_id: UUID, work: RowWork, body: Sending) -> Answer:
    """An order that goes by hand has reached the bank; its answer is waited for from here on."""
    case_id = await _case_of(work, order_id)
    detail = {"bank_number": body.bank_number, "by_hand": True, "order_id": str(order_id)}
    number = body.bank_number
    return await work(send_by_hand, "send-stop", case_id, body, detail=detail, order_id=order_id, bank_number=number)


@router.post("/stop-payments/{order_id}/receipts", responses=HEARING)
async def post_stop_receipt(order_id: UUID, work: RowWork, body: StopAnswer) -> Answer:
    """Anything the bank says about an order: held, in part, sent back, extended, frozen, released."""
    return await _hear(work, await _case_of(work, order_id), body, order_id=order_id)


@router.post("/stop-payments/{order_id}/returns", responses=HEARING)
async def post_money_return(order_id: UUID, work: RowWork, body: MoneyBack) -> Answer:
    """Money came back: refunded of what was frozen, or recovered otherwise; a line of the ledger, and of the figures."""
    detail = body.model_dump(mode="json", exclude={"occurred_at"}) | {"order_id": str(order_id)}
    case_id = await _case_of(work, order_id)
    return await work(
        money_back,
        "money-back",
        case_id,
        body,
        detail=detail,
        order_id=order_id,
        kind=EntryKind(body.kind),
        amount_fen=body.amount_fen,
    )


async def _hear(work: OneCommand, case_id: UUID, body: StopAnswer, *, order_id: UUID | None) -> Answer:
    detail = body.model_dump(mode="json", exclude={"occurred_at"})
    detail |= {} if order_id is None else {"order_id": str(order_id)}
    word = word_of(body, now=work.parts.clock.now())
    return await work(tell_by_hand, "resolve-stop", case_id, body, detail=detail, word=word, order_id=order_id)


def word_of(body: StopAnswer, *, now: datetime) -> BankWord:
    """What was said is said as of now, or of the time that it names if that is past."""
    return BankWord(
        step=STEPS[body.result],
        at=min(body.occurred_at or now, now),
        amount_fen=body.held_fen if body.result == "HELD" else body.amount_fen,
        held_until=body.held_until,
        reason=None if body.reason is None else Rejection(body.reason),
        bank_number=body.bank_number,
    )


async def _case_of(work: OneCommand, order_id: UUID) -> UUID:
    async with work.parts.store.read() as conn:
        return await case_of_order(conn, order_id)
