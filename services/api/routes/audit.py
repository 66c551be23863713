"""GET: who read and did what. For auditors and supervisors; the timelines of the cases tell the rest."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from schemas.fields import Code
from services.api.identity import AuditReader
from services.api.paging import Cursor, Limit, Page, before, cursor_after
from services.api.problems import responses
from services.api.views import View
from services.api.work import TheParts
from services.domain.words import Role
from services.store import audit

router = APIRouter(tags=["audit"])


class AuditLine(View):
    """One line. `about` is the route that was read, or the kind of thing that was changed; `key` is which of them."""

    at: datetime
    actor: str
    role: Role
    unit: str | None
    action: str
    about: str
    key: str | None
    detail: dict[str, Any]
    request_id: str | None


@router.get("/audit", responses=responses("not-allowed"))
async def get_audit(
    parts: TheParts,
    _reader: AuditReader,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    actor: Annotated[Code | None, Query(description="Of this person or machine alone.")] = None,
    about: Annotated[Code | None, Query(description="The route or the kind of thing.")] = None,
    key: Annotated[Code | None, Query(description="Which of them: a case id, a name.")] = None,
) -> Page[AuditLine]:
    """Newest first."""
    async with parts.store.read() as conn:
        found = await audit.page(conn, before=before(cursor), limit=limit + 1, actor=actor, about=about, key=key)
    items = tuple(AuditLine.model_validate(one.line, from_attributes=True) for one in found[:limit])
    return Page(items=items, next=cursor_after(found[limit - 1].id) if len(found) > limit else None)
