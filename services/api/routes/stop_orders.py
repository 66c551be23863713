"""GET: the stop-payment orders of a case and of all cases with their money, and the banks' messages that changed nothing."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field

from schemas.fields import Code
from services.api.identity import CaseReader, Operator
from services.api.paging import Cursor, Limit, Page, before, cursor_after
from services.api.persons import holds
from services.api.problems import responses
from services.api.routes.cases import seen_case
from services.api.views import Tagged, View
from services.api.work import TheParts
from services.domain.actor import Actor
from services.domain.masking import mask_account, mask_name
from services.domain.stop_order import Entry, EntryKind, Rejection, StopOrder, StopState
from services.handlers.seen import tag_of
from services.handlers.stop_payment import open_payment
from services.store import beside, stop_receipts
from services.store.beside_lists import OrderOfCase, orders_page
from services.store.cases import Stored
from services.store.sealing import CannotOpen, Sealer

router = APIRouter(tags=["stop payment"])


class LedgerLine(View):
    kind: EntryKind
    amount_fen: int
    at: datetime
    by: str


class StopOrderView(Tagged):
    """One order. The account is masked for everybody but the responder who holds the case."""

    order_id: UUID
    number: int
    state: StopState
    amount_fen: int
    held_fen: int
    frozen_fen: int
    released_fen: int
    expired_fen: int
    refunded_fen: int
    recovered_fen: int
    left_fen: int = Field(description="What is held now.")
    holds: int
    held_until: datetime | None
    next_due_at: datetime | None = Field(description="When the end of the hold is told, or the hold ends.")
    requested_at: datetime
    requested_by: str
    sent_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    reason: Rejection | None
    bank_number: str | None
    payee_name: str | None
    account: str | None
    bank: str | None
    transferred_at: datetime | None
    ledger: tuple[LedgerLine, ...]


class StopOrders(View):
    case_id: UUID
    items: tuple[StopOrderView, ...]


class OrderLine(Tagged):
    """An order in a list, without where the money went."""

    id: int
    case_id: UUID
    order_id: UUID
    number: int
    state: StopState
    amount_fen: int
    left_fen: int
    frozen_fen: int
    holds: int
    held_until: datetime | None
    next_due_at: datetime | None
    requested_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    reason: Rejection | None


class UnmatchedView(View):
    """A bank's message that changed nothing: UNMATCHED, WAITING for what comes before it, or REFUSED."""

    id: int
    order_id: UUID
    effect: str
    why: str | None
    result: str
    amount_fen: int | None
    resolved_at: datetime
    received_at: datetime


@router.get("/cases/{case_id}/stop-payments", responses=responses("not-allowed", "case-not-found"))
async def get_stop_payments(case_id: UUID, request: Request, parts: TheParts, reader: CaseReader) -> StopOrders:
    """The orders of a case, oldest first, each with its ledger."""
    async with parts.store.read() as conn:
        stored = await seen_case(conn, case_id, reader, request)
        orders = (await beside.load(conn, [stored.id]))[stored.id].orders
        lines = await beside.ledger_of(conn, [order.order_id for order in orders])
        sealed = await beside.sealed_of(conn, stored.id)
    sealer = parts.context.sealer
    items = tuple(
        _view(order, lines, _payment(sealer, stored, order, sealed.get(order.order_id), reader)) for order in orders
    )
    return StopOrders(case_id=case_id, items=items)


@router.get("/stop-payments", responses=responses("not-allowed"))
async def get_orders(
    parts: TheParts,
    reader: CaseReader,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    unit: Annotated[Code | None, Query(description="One unit's cases; below the centre always the own one's.")] = None,
    state: Annotated[tuple[StopState, ...], Query(max_length=len(StopState))] = (),
) -> Page[OrderLine]:
    """The orders of one's scope, newest first."""
    async with parts.store.read() as conn:
        found = await orders_page(
            conn,
            before=before(cursor),
            limit=limit + 1,
            unit=unit if reader.sees_every_unit else reader.unit or "",
            states=state or None,
        )
    items = tuple(_line(one) for one in found[:limit])
    return Page(items=items, next=cursor_after(items[-1].id) if len(found) > limit else None)


@router.get("/stop-payments/unmatched", responses=responses("not-allowed"))
async def get_unmatched(
    parts: TheParts, reader: Operator, *, limit: Limit = 50, cursor: Cursor = None
) -> Page[UnmatchedView]:
    """Banks' messages that changed nothing, newest first: for somebody to see what they mean."""
    del reader
    async with parts.store.read() as conn:
        found = await stop_receipts.unmatched(conn, before=before(cursor), limit=limit + 1)
    shown = found[:limit]
    items = tuple(_unmatched(one) for one in shown)
    return Page(items=items, next=cursor_after(shown[-1].id) if len(found) > limit else None)


def _line(found: OrderOfCase) -> OrderLine:
    named = {name: getattr(found.one, name) for name in OrderLine.model_fields if hasattr(found.one, name)}
    return OrderLine(**named, case_id=found.case_id, etag=tag_of(found.one))


def _view(order: StopOrder, lines: list[Entry], payment: dict[str, Any]) -> StopOrderView:
    ledger = tuple(
        LedgerLine.model_validate(line, from_attributes=True) for line in lines if line.order_id == order.order_id
    )
    named = {name: getattr(order, name) for name in StopOrderView.model_fields if hasattr(order, name)}
    return StopOrderView(**named, **payment, ledger=ledger, etag=tag_of(order))


def _payment(sealer: Sealer, stored: Stored, order: StopOrder, sealed: bytes | None, reader: Actor) -> dict[str, Any]:
    """Where the money went, as the reader may see it; nothing where it was forgotten or its key is not here."""
    names = ("payee_name", "account", "bank", "transferred_at")
    try:
        payment = open_payment(sealer, stored, order.order_id, sealed)
    except CannotOpen:
        payment = None
    if payment is None:
        return dict.fromkeys(names)
    if not holds(reader, stored.case):
        payment |= {"payee_name": mask_name(payment["payee_name"]), "account": mask_account(payment["account"])}
    return payment


def _unmatched(one: stop_receipts.Receipt) -> UnmatchedView:
    document = one.document
    return UnmatchedView(
        id=one.id,
        order_id=one.order_id,
        effect=one.effect,
        why=one.why,
        result=document["result"],
        amount_fen=document.get("held_fen", document.get("amount_fen")),
        resolved_at=document["resolved_at"],
        received_at=one.received_at,
    )
