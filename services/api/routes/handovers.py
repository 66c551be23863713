"""Handovers: the open cases of a unit at a change of shift, and the acceptance by the next one."""

from typing import Annotated

from fastapi import APIRouter, Query

from schemas.fields import Code
from services.api.identity import CaseReader
from services.api.paging import Cursor, Limit, Page, before, cursor_after
from services.api.problems import responses
from services.api.rota_bodies import AcceptingBody, HandoverAccepted, HandoverView, RowPath
from services.api.rota_work import RotaWork, seen_unit
from services.api.work import TheParts
from services.handlers.handover import accept
from services.handlers.tally import tally
from services.store import handovers

router = APIRouter(prefix="/rota/handovers", tags=["rota"])
NOTHING = AcceptingBody()


@router.get("", responses=responses("not-allowed", "rota-not-found"))
async def get_handovers(
    parts: TheParts,
    reader: CaseReader,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    unit: Annotated[Code | None, Query(description="One unit; by default all of one's scope.")] = None,
    unaccepted: Annotated[bool, Query(description="Only lists that nobody has accepted.")] = False,
) -> Page[HandoverView]:
    """The lists of one's scope, newest first."""
    async with parts.store.read() as conn:
        scope = await seen_unit(conn, reader, unit)
        found = await handovers.page(conn, unit=scope, before=before(cursor), limit=limit + 1, unaccepted=unaccepted)
    shown = found[:limit]
    items = tuple(HandoverView.model_validate(one, from_attributes=True) for one in shown)
    return Page(items=items, next=cursor_after(shown[-1].id) if len(found) > limit else None)


@router.post(
    "/{handover}/acceptance",
    responses=responses(
        "not-allowed", "rota-not-found", "already-accepted", "nobody-fits", "key-missing", "key-reused"
    ),
)
async def post_handover_acceptance(
    handover: RowPath, work: RotaWork, body: AcceptingBody = NOTHING
) -> HandoverAccepted:
    """Accept a list: what is too late to be asked again goes to the new shift, the rest is named."""
    command = work.command("handover", body, handover=handover)
    async with work.parts.store.begin() as tx:
        done = await accept(tx, work.parts.context, command, by=work.by, handover=handover, responder=body.responder)
    tally(done.changes)
    return HandoverAccepted.model_validate(done.answer)
