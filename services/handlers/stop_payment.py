"""stop payment: the bank is asked to stop a payment, and its answer. We record and chase it, we never execute it.

One order at a time; several, partial holds and their ledger come with the order's own machine.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from schemas.envelope import EventType
from schemas.stop_payment import StopPaymentRequested
from schemas.topics import STOP_PAYMENT_REQUESTED
from services.domain import moves
from services.domain import timers as limits
from services.domain.actor import Actor
from services.domain.case import CASE_NAMESPACE, Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.refusals import Incomplete
from services.domain.states import Action, TimerKind
from services.handlers.command import Command, Done, carry_out
from services.handlers.context import Context
from services.store.engine import Transaction
from services.store.outbox import Message
from services.store.sealing import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """The payment to be stopped: where the money goes. Personal data, sealed wherever it is stored."""

    payee_name: str
    account: str
    bank: str
    amount_fen: int
    transferred_at: datetime


async def request_stop(tx: Transaction, context: Context, command: Command, *, by: Actor, payment: Payment) -> Done:
    """Ask the bank; STOP_REQUEST stops, STOP_CONFIRM starts. Raises OutOfOrder while an order waits for its answer."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        return moves.move(case, Action.REQUEST_STOP, by=by, now=tx.now, policy=policy, said=said)

    def also(change: Change) -> tuple[Message]:
        return (_request(context.sealer, change.case, payment, unit=by.unit, now=tx.now),)

    return await carry_out(tx, context, command, by=by, decide=decide, also=also)


async def resolve_stop(
    tx: Transaction, context: Context, command: Command, *, by: Actor, order_id: UUID | None = None
) -> Done:
    """The bank has answered, whatever it says; STOP_CONFIRM stops. Raises Incomplete where nothing was asked, or where
    `order_id` names another order than the one that waits."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        waits = limits.running(case.timers, TimerKind.STOP_CONFIRM) is not None
        if not waits or (order_id is not None and order_id != order_id_for(case)):
            raise Incomplete(field="order", why="no stop payment waits for an answer")
        return moves.move(case, Action.RESOLVE_STOP, by=by, now=tx.now, policy=policy, said=said)

    return await carry_out(tx, context, command, by=by, decide=decide)


def order_id_for(case: Case) -> UUID:
    """The newest order of a case."""
    nth = limits.rounds(case.timers, TimerKind.STOP_CONFIRM)
    return uuid5(CASE_NAMESPACE, f"{case.case_id}\x1fstop\x1f{nth}")


def _request(sealer: Sealer, case: Case, payment: Payment, *, unit: str | None, now: datetime) -> Message:
    order_id = order_id_for(case)
    asked = StopPaymentRequested(
        order_id=order_id,
        case_id=case.case_id,
        payee_name=payment.payee_name,
        account=payment.account,
        bank=payment.bank,
        amount_fen=payment.amount_fen,
        transferred_at=payment.transferred_at,
        requested_at=now,
        requested_by_unit=unit or case.assigned_unit or "centre",
    )
    ce_id = f"{order_id}:requested"
    key = sealer.new_key()
    return Message(
        ce_id=ce_id,
        ce_type=EventType.STOP_PAYMENT_REQUESTED,
        topic=STOP_PAYMENT_REQUESTED,
        key=str(case.case_id),
        value=key.seal(asked.model_dump_json().encode(), bound_to=ce_id.encode()),
        wrapped_key=key.wrapped,
    )
