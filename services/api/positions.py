"""What trackers send, read into fixes: OwnTracks, Traccar's own protocol (OsmAnd) and what Traccar forwards. Keeps nothing.

The shapes are those that the two projects document and send. Both mean WGS-84, so no datum is asked for.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import nan
from typing import Annotated, Any, Final, NamedTuple, TypeVar
from urllib.parse import parse_qsl

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from starlette.exceptions import HTTPException

from services.api.bodies import Strict
from services.domain.fix import Fix

MOST_AT_ONCE: Final = 1_000
LAST_SECOND: Final = 2**31 - 1  # a greater number counts milliseconds, as in Traccar


class Reported(NamedTuple):
    """One fix as a device told it. `valid` False: the device does not stand by it. `device`: whose it is, as forwarded."""

    fix: Fix
    battery: int | None = None
    valid: bool = True
    device: str | None = None


def _seconds(told: Any) -> Any:
    """Seconds since 1970 from a number (of seconds or milliseconds) or a time in words; without a zone it is UTC."""
    if isinstance(told, bool):
        raise ValueError("no time")
    try:
        number = float(told)
    except (TypeError, ValueError):
        at = datetime.fromisoformat(str(told))
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    return number if number < LAST_SECOND else number / 1000


_TOLD_AS: Final = {"anyOf": [{"type": "number"}, {"type": "string", "format": "date-time"}]}
AtS = Annotated[float, BeforeValidator(_seconds), WithJsonSchema(_TOLD_AS)]


class FromDevice(Strict):
    """A part of what a device sends; the many fields that nobody needs here are left where they are."""

    model_config = ConfigDict(extra="ignore")


class OwnTracksLocation(FromDevice):
    """`_type: location`."""

    lat: float = Field(description="Latitude in degrees, WGS-84.")
    lon: float = Field(description="Longitude in degrees, WGS-84.")
    tst: AtS = Field(description="Time of the fix, seconds since 1970.")
    acc: float | None = Field(default=None, description="Radius of the error in metres.")
    batt: float | None = Field(default=None, description="Charge in percent.")


class OsmAndFix(FromDevice):
    """The query or the form of Traccar's own protocol. Who it is says the token, not `id`."""

    lat: float = nan
    lon: float = nan
    timestamp: AtS | None = None  # the moment it comes, where it is missing
    accuracy: float | None = None
    batt: float | None = None
    valid: bool = True


class Coords(FromDevice):
    latitude: float
    longitude: float
    accuracy: float | None = None


class Battery(FromDevice):
    level: float | None = None  # 0 to 1


class TraccarLocation(FromDevice):
    """`location` of the JSON that Traccar Client sends since its version 9."""

    timestamp: AtS
    coords: Coords
    battery: Battery = Battery()


class Attributes(FromDevice):
    batteryLevel: float | None = None  # noqa: N815 - Traccar's own word


class Device(FromDevice):
    """`device` of what a Traccar server forwards: it has many, so here it must be said whose the position is."""

    uniqueId: str = Field(description="The responder's code.")  # noqa: N815 - Traccar's own word


class ForwardedPosition(FromDevice):
    """`position` of what a Traccar server forwards as JSON."""

    latitude: float
    longitude: float
    fixTime: AtS  # noqa: N815 - Traccar's own word
    accuracy: float | None = None
    valid: bool = True
    attributes: Attributes = Attributes()


Told = TypeVar("Told", bound=FromDevice)


def of_owntracks(body: bytes) -> list[Reported]:
    """The locations in one message or a list of them; every other `_type`, and nothing at all, is no location.

    Raises RequestValidationError, or HTTPException where it is too much.
    """
    told = [one for one in _each(body) if one.get("_type") == "location"]
    return [
        Reported(Fix(one.tst, one.lat, one.lon, one.acc), _percent(one.batt))
        for one in (_read(OwnTracksLocation, item) for item in told)
    ]


def of_traccar(query: str, body: bytes, *, now: datetime, json: bool = False) -> list[Reported]:
    """The fixes of a query, a form, or JSON of either kind, one or a list; `json`: the body says it is that.

    Raises as `of_owntracks`.
    """
    if {"lat", "location"} & dict(parse_qsl(query)).keys():
        return [_of_form(query, now)]
    if not json and body.lstrip()[:1] not in (b"{", b"["):
        return [_of_form(body.decode("ascii", "replace"), now)] if body.strip() else []
    return [reported for item in _each(body) for reported in _of_json(item)]


def _of_form(text: str, now: datetime) -> Reported:
    given = dict(parse_qsl(text))
    if (place := given.pop("location", None)) is not None:
        given["lat"], _, given["lon"] = place.partition(",")
    told = _read(OsmAndFix, given, strict=False)  # everything in a form is text
    at_s = now.timestamp() if told.timestamp is None else told.timestamp
    return Reported(Fix(at_s, told.lat, told.lon, told.accuracy), _percent(told.batt), told.valid)


def _of_json(item: Mapping[str, Any]) -> list[Reported]:
    if "position" in item:
        told = _read(ForwardedPosition, item["position"])
        fix = Fix(told.fixTime, told.latitude, told.longitude, told.accuracy)
        device = _read(Device, item.get("device")).uniqueId
        return [Reported(fix, _percent(told.attributes.batteryLevel), told.valid, device)]
    location = item.get("location")
    found = []
    for one in location if isinstance(location, list) else [location]:
        seen = _read(TraccarLocation, one)
        level = None if seen.battery.level is None else 100 * seen.battery.level
        coords = seen.coords
        fix = Fix(seen.timestamp, coords.latitude, coords.longitude, coords.accuracy)
        found.append(Reported(fix, _percent(level)))
    return found


def _each(body: bytes) -> Sequence[dict[str, Any]]:
    if not body.strip():
        return ()
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RequestValidationError([{"loc": ("body",), "type": "json_invalid"}]) from None
    items = told if isinstance(told, list) else [told]
    if len(items) > MOST_AT_ONCE:
        raise HTTPException(413)
    if not all(isinstance(item, dict) for item in items):
        raise RequestValidationError([{"loc": ("body",), "type": "dict_type"}])
    return items


def _read(kind: type[Told], item: object, *, strict: bool = True) -> Told:
    try:
        return kind.model_validate(item, strict=strict)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{"loc": ("body", *one["loc"]), "type": one["type"]} for one in faults]) from None


def _percent(level: float | None) -> int | None:
    """A charge that can be one; iOS says -100 for "unknown"."""
    return round(level) if level is not None and 0 <= level <= 100 else None
