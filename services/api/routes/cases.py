"""GET: the cases of one's scope, one case, and what happened to it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.fields import Code
from services.api.identity import CaseReader
from services.api.meetings import WholeCase, wanted_of, whole
from services.api.notice_views import Telling
from services.api.paging import Cursor, Limit, Page, before, cursor_after
from services.api.persons import masked_of, person_of, words_of
from services.api.problems import responses
from services.api.views import Line, LinkedView, View, case_view, line_of
from services.api.work import TheParts, etag
from services.domain.actor import Actor
from services.domain.corrections import corrections_of
from services.domain.refusals import CaseNotFound
from services.domain.states import State
from services.domain.timers import Late
from services.handlers.messages import ASSIGNING
from services.store import cases, co_assignments, events, links, notices
from services.store.cases import Stored
from services.store.events import Entry
from services.store.scope import scope_of

router = APIRouter(tags=["cases"])
MOST_LINKED = 50
MOST_NAMED = 100


class Happened(View):
    """One fact of a timeline. `at` counts in figures; `occurred_at` is what the device said."""

    version: int
    action: str
    from_state: str | None
    to_state: str
    at: datetime
    occurred_at: datetime | None
    recorded_at: datetime
    actor: str
    role: str
    unit: str | None
    detail: dict[str, Any]
    words: dict[str, Any] | None


class Timeline(View):
    case_id: UUID
    items: tuple[Happened, ...]


@router.get("/cases", responses=responses("not-allowed"))
async def get_cases(
    parts: TheParts,
    reader: CaseReader,
    *,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[tuple[State, ...], Query(max_length=len(State), description="May be repeated.")] = (),
    unit: Annotated[Code | None, Query(description="Assigned to it, its own by area, or shared with it.")] = None,
    overdue: Annotated[bool, Query(description="Only those whose hour is over and runs on.")] = False,
    late: Annotated[
        Late | None, Query(description="Only those over a limit `now`, or found over one `ever`, whatever answered it.")
    ] = None,
    case_id: Annotated[
        tuple[UUID, ...], Query(max_length=MOST_NAMED, description="Only these; one that can't be seen is left out.")
    ] = (),
) -> Page[Line]:
    """The cases of one's scope, newest first. Everybody is masked here."""
    now = parts.clock.now()
    async with parts.store.read() as conn:
        found = await cases.page(
            conn,
            before=before(cursor),
            limit=limit + 1,
            unit=unit,
            states=state or None,
            overdue_at=now if overdue else None,
            late=None if late is None else (late, now),
            ids=case_id or None,
            scope=scope_of(reader),
        )
    sealer = parts.context.sealer
    shown = found[:limit]
    lines = tuple(line_of(stored.case, masked_of(sealer, stored), now=now) for stored in shown)
    return Page(items=lines, next=cursor_after(shown[-1].id) if len(found) > limit else None)


@router.get("/cases/{case_id}", responses=responses("not-allowed", "case-not-found"))
async def get_case(
    case_id: UUID, request: Request, response: Response, parts: TheParts, reader: CaseReader
) -> WholeCase:
    """One case with every stamp and limit. Its ETag is the turn that a command must name."""
    async with parts.store.read() as conn:
        stored = await seen_case(conn, case_id, reader, request)
        facts = await events.timeline(conn, stored.id)
        together = await co_assignments.history(conn, stored.id)
        policy = await parts.context.policies.version(conn, stored.case.policy_version)
        linked = await links.linked_to(conn, stored.id, limit=MOST_LINKED)
        told = await notices.of_case(conn, case_id)
    response.headers["etag"] = etag(stored.case.turn)
    view = case_view(
        stored.case,
        person_of(parts.context.sealer, stored, seen_by=reader),
        _candidates(stored, facts),
        together,
        corrections_of(facts),
        linked=[LinkedView.of(one, seen_by=reader) for one in linked],
        told=[Telling.of(one, parts.context.zone) for one in told],
        units=parts.context.picture.units,
        now=parts.clock.now(),
    )
    return whole(view, wanted_of(stored.case, facts, policy))


@router.get("/cases/{case_id}/timeline", responses=responses("not-allowed", "case-not-found"))
async def get_timeline(case_id: UUID, request: Request, parts: TheParts, reader: CaseReader) -> Timeline:
    """Everything that happened to the case, in order. Sealed words only for the centre's reviewers and the holder."""
    async with parts.store.read() as conn:
        stored = await seen_case(conn, case_id, reader, request)
        facts = await events.timeline(conn, stored.id)
    sealer = parts.context.sealer
    return Timeline(
        case_id=case_id,
        items=tuple(
            Happened(
                **{name: getattr(fact, name) for name in Happened.model_fields if name != "words"},
                words=words_of(sealer, stored, fact, seen_by=reader),
            )
            for fact in facts
        ),
    )


async def seen_case(conn: AsyncConnection, case_id: UUID, reader: Actor, request: Request) -> Stored:
    """The case, if it is in the reader's scope. Raises CaseNotFound."""
    request.state.case_id = str(case_id)
    stored = await cases.find(conn, case_id, scope=scope_of(reader))
    if stored is None:
        raise CaseNotFound()
    return stored


def _candidates(stored: Stored, facts: list[Entry]) -> list[dict[str, Any]]:
    """Who was looked at for the last assignment; where nobody could be asked, the case itself remembers."""
    why = stored.case.routing.get("choice", {})
    if "candidates" not in why:
        why = next((fact.detail.get("why", {}) for fact in reversed(facts) if fact.action in ASSIGNING), {})
    found: list[dict[str, Any]] = why.get("candidates", [])
    return found
