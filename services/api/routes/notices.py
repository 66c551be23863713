"""Notices: the inbox of a person, a desk or the centre, the open ones first; seen and acknowledged, one or many."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError
from pydantic import Field

from schemas.fields import Code
from services.api.bodies import MOST_ROW, Strict
from services.api.identity import CaseReader
from services.api.notice_views import NoticeView
from services.api.paging import Cursor, Limit, Page, before, cursor_after
from services.api.problems import responses
from services.api.views import View
from services.api.work import TheParts
from services.domain.actor import Actor
from services.domain.notice import Notice, NoticeKind
from services.domain.policy_rules import Target
from services.domain.refusals import NotAllowed
from services.domain.words import Role
from services.store import notices
from services.store.notices import Inbox

router = APIRouter(prefix="/notices", tags=["notices"])
RowNumber = Annotated[int, Field(ge=1, le=MOST_ROW)]
CENTRE = {
    Role.OPERATOR: (Target.OPERATOR,),
    Role.SUPERVISOR: (Target.OPERATOR, Target.SUPERVISOR, Target.COUNTY_LEADER),
}


class Marking(Strict):
    notices: tuple[RowNumber, ...] = Field(min_length=1, max_length=200, description="Ids of one's own notices.")


class Marked(View):
    """What is marked now; an id that is none of one's own is not among them."""

    notices: tuple[int, ...]


class OpenCount(View):
    open: int
    loud: int = Field(description="Of those: nobody else sees to it.")


@router.get("", responses=responses("not-allowed"))
async def get_notices(
    parts: TheParts,
    reader: CaseReader,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    of: Annotated[
        Literal["mine", "all"], Query(description="mine: to oneself, one's desk or one's seat; all: of one's scope.")
    ] = "mine",
    unit: Annotated[Code | None, Query(description="With `all`, of the centre: one unit's.")] = None,
    open: Annotated[bool | None, Query(description="Only open ones, or only those that are not.")] = None,  # noqa: A002
    kind: Annotated[tuple[NoticeKind, ...], Query(max_length=len(NoticeKind), description="May be repeated.")] = (),
    case_id: Annotated[UUID | None, Query(description="Of one case.")] = None,
) -> Page[NoticeView]:
    """The open ones first, of each the newest first."""
    async with parts.store.read() as conn:
        found = await notices.page(
            conn,
            _inbox(reader, of, unit),
            after=_place(before(cursor)),
            limit=limit + 1,
            is_open=open,
            kinds=kind,
            case_id=case_id,
        )
    shown = found[:limit]
    items = tuple(NoticeView.of(one, parts.context.zone) for one in shown)
    return Page(items=items, next=_cursor(shown[-1]) if len(found) > limit else None)


@router.get("/open", responses=responses("not-allowed"))
async def get_open_count(parts: TheParts, reader: CaseReader) -> OpenCount:
    """How many of one's own are open."""
    async with parts.store.read() as conn:
        count, loud = await notices.open_count(conn, _inbox(reader, "mine", None))
    return OpenCount(open=count, loud=loud)


@router.post("/seen", responses=responses("not-allowed"))
async def post_seen(parts: TheParts, reader: CaseReader, body: Marking) -> Marked:
    """They were on somebody's screen; who was first stays. They are open still. Safe to repeat."""
    return await _mark(parts, reader, body, acknowledged=False)


@router.post("/acknowledgements", responses=responses("not-allowed"))
async def post_acknowledgements(parts: TheParts, reader: CaseReader, body: Marking) -> Marked:
    """Somebody has taken note of them: they leave the open ones. The climb goes on until the act itself is done."""
    return await _mark(parts, reader, body, acknowledged=True)


async def _mark(parts: TheParts, reader: Actor, body: Marking, *, acknowledged: bool) -> Marked:
    if reader.role in (Role.REVIEWER, Role.AUDITOR):
        raise NotAllowed(role=reader.role)  # they read along: nothing is addressed to them
    inbox = _inbox(reader, "mine", None)
    async with parts.store.begin() as tx:
        marked = await notices.mark(tx, inbox, set(body.notices), by=reader.name, acknowledged=acknowledged)
    return Marked(notices=tuple(marked))


def _inbox(reader: Actor, of: str, unit: str | None) -> Inbox:
    """One's own, or of one's scope; a responder has no other than their own."""
    if reader.role is Role.RESPONDER:
        return Inbox(person=reader.responder or "")
    if reader.role is Role.DESK:
        return Inbox(unit=reader.unit or "")
    targets = CENTRE.get(reader.role)
    return Inbox(targets=targets) if of == "mine" and targets is not None else Inbox(unit=unit)


def _cursor(last: Notice) -> str:
    """The row, and whether it was among the open ones."""
    assert last.id is not None  # noqa: S101 - it was read
    return cursor_after(last.id * 2 + last.is_open)


def _place(row: int | None) -> tuple[bool, int] | None:
    if row is None:
        return None
    if row < 2:
        raise RequestValidationError([{"type": "cursor", "loc": ("query", "cursor"), "msg": "", "input": None}])
    return bool(row % 2), row // 2
