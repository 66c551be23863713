"""stop payment: the bank is asked to stop a payment, and what it says. We record and chase it, we never execute it.

An order leaves by Kafka in the transaction that writes it, or is taken to the bank by hand (`by_hand`) and is sent once
somebody says so with the bank's number. An exercise's order never leaves: a bank can't tell it from a real one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.envelope import EventType
from schemas.stop_payment import StopPaymentRequested
from schemas.topics import STOP_PAYMENT_REQUESTED
from services.domain import stopping
from services.domain.actor import Actor
from services.domain.beside import Beside, Made
from services.domain.case import Case
from services.domain.links import number
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.refusals import Incomplete, NotInCase
from services.domain.stop_order import BankWord, EntryKind, StopOrder
from services.domain.words import Mode, Role
from services.handlers.beside import carry_out_beside
from services.handlers.command import Command, Done
from services.handlers.context import Context, key_of
from services.handlers.seen import must_be
from services.store import beside as store
from services.store.cases import Stored
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


async def request_stop(
    tx: Transaction,
    context: Context,
    command: Command,
    *,
    by: Actor,
    payment: Payment,
    by_hand: bool = False,
    bank_number: str | None = None,
) -> Done:
    """Ask the bank; STOP_REQUEST stops and STOP_CONFIRM starts once it is asked. Raises Incomplete or OutOfOrder."""
    if payment.transferred_at > tx.now:
        raise Incomplete(field="transferred_at", why="lies ahead")

    def decide(case: Case, beside: Beside, policy: Policy, said: Said) -> Made:
        return stopping.requested(
            case,
            beside,
            amount_fen=payment.amount_fen,
            by_hand=by_hand,
            bank_number=bank_number,
            by=by,
            now=tx.now,
            policy=policy,
            said=said,
        )

    def also(made: Made) -> Sequence[Message]:
        case, order = made.change.case, made.beside.orders[-1]
        if by_hand or bank_number is not None or case.mode is Mode.EXERCISE:
            return ()
        return (_request(context.sealer, case, order, payment, unit=by.unit, now=tx.now),)

    def seal(stored: Stored, made: Made) -> dict[UUID, dict[str, bytes | None]]:
        order_id = made.beside.orders[-1].order_id
        return {order_id: _kept(context.sealer, stored, order_id, payment)}

    return await carry_out_beside(tx, context, command, by=by, decide=decide, also=also, seal=seal)


async def send_stop(
    tx: Transaction, context: Context, command: Command, *, by: Actor, order_id: UUID, bank_number: str | None
) -> Done:
    """Somebody took an order to the bank by hand. Raises OutOfOrder or NotInCase."""

    def decide(case: Case, beside: Beside, policy: Policy, said: Said) -> Made:
        order = stopping.order_of(beside, order_id)
        must_be(command.seen, order)
        return stopping.sent(case, beside, order, bank_number=bank_number, by=by, now=tx.now, policy=policy, said=said)

    return await carry_out_beside(tx, context, command, by=by, decide=decide)


async def hear_bank(
    tx: Transaction, context: Context, command: Command, *, by: Actor, word: BankWord, order_id: UUID | None = None
) -> Done:
    """A word of the bank about an order, else about the one that waits longest; its first answer stops STOP_CONFIRM.

    Raises NotInCase, OutOfOrder, or Incomplete where the money or the times can't be.
    """

    def decide(case: Case, beside: Beside, policy: Policy, said: Said) -> Made:
        order = stopping.waiting(case, beside) if order_id is None else stopping.order_of(beside, order_id)
        must_be(command.seen, order, may_read=by.role is not Role.BANK)
        return stopping.heard(case, beside, order, word, by=by, now=tx.now, policy=policy, said=said)

    return await carry_out_beside(tx, context, command, by=by, decide=decide)


async def money_back(
    tx: Transaction,
    context: Context,
    command: Command,
    *,
    by: Actor,
    order_id: UUID,
    kind: EntryKind,
    amount_fen: int,
) -> Done:
    """Money of an order came back to whom it was taken from. Raises NotInCase, OutOfOrder or Incomplete."""

    def decide(case: Case, beside: Beside, policy: Policy, said: Said) -> Made:  # noqa: ARG001
        order = stopping.order_of(beside, order_id)
        must_be(command.seen, order, may_read=by.role is not Role.BANK)
        return stopping.returned(case, beside, order, kind, amount_fen=amount_fen, by=by, now=tx.now, said=said)

    return await carry_out_beside(tx, context, command, by=by, decide=decide)


async def case_of_order(conn: AsyncConnection, order_id: UUID) -> UUID:
    """The case of an order. Raises NotInCase."""
    found = await store.case_of_order(conn, order_id)
    if found is None:
        raise NotInCase()
    return found


def payment_bound_to(order_id: UUID) -> bytes:
    """What the sealed payment of an order is bound to."""
    return b"stop\x1f" + order_id.bytes


def open_payment(sealer: Sealer, stored: Stored, order_id: UUID, sealed: bytes | None) -> dict[str, Any] | None:
    """Payee, account, bank and time of an order; None where the person was forgotten. Raises CannotOpen."""
    key = key_of(sealer, stored)
    if key is None or sealed is None:
        return None
    payment: dict[str, Any] = orjson.loads(key.open(sealed, bound_to=payment_bound_to(order_id)))
    return payment


def account_key(sealer: Sealer, account: str) -> bytes:
    """By which the orders of one account are found, however it was written."""
    return sealer.blind("account", number(account).upper())


def _kept(sealer: Sealer, stored: Stored, order_id: UUID, payment: Payment) -> dict[str, bytes | None]:
    key = key_of(sealer, stored)
    plain = orjson.dumps(
        {
            "payee_name": payment.payee_name,
            "account": payment.account,
            "bank": payment.bank,
            "transferred_at": payment.transferred_at,
        }
    )
    return {
        "sealed": None if key is None else key.seal(plain, bound_to=payment_bound_to(order_id)),
        "account_key": account_key(sealer, payment.account),
    }


def _request(
    sealer: Sealer, case: Case, order: StopOrder, payment: Payment, *, unit: str | None, now: datetime
) -> Message:
    asked = StopPaymentRequested(
        order_id=order.order_id,
        case_id=case.case_id,
        payee_name=payment.payee_name,
        account=payment.account,
        bank=payment.bank,
        amount_fen=payment.amount_fen,
        transferred_at=payment.transferred_at,
        requested_at=now,
        requested_by_unit=unit or case.assigned_unit or "centre",
    )
    ce_id = f"{order.order_id}:requested"
    key = sealer.new_key()
    return Message(
        ce_id=ce_id,
        ce_type=EventType.STOP_PAYMENT_REQUESTED,
        topic=STOP_PAYMENT_REQUESTED,
        key=str(case.case_id),
        value=key.seal(asked.model_dump_json().encode(), bound_to=ce_id.encode()),
        wrapped_key=key.wrapped,
    )
