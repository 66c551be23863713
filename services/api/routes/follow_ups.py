"""Follow-ups: the list by unit and due time, what came of one, and its end by another person; losses found later."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from schemas.fields import Code
from services.api.beside_bodies import FollowingUp, FollowUpView, Losing, Noting, RowPath
from services.api.beside_work import case_of
from services.api.bodies import Time
from services.api.identity import CaseReader
from services.api.paging import Cursor, Limit, Page, before, cursor_after
from services.api.problems import responses
from services.api.routes.acknowledgements import REFUSALS
from services.api.work import Answer, RowWork, TheParts, UnseenWork
from services.domain.follow_up import FollowUp, FollowUpState
from services.handlers.follow_up import Found, close_follow_up, do_follow_up, record_loss
from services.handlers.seen import tag_of
from services.store import tables
from services.store.beside_lists import FollowUpOfCase, follow_ups_page

router = APIRouter(tags=["after the loop"])
NO_NOTE = Noting()
DOING = REFUSALS | responses("not-in-case", "not-allowed", "incomplete", "key-missing", "stale-row")


@router.get("/follow-ups", responses=responses("not-allowed"))
async def get_follow_ups(
    parts: TheParts,
    reader: CaseReader,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    unit: Annotated[Code | None, Query(description="One unit; below the centre always the own one.")] = None,
    state: Annotated[tuple[FollowUpState, ...], Query(max_length=len(FollowUpState))] = (),
    due_before: Annotated[Time | None, Query(description="Only what is due before then.")] = None,
    case_id: Annotated[UUID | None, Query(description="Of one case.")] = None,
) -> Page[FollowUpView]:
    """The follow-ups of one's scope, the earliest due first."""
    async with parts.store.read() as conn:
        found = await follow_ups_page(
            conn,
            after=before(cursor),
            limit=limit + 1,
            unit=unit if reader.sees_every_unit else reader.unit or "",
            states=state or None,
            due_before=due_before,
            case_id=case_id,
        )
    shown = found[:limit]
    items = tuple(_view(one) for one in shown)
    return Page(items=items, next=cursor_after(items[-1].id) if len(found) > limit else None)


@router.post("/follow-ups/{follow_up}/result", responses=DOING)
async def post_result(follow_up: RowPath, work: RowWork, body: FollowingUp) -> Answer:
    """The person was asked again; a loss that is found so opens a review."""
    case_id = await case_of(work, tables.follow_up, follow_up)
    detail = body.model_dump(mode="json", exclude={"occurred_at", "note"}) | {"follow_up": follow_up}
    found = Found(result=body.result, loss_after_fen=body.loss_after_fen)
    private = {"note": body.note}
    return await work(
        do_follow_up,
        "follow-up",
        case_id,
        body,
        detail=detail,
        private=private,
        follow_up=follow_up,
        found=found,
    )


@router.post("/follow-ups/{follow_up}/closing", responses=DOING | responses("own-submission", "not-allowed"))
async def post_follow_up_closing(follow_up: RowPath, work: RowWork, body: Noting = NO_NOTE) -> Answer:
    """Struck off; never by the person who did it."""
    case_id = await case_of(work, tables.follow_up, follow_up)
    detail, private = {"follow_up": follow_up}, {"note": body.note}
    return await work(
        close_follow_up, "close-follow-up", case_id, body, detail=detail, private=private, follow_up=follow_up
    )


@router.post("/cases/{case_id}/loss", responses=DOING)
async def post_loss(case_id: UUID, work: UnseenWork, body: Losing) -> Answer:
    """Money was lost after the warning, found at whatever time, or its amount is corrected; a loss opens a review."""
    detail = body.model_dump(mode="json", exclude={"occurred_at", "note"})
    private = {"note": body.note}
    return await work(
        record_loss,
        "loss",
        case_id,
        body,
        detail=detail,
        private=private,
        loss_after_fen=body.loss_after_fen,
        lost_at=body.lost_at,
    )


def _view(found: FollowUpOfCase) -> FollowUpView:
    one = found.one
    named = {name: getattr(one, name) for name in FollowUpView.model_fields if hasattr(one, name)}
    return FollowUpView(**named, case_id=found.case_id, on_time=_on_time(one), etag=tag_of(one))


def _on_time(one: FollowUp) -> bool | None:
    if one.done_at is not None:
        return one.done_at < one.due_at + one.grace
    return False if one.state in (FollowUpState.MISSED, FollowUpState.ESCALATED) else None
