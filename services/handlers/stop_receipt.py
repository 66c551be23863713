"""stop receipt: a message of a bank is kept, once by its event, and then taken by its order, in the bank's own order.

A message about an unknown order stays UNMATCHED; one whose step is not the order's next WAITS and is tried after each
one that is taken, so that the order in which they come does not matter; one whose money can't be is REFUSED. All of
these are listed, none is dropped. Keeping and taking are one transaction: a crash before it leaves nothing, and the
topic is read again.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from uuid import UUID

import orjson

from schemas.stop_payment import StopPaymentResolved
from services.domain import moves
from services.domain.actor import Actor
from services.domain.case import Change
from services.domain.refusals import CaseNotFound, OutOfOrder, Refused
from services.domain.stop_order import BankWord, Rejection, Step
from services.domain.words import Role
from services.handlers.command import Command, Done
from services.handlers.context import Context
from services.handlers.stop_payment import hear_bank, send_stop
from services.store import beside, stop_receipts
from services.store.engine import Transaction
from services.store.stop_receipts import Effect, Receipt

BANK = Actor(name="bank", role=Role.BANK)
STEPS = {
    "HELD": Step.HOLD,
    "REJECTED": Step.REJECT,
    "EXTENDED": Step.EXTEND,
    "FROZEN": Step.FREEZE,
    "RELEASED": Step.RELEASE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one message (None: it was here before), and the changes it made, one for each that was taken."""

    effect: Effect | None
    changes: tuple[Change, ...] = ()


async def receive(tx: Transaction, context: Context, answer: StopPaymentResolved, *, event: str) -> Taken:
    """Keep the message and take whatever its order can take now. Safe to repeat."""
    case_id = await beside.case_of_order(tx.conn, answer.order_id)
    effect = Effect.UNMATCHED if case_id is None else Effect.WAITING
    document = answer.model_dump(mode="json", exclude_none=True)
    if not await stop_receipts.keep(tx, event=event, order_id=answer.order_id, document=document, effect=effect):
        return Taken(effect=None)
    if case_id is None:
        return Taken(effect=effect)
    became, changes = await _take_waiting(tx, context, case_id)
    return Taken(effect=became.get(event, effect), changes=changes)


async def send_by_hand(
    tx: Transaction, context: Context, command: Command, *, by: Actor, order_id: UUID, bank_number: str | None
) -> Done:
    """`send_stop`, and then whatever the bank has said already."""
    done = await send_stop(tx, context, command, by=by, order_id=order_id, bank_number=bank_number)
    return await _and_what_waits(tx, context, command, done)


async def tell_by_hand(
    tx: Transaction, context: Context, command: Command, *, by: Actor, word: BankWord, order_id: UUID | None = None
) -> Done:
    """`hear_bank`, and then whatever has waited for it."""
    done = await hear_bank(tx, context, command, by=by, word=word, order_id=order_id)
    return await _and_what_waits(tx, context, command, done)


def word_of(answer: StopPaymentResolved, *, now: datetime) -> BankWord:
    """A bank's time that lies ahead is our own time."""
    return BankWord(
        step=STEPS[answer.result],
        at=min(answer.resolved_at, now),
        amount_fen=answer.held_fen if answer.result == "HELD" else answer.amount_fen,
        held_until=answer.held_until,
        reason=None if answer.reason is None else Rejection(answer.reason),
        bank_number=answer.bank_number,
    )


async def _and_what_waits(tx: Transaction, context: Context, command: Command, done: Done) -> Done:
    if done.change is None:
        return done
    _, changes = await _take_waiting(tx, context, command.case_id)
    return Done(answer=done.answer, change=reduce(moves.then, changes, done.change))


async def _take_waiting(
    tx: Transaction, context: Context, case_id: UUID
) -> tuple[dict[str, Effect], tuple[Change, ...]]:
    """Take what the orders of the case can take now: what became of each message, by event, and the changes."""
    orders = await beside.orders_of_case(tx.conn, case_id)
    became: dict[str, Effect] = {}
    changes: list[Change] = []
    while True:  # each one that is taken may let another in
        before = len(changes)
        for receipt in stop_receipts.in_order(await stop_receipts.waiting(tx, orders)):
            became[receipt.event], change = await _take(tx, context, receipt, case_id)
            if change is not None:
                changes.append(change)
        if len(changes) == before:
            return became, tuple(changes)


async def _take(tx: Transaction, context: Context, receipt: Receipt, case_id: UUID) -> tuple[Effect, Change | None]:
    answer = StopPaymentResolved.model_validate_json(orjson.dumps(receipt.document))
    # The message is in the receipts, and counts once there: the key is only as long as a key may be.
    key = f"receipt:{receipt.id}"
    command = Command(name="hear-bank", case_id=case_id, key=key, turn=None, detail=None)
    try:
        done = await hear_bank(
            tx, context, command, by=BANK, word=word_of(answer, now=tx.now), order_id=receipt.order_id
        )
    except (OutOfOrder, CaseNotFound):  # a bank sees no case of which it was asked nothing yet
        return Effect.WAITING, None
    except Refused as refused:
        await stop_receipts.mark(tx, receipt.id, Effect.REFUSED, str(refused.facts.get("why", refused.code)))
        return Effect.REFUSED, None
    await stop_receipts.mark(tx, receipt.id, Effect.APPLIED, None)
    return Effect.APPLIED, done.change
