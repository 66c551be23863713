"""One's own sessions: the browsers that are logged in, and the end of one that was lost."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from services.api.bodies import MOST_ROW
from services.api.identity import Anyone, Identities
from services.api.problems import responses
from services.api.views import View
from services.store import sessions, tables

router = APIRouter(tags=["entry"])


class SessionView(View):
    id: int
    way: str = Field(description="oidc, password or invitation.")
    device: str = Field(description="What the browser calls itself.")
    began_at: datetime
    seen_at: datetime
    current: bool


class Sessions(View):
    items: tuple[SessionView, ...]


@router.get("/sessions", responses=responses("not-allowed"))
async def get_sessions(request: Request, asker: Anyone) -> Sessions:
    """Where one is logged in."""
    identities: Identities = request.app.state.identities
    async with identities.store.read() as conn:
        found = await sessions.of_person(conn, asker.name, now=identities.now(), limits=identities.limits)
    named = ("id", "way", "device", "began_at", "seen_at")
    return Sessions(
        items=tuple(
            SessionView(**{name: getattr(one, name) for name in named}, current=one.id == request.state.session)
            for one in found
        )
    )


@router.delete("/sessions/{session}", status_code=204, responses=responses("not-allowed", "cross-site"))
async def delete_session(session: Annotated[int, Path(ge=1, le=MOST_ROW)], request: Request, asker: Anyone) -> Response:
    """End one of one's own sessions now. Safe to repeat; another's is left alone."""
    identities: Identities = request.app.state.identities
    kept = tables.session
    async with identities.store.begin() as tx:
        await sessions.end_of(tx, (kept.c.id == session) & (kept.c.person == asker.name))
    return Response(status_code=204)
