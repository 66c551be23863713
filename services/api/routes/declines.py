"""GET: how often each responder gave a case back, in a period."""

from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.exceptions import RequestValidationError

from schemas.fields import Code
from services.api.bodies import Time
from services.api.identity import Overseer
from services.api.problems import responses
from services.api.views import View
from services.api.work import TheParts
from services.domain.states import Action
from services.store.declines import declines

router = APIRouter(tags=["figures"])
USUAL: Final = timedelta(days=30)
LONGEST: Final = timedelta(days=366)


class DeclinesView(View):
    responder: str
    unit: str
    declined: int
    not_answered: int
    handed_over: int
    lapsed: int


class DeclinesOfPeriod(View):
    """From `since` until just before `until`; the most first. Drills are not counted."""

    since: datetime
    until: datetime
    items: tuple[DeclinesView, ...]


@router.get("/declines", responses=responses("not-allowed"))
async def get_declines(
    parts: TheParts,
    reader: Overseer,
    *,
    since: Annotated[Time | None, Query(description="Thirty days before `until` where it is not given.")] = None,
    until: Annotated[Time | None, Query(description="Now where it is not given; at most 366 days later.")] = None,
    unit: Annotated[Code | None, Query(description="Only while they were of this unit.")] = None,
) -> DeclinesOfPeriod:
    """Cases given back, by who had them. A desk sees its own unit's people."""
    ends = until or parts.clock.now()
    begins = since or ends - USUAL
    if not timedelta(0) < ends - begins <= LONGEST:
        raise RequestValidationError([{"type": "period", "loc": ("query", "since"), "msg": "", "input": None}])
    async with parts.store.read() as conn:
        found = await declines(conn, since=begins, until=ends, unit=unit)
    return DeclinesOfPeriod(
        since=begins,
        until=ends,
        items=tuple(
            DeclinesView(
                responder=one.responder,
                unit=one.unit,
                declined=one.by_action.get(Action.DECLINE, 0),
                not_answered=one.by_action.get(Action.EXPIRE, 0),
                handed_over=one.by_action.get(Action.HAND_OVER, 0),
                lapsed=one.by_action.get(Action.LAPSE, 0),
            )
            for one in found
            if reader.sees(one.unit)
        ),
    )
