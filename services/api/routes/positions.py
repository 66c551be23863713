"""POST: a device reports where its responder is. The fix goes straight to the topic, not into the outbox.

A fix is worth nothing a minute later, so it is not kept for a broker that is away: the device gets 503 and sends the
next one. A refused fix is answered with 200 all the same, because the apps hold back everything behind a message that
was not taken; the reason is in the answer, and for OwnTracks, which reads only a list, in a header.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter, Request, Response

from schemas.envelope import EventType, headers_for
from schemas.fields import Point
from schemas.position import ResponderPosition
from schemas.topics import RESPONDER_POSITION
from services.api import metrics
from services.api.identity import Reporter
from services.api.positions import (
    Device,
    ForwardedPosition,
    OwnTracksLocation,
    Reported,
    TraccarLocation,
    of_owntracks,
    of_traccar,
)
from services.api.problems import Problematic, responses
from services.api.views import View
from services.api.work import TheParts
from services.broker.producer import Message, Sender, SendUnknown, TooLargeToSend
from services.domain.actor import Actor
from services.domain.datum import Datum
from services.domain.fix import BadFix, fault_of
from services.domain.refusals import NotAllowed
from services.handlers.messages import SOURCE
from services.wiring import Parts

router = APIRouter(prefix="/positions", tags=["positions"])
REFUSALS = responses("not-allowed", "too-large", "broker-away")
SEND_S: Final = 1.0  # of a phone's patience
REFUSED_HEADER: Final = "quanzu-refused"


OTHER_TYPE: Final = {"type": "object", "properties": {"_type": {"not": {"const": "location"}}}}


class Taken(View):
    """How many fixes were taken, and how many were refused, by reason."""

    taken: int
    refused: dict[BadFix, int]


def _body(name: str, *shapes: Mapping[str, Any]) -> dict[str, Any]:
    one = {"anyOf": [*shapes]}
    either = {"anyOf": [one, {"type": "array", "items": one}], "title": name}
    return {"requestBody": {"content": {"application/json": {"schema": either}}}}


def _typed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """OwnTracks says by `_type` what a message is."""
    named = {**schema["properties"], "_type": {"const": "location"}}
    return {**schema, "properties": named, "required": [*schema["required"], "_type"]}


def _within(field: str, kind: Any, *, other: str = "", **more: Any) -> dict[str, Any]:
    """An object with one of a kind in `field`; `more` are fields that are needed beside it, `other` one that is not there."""
    fields = {field: _whole(kind.model_json_schema()), **more}
    without: dict[str, Any] = {other: {"not": {}}} if other else {}
    return {"type": "object", "required": [*fields], "properties": fields | without}


def _whole(schema: Any, parts: Mapping[str, Any] | None = None) -> Any:
    """The schema without references: those of pydantic lead nowhere once it is a part of the OpenAPI document."""
    if isinstance(schema, list):
        return [_whole(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    known = schema.get("$defs", {}) if parts is None else parts
    if "$ref" in schema:
        return _whole(known[schema["$ref"].rpartition("/")[2]], known)
    return {name: _whole(one, known) for name, one in schema.items() if name != "$defs"}


@router.post(
    "/owntracks",
    responses=REFUSALS,
    openapi_extra=_body("OwnTracks", _typed(OwnTracksLocation.model_json_schema()), OTHER_TYPE),
)
async def post_owntracks(request: Request, response: Response, parts: TheParts, by: Reporter) -> list[Any]:
    """OwnTracks in HTTP mode: `_type: location`, one or a list. Other types are answered and left out."""
    taken = await _take(parts, request.app.state.sender, by, of_owntracks(await request.body()))
    if taken.refused:
        response.headers[REFUSED_HEADER] = ", ".join(f"{why}={count}" for why, count in taken.refused.items())
    return []


@router.post(
    "/traccar",
    responses=REFUSALS,
    openapi_extra=_body(
        "Traccar",
        _within("location", TraccarLocation, other="position"),
        _within("position", ForwardedPosition, device=Device.model_json_schema()),
    ),
)
async def post_traccar(request: Request, parts: TheParts, by: Reporter) -> Taken:
    """Traccar: its own protocol (OsmAnd) as a query, a form or JSON, and the positions that a server forwards."""
    json = request.headers.get("content-type", "").startswith("application/json")
    told = of_traccar(request.url.query, await request.body(), now=parts.clock.now(), json=json)
    return await _take(parts, request.app.state.sender, by, told)


async def _take(parts: Parts, sender: Sender | None, by: Actor, told: Sequence[Reported]) -> Taken:
    if by.responder is None:
        raise NotAllowed(role=by.role)
    now_s, limits = parts.clock.now().timestamp(), parts.context.fix_limits
    refused: Counter[BadFix] = Counter()
    good: list[Message] = []
    for one in told:
        fault = _doubted(one, by.responder) or fault_of(one.fix, now_s=now_s, limits=limits)
        if fault is None:
            good.append(_message(by.responder, one))
        else:
            refused[fault] += 1
    for why, count in refused.items():
        metrics.FIXES_REFUSED.labels(why.value).inc(count)
    if good:
        await _send(sender, good)
        metrics.FIXES.inc(len(good))
    return Taken(taken=len(good), refused=dict(refused))


def _doubted(one: Reported, responder: str) -> BadFix | None:
    """What is wrong with who tells it, whatever the point."""
    if one.device is not None and one.device != responder:
        return BadFix.OTHER_DEVICE
    return None if one.valid else BadFix.NOT_VALID


async def _send(sender: Sender | None, messages: Sequence[Message]) -> None:
    """Raises Problematic where the broker does not take them in time; none of them is kept."""
    if sender is None or sender.waiting_for is not None:
        raise Problematic("broker-away")
    try:
        await sender.send(messages, within=SEND_S)
    except (SendUnknown, TooLargeToSend):
        raise Problematic("broker-away") from None


def _message(responder: str, one: Reported) -> Message:
    fix, at = one.fix, one.fix.at
    point = Point(lat=fix.lat, lon=fix.lon, datum=Datum.WGS84.value, accuracy_m=fix.accuracy_m)
    told = ResponderPosition(responder=responder, point=point, at=at, battery=one.battery)
    headers = headers_for(id=str(uuid4()), source=SOURCE, type=EventType.RESPONDER_POSITION, time=at, key=responder)
    value = told.model_dump_json(exclude_none=True).encode()
    return Message(topic=RESPONDER_POSITION, key=responder.encode(), value=value, headers=headers)
