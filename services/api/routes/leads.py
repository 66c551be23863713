"""GET: what several cases share of the fraudster: an account, a phone, an app. A lead for whoever investigates."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, get_args

from fastapi import APIRouter, Query, Request
from pydantic import Field

from services.api.identity import Overseer
from services.api.persons import lead_value
from services.api.problems import responses
from services.api.views import View
from services.api.work import TheParts
from services.domain.links import LinkKind
from services.store import links
from services.store.scope import scope_of

router = APIRouter(tags=["centre"])
MOST: Final = 100
SuspectKind = Literal[LinkKind.ACCOUNT, LinkKind.SUSPECT_PHONE, LinkKind.APP]


class LeadView(View):
    """One account, phone or app that several cases name."""

    kind: LinkKind
    key: str = Field(description="The keyed hash, as hex: the same value always has the same.")
    value: str | None = Field(description="Masked, from the newest case that the asker may see; null: erased.")
    cases: int = Field(description="How many cases name it, other units' among them.")
    first_at: datetime
    last_at: datetime
    newest_case: str = Field(description="The newest case of it in the asker's scope: its linked cases are there.")


class Leads(View):
    since: datetime
    items: tuple[LeadView, ...]


@router.get("/leads", responses=responses("not-allowed"))
async def get_leads(
    request: Request,
    parts: TheParts,
    reader: Overseer,
    *,
    days: Annotated[int, Query(ge=1, le=400, description="Of warnings that came in the last so many days.")] = 30,
    kind: Annotated[tuple[SuspectKind, ...], Query(max_length=3)] = get_args(SuspectKind),
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
) -> Leads:
    """What most cases share, the most first. A desk sees what one of its own cases names."""
    since = parts.clock.now() - timedelta(days=days)
    async with parts.store.read() as conn:
        found = await links.leads(conn, kind, since=since, limit=limit, scope=scope_of(reader))
    request.state.shown = {"cases": [str(one.newest.case.case_id) for one in found]}  # for the audit
    sealer = parts.context.sealer
    items = tuple(
        LeadView(
            kind=one.kind,
            key=one.key.hex(),
            value=lead_value(sealer, one.newest, one.kind),
            cases=one.cases,
            first_at=one.first_at,
            last_at=one.last_at,
            newest_case=str(one.newest.case.case_id),
        )
        for one in found
    )
    return Leads(since=since, items=items)
