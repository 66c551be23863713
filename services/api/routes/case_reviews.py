"""Reviews (倒查) of losses and failed stops: the list, cause, actions, and the end by a second person."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from schemas.fields import Code
from services.api.beside_bodies import Acting, Causing, Noting, ReviewView, RowPath
from services.api.beside_work import case_of
from services.api.identity import CaseReader
from services.api.paging import Cursor, Limit, Page, before, cursor_after
from services.api.problems import responses
from services.api.routes.acknowledgements import REFUSALS
from services.api.work import Answer, RowWork, TheParts
from services.domain.review import ReviewState
from services.handlers.case_review import close_review, set_actions, set_cause
from services.store import tables
from services.store.beside_lists import reviews_page

router = APIRouter(tags=["after the loop"])
NO_NOTE = Noting()
STEPPING = REFUSALS | responses("not-in-case", "not-allowed", "key-missing", "stale-row")


@router.get("/reviews", responses=responses("not-allowed"))
async def get_reviews(
    parts: TheParts,
    reader: CaseReader,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    unit: Annotated[Code | None, Query(description="One unit's cases; below the centre always the own one's.")] = None,
    state: Annotated[tuple[ReviewState, ...], Query(max_length=len(ReviewState))] = (),
    case_id: Annotated[UUID | None, Query(description="Of one case.")] = None,
) -> Page[ReviewView]:
    """The reviews of one's scope, newest first."""
    async with parts.store.read() as conn:
        found = await reviews_page(
            conn,
            before=before(cursor),
            limit=limit + 1,
            unit=unit if reader.sees_every_unit else reader.unit or "",
            states=state or None,
            case_id=case_id,
        )
    shown = found[:limit]
    items = tuple(ReviewView.of(one.one, one.case_id) for one in shown)
    return Page(items=items, next=cursor_after(items[-1].id) if len(found) > limit else None)


@router.post("/reviews/{review}/cause", responses=STEPPING)
async def post_cause(review: RowPath, work: RowWork, body: Causing) -> Answer:
    """Why it happened, and who answers for it."""
    case_id = await case_of(work, tables.review, review)
    detail = {"review": review, "accountable": body.accountable}
    private = {"cause": body.cause}
    return await work(
        set_cause,
        "set-cause",
        case_id,
        body,
        detail=detail,
        private=private,
        review_id=review,
        accountable=body.accountable,
    )


@router.post("/reviews/{review}/actions", responses=STEPPING)
async def post_actions(review: RowPath, work: RowWork, body: Acting) -> Answer:
    """What is done about it, and what is promised."""
    case_id = await case_of(work, tables.review, review)
    private = {"action": body.action, "commitment": body.commitment}
    detail = {"review": review}
    return await work(set_actions, "set-actions", case_id, body, detail=detail, private=private, review_id=review)


@router.post("/reviews/{review}/closing", responses=STEPPING | responses("own-submission", "not-allowed"))
async def post_review_closing(review: RowPath, work: RowWork, body: Noting = NO_NOTE) -> Answer:
    """Over; by a second person, never by who answers for it."""
    case_id = await case_of(work, tables.review, review)
    private = {"note": body.note}
    detail = {"review": review}
    return await work(close_review, "close-review", case_id, body, detail=detail, private=private, review_id=review)
