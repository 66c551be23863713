"""POST: somebody of the public tells something; an operator makes a warning of it or dismisses it.

The form is open, so it is short, slow for whoever sends much, and answers the same to everybody. It reads nothing.
"""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from pydantic import Field, StringConstraints

from schemas.fields import Number, ShortText
from services.api.bodies import Strict, Words
from services.api.identity import Operator
from services.api.paging import Cursor, Limit, Page, before, cursor_after
from services.api.problems import responses
from services.api.rates import Rates
from services.api.views import Tagged, View
from services.api.wire import SentWarning
from services.api.work import SeenRow, TheParts
from services.handlers.seen import tag_of
from services.handlers.tips import confirm, decision_of, dismiss, keep, read
from services.store import tips
from services.store.sealing import CannotOpen, Sealer
from services.store.submission_tables import TipState
from services.store.tips import Tip

router = APIRouter(prefix="/tips", tags=["tips"])
open_router = APIRouter(tags=["tips"])

OF_ONE: Final = RateLimitItemPerHour(5)  # from one address
OF_ALL: Final = RateLimitItemPerMinute(60)
REFUSALS = responses("not-allowed", "tip-not-found", "tip-over", "stale-row")


class TipBody(Strict):
    """What somebody tells. No name is asked for."""

    what: Annotated[Words, StringConstraints(max_length=2000)] = Field(description="What is happening, in words.")
    where: ShortText | None = Field(default=None, description="Where, in words.")
    call_back: Number | None = Field(default=None, description="A number to call back on, if they wish.")


class Told(View):
    """That it was taken. The number is for the telephone, in case somebody calls again."""

    tip_id: UUID


class TipView(Tagged):
    tip_id: UUID
    state: TipState
    at: datetime
    what: str | None
    where: str | None
    call_back: str | None
    decided_by: str | None
    decided_at: datetime | None
    warning_id: UUID | None


@open_router.post("/public/tips", status_code=202, responses=responses("too-large"))
async def post_tip(request: Request, parts: TheParts, body: TipBody) -> Told:
    """From anybody, five an hour from one address. If somebody is paying right now: telephone 96110 or 110."""
    rates: Rates = request.app.state.rates
    await rates.spend(OF_ONE, "tip", request.client.host if request.client else "")
    await rates.spend(OF_ALL, "tips")
    async with parts.store.begin() as tx:
        tip = await keep(tx, parts.context, body.model_dump(exclude_none=True))
    return Told(tip_id=tip.tip_id)


@router.get("", responses=responses("not-allowed"))
async def get_tips(
    parts: TheParts,
    _operator: Operator,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[TipState | None, Query(description="Of this state alone.")] = TipState.WAITING,
) -> Page[TipView]:
    """Newest first, with what was told: an operator has to read it."""
    async with parts.store.read() as conn:
        found = await tips.page(conn, before=before(cursor), limit=limit + 1, state=state)
    items = tuple(_view(parts.context.sealer, tip) for tip in found[:limit])
    return Page(items=items, next=cursor_after(found[limit - 1].id or 0) if len(found) > limit else None)


@router.post("/{tip_id}/confirmation", responses=REFUSALS | responses("too-far-ahead"))
async def post_confirmation(
    tip_id: UUID, parts: TheParts, by: Operator, body: SentWarning, *, seen: SeenRow
) -> TipView:
    """Send the warning that was made of it. The same again by the same person changes nothing."""
    async with parts.store.begin() as tx:
        tip = await confirm(tx, parts.context, tip_id, body, by=by, seen=seen)
    return _view(parts.context.sealer, tip)


@router.post("/{tip_id}/dismissal", responses=REFUSALS)
async def post_dismissal(tip_id: UUID, parts: TheParts, by: Operator, *, seen: SeenRow) -> TipView:
    """Nothing comes of it."""
    async with parts.store.begin() as tx:
        tip = await dismiss(tx, tip_id, by=by, seen=seen)
    return _view(parts.context.sealer, tip)


def _view(sealer: Sealer, tip: Tip) -> TipView:
    try:
        told = read(sealer, tip)
    except CannotOpen:
        told = {}
    return TipView(
        tip_id=tip.tip_id,
        state=tip.state,
        at=tip.at,
        what=told.get("what"),
        where=told.get("where"),
        call_back=told.get("call_back"),
        decided_by=tip.decided_by,
        decided_at=tip.decided_at,
        warning_id=tip.warning_id,
        etag=tag_of(decision_of(tip)),
    )
