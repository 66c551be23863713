"""GET: the records that could not become a case. Their raw bytes are not shown."""

from datetime import datetime

from fastapi import APIRouter

from services.api.identity import Operator
from services.api.paging import Cursor, Limit, Page, before, cursor_after
from services.api.problems import responses
from services.api.views import View
from services.api.work import TheParts
from services.store import dead_letters

router = APIRouter(tags=["centre"])


class DeadLetterView(View):
    id: int
    topic: str
    partition: int
    offset: int
    error_class: str
    reason: str
    size: int | None
    failed_at: datetime
    replayed_at: datetime | None


@router.get("/dead-letters", responses=responses("not-allowed"))
async def get_dead_letters(
    parts: TheParts, _operator: Operator, limit: Limit = 50, cursor: Cursor = None
) -> Page[DeadLetterView]:
    """Newest first."""
    async with parts.store.read() as conn:
        found = await dead_letters.page(conn, before=before(cursor), limit=limit + 1)
    items = tuple(DeadLetterView.model_validate(letter, from_attributes=True) for letter in found[:limit])
    return Page(items=items, next=cursor_after(items[-1].id) if len(found) > limit else None)
