"""GET /events: what changes on the cases of one's scope, as server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.api import metrics
from services.api.credentials import Credential, credential_of
from services.api.feeding import Feed
from services.api.identity import CaseReader, Identities
from services.api.problems import Problematic, is_away, responses
from services.domain.actor import Actor
from services.lines import LINE

router = APIRouter(tags=["cases"])

MOST_STREAMS = 5000  # of one process


class EventStream(StreamingResponse):
    """A stream that is counted from its first byte to its end. On a server of ours the request is over once it has begun."""

    media_type = "text/event-stream"

    def __init__(self, feed: Feed, *, unit: str | None, last_id: str | None, allowed: "Allowed") -> None:
        self._feed, self._broadcaster = feed, feed.broadcaster
        self._unit, self._last_id, self._allowed = unit, last_id, allowed
        super().__init__(
            self._broadcaster.stream(unit=unit, last_id=last_id, allowed=allowed),
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hand_over = scope.get("extensions", {}).get(LINE)
        if hand_over is not None:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            reader = self._broadcaster.reader(self._unit, self._last_id)
            self._feed.add(hand_over(), reader, self._allowed)
            return
        self._broadcaster.streams += 1
        metrics.STREAMS.inc()
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._broadcaster.streams -= 1
            metrics.STREAMS.dec()


class Allowed:
    """Whether what opened a stream still stands for the same actor. While the database is away, yes."""

    def __init__(self, identities: Identities, given: Credential | None, actor: Actor) -> None:
        self._identities, self._given, self._actor = identities, given, actor

    async def __call__(self) -> bool:
        try:
            asker = None if self._given is None else await self._identities.asker(self._given)
            return asker is not None and asker.actor == self._actor
        except Exception as error:
            if is_away(error):
                return True
            raise


@router.get(
    "/events",
    response_class=EventStream,
    status_code=200,
    responses=responses("not-allowed", "busy") | {200: {"content": {"text/event-stream": {}}}},
)
async def get_events(
    request: Request,
    reader: CaseReader,
    last_id: Annotated[str | None, Header(alias="Last-Event-ID", description="The id of the last event seen.")] = None,
) -> EventStream:
    """`case`: a case has changed (as on the topic of case changes). `gone`: one is no longer in your scope. `resync`:
    changes were missed, read your lists anew.

    A precinct gets the cases that it holds, is responsible for, or is co-assigned to.
    """
    feed: Feed = request.app.state.feed
    if feed.broadcaster.streams >= MOST_STREAMS:
        raise Problematic("busy")
    request.state.streamed = True
    unit = None if reader.sees_every_unit else reader.unit or ""
    allowed = Allowed(
        request.app.state.identities, credential_of(request.scope, request.app.state.parts.settings), reader
    )
    return EventStream(feed, unit=unit, last_id=last_id, allowed=allowed)
