"""The CloudEvents 1.0 envelope on Kafka: reads records of both modes, writes binary headers. Leaves the data alone.

By hand because it runs once a record: the `cloudevents` package takes 40 µs a round trip, so only the tests use it.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

ATTRIBUTES: Final = ("id", "source", "type", "specversion")  # the four that CloudEvents requires
MAX_ATTRIBUTE_CHARS: Final = 256

CODES: Final = frozenset(
    {"tombstone", "empty", "content_type", "bad_utf8", "not_json", "too_deep", "not_object", "specversion_unknown"}
    | {"data_missing", "data_twice", "bad_base64", "type_unknown", "type_major_unknown"}
    | {f"{name}_{fault}" for name in ATTRIBUTES for fault in ("missing", "twice", "not_text", "too_long", "nul")}
)  # every code a BadEnvelope can carry, so that a metric may use it as a label

_HEADERS: Final = frozenset(f"ce_{name}" for name in ATTRIBUTES) | {"content-type"}
_STRUCTURED: Final = "application/cloudevents"
_JSON_TYPE: Final = re.compile(r"(application|text)/([\w.-]+\+)?json\s*(;.*)?", re.DOTALL)
_VERSIONED: Final = re.compile(r"(.+)\.v([1-9][0-9]{0,3})", re.ASCII)

Headers = Sequence[tuple[str, bytes | None]]  # as aiokafka hands them over; a header's value may be null


class EventType(StrEnum):
    """What a message tells, with its major version: a breaking change is a new type."""

    WARNING_ISSUED = "cn.quanzu.warning.issued.v1"
    WARNING_WITHDRAWN = "cn.quanzu.warning.withdrawn.v1"
    INSTRUCTION_ISSUED = "cn.quanzu.instruction.issued.v1"
    CASE_CHANGED = "cn.quanzu.case.changed.v1"
    STOP_PAYMENT_REQUESTED = "cn.quanzu.stop-payment.requested.v1"
    STOP_PAYMENT_RESOLVED = "cn.quanzu.stop-payment.resolved.v1"
    RESPONDER_POSITION = "cn.quanzu.responder.position.v1"
    DEAD_LETTER_RECORDED = "cn.quanzu.dead-letter.recorded.v1"
    AUDIT_SEALED = "cn.quanzu.audit.sealed.v1"


class BadEnvelope(ValueError):
    """The record is no event for us. `code` is one of CODES and holds nothing of the record."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Envelope(NamedTuple):
    """One event. A tuple because building one takes 0.2 µs, a frozen dataclass 0.7 µs."""

    id: str
    source: str
    type: str
    time: datetime | None  # UTC; None also where it is unreadable: nothing acts on it, so it must not cost a warning
    data: bytes  # JSON, not yet looked at


def read(headers: Headers, value: bytes | None) -> Envelope:
    """The event in a Kafka record of either mode. Raises BadEnvelope, and nothing else, whatever the bytes."""
    if not value:
        raise BadEnvelope("tombstone" if value is None else "empty")
    found = dict(headers)
    if len(found) != len(headers) or not found.keys() >= _HEADERS:
        found = _tidied(headers)
    content_type = found.get("content-type")
    if content_type is not None and content_type != b"application/json":
        media_type = _text("content_type", content_type).strip().lower()
        if media_type.startswith(_STRUCTURED):
            return _read_structured(media_type, value)
        _must_be_json(media_type)
    _check_version(found.get("ce_specversion"))
    return Envelope(
        _attribute("id", found.get("ce_id")),
        _attribute("source", found.get("ce_source")),
        _attribute("type", found.get("ce_type")),
        _time(found.get("ce_time")),
        value,
    )


def headers_for(
    *,
    id: str,  # noqa: A002 - CloudEvents' own word
    source: str,
    type: str,  # noqa: A002 - CloudEvents' own word
    time: datetime,
    key: str,
) -> list[tuple[str, bytes]]:
    """The headers of a binary record; its value is the JSON data. `key` is the record's key: never personal data.

    `time` must be aware; a naive one raises ValueError.
    """
    version, of_source, of_type, at, content = _shared_headers(source, type, time)
    return [version, ("ce_id", id.encode()), of_source, of_type, at, ("ce_partitionkey", key.encode()), content]


@lru_cache(maxsize=64)  # a batch has one source, one time and two types
def _shared_headers(source: str, type: str, time: datetime) -> tuple[tuple[str, bytes], ...]:  # noqa: A002
    if time.tzinfo is None:
        raise ValueError("an event's time must be aware")
    at = time.astimezone(UTC)
    return (
        ("ce_specversion", b"1.0"),
        ("ce_source", source.encode()),
        ("ce_type", type.encode()),
        ("ce_time", at.isoformat()[:-6].encode() + b"Z"),  # "+00:00" is six characters
        ("content-type", b"application/json"),
    )


def parse_type(type: str) -> tuple[str, int]:  # noqa: A002 - CloudEvents' own word
    """Name and major version: `cn.quanzu.warning.issued.v1` → (`cn.quanzu.warning.issued`, 1). Raises BadEnvelope."""
    if (parts := _VERSIONED.fullmatch(type)) is None:
        raise BadEnvelope("type_unknown")
    return parts[1], int(parts[2])


def must_be(expected: EventType, envelope: Envelope) -> None:
    """Raise BadEnvelope `type_unknown`, or `type_major_unknown` where only the major version differs."""
    if envelope.type == expected:
        return
    if parse_type(envelope.type)[0] == parse_type(expected)[0]:
        raise BadEnvelope("type_major_unknown")
    raise BadEnvelope("type_unknown")


def _tidied(headers: Headers) -> dict[str, bytes | None]:
    """Our headers under lower-case names. The same value twice is harmless; two values for one attribute are not."""
    found: dict[str, bytes | None] = {}
    for name, value in headers:
        key = name.lower()
        if value is None or not (key in _HEADERS or key == "ce_time"):
            continue
        if found.setdefault(key, value) != value and key != "ce_time":
            raise BadEnvelope("content_type" if key == "content-type" else f"{key.removeprefix('ce_')}_twice")
    return found


def _read_structured(media_type: str, value: bytes) -> Envelope:
    if media_type.partition(";")[0].strip() != "application/cloudevents+json":  # a batch, Avro, XML …
        raise BadEnvelope("content_type")
    event = _object(value)
    _check_version(event.get("specversion"))
    if (data_type := event.get("datacontenttype")) is not None:
        _must_be_json(_text("content_type", data_type).strip().lower())
    return Envelope(
        _attribute("id", event.get("id")),
        _attribute("source", event.get("source")),
        _attribute("type", event.get("type")),
        _time(event.get("time")),
        _data(event),
    )


def _object(value: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise BadEnvelope(_why_not_json(error.msg, value)) from None
    if not isinstance(event, dict):
        raise BadEnvelope("not_object")
    return event


def _why_not_json(message: str, value: bytes) -> str:
    """orjson has one error for everything; an operator wants to know which of the three it was."""
    if message.startswith("depth limit"):
        return "too_deep"
    try:
        value.decode()
    except UnicodeDecodeError:
        return "bad_utf8"
    return "not_json"


def _data(event: dict[str, Any]) -> bytes:
    if "data" in event and "data_base64" in event:
        raise BadEnvelope("data_twice")
    if "data" in event:
        try:
            return orjson.dumps(event["data"])
        except orjson.JSONEncodeError:  # what was read can be written, except below its depth limit
            raise BadEnvelope("too_deep") from None
    if "data_base64" not in event:
        raise BadEnvelope("data_missing")
    try:
        return base64.b64decode(event["data_base64"], validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise BadEnvelope("bad_base64") from None


def _must_be_json(media_type: str) -> None:
    if _JSON_TYPE.fullmatch(media_type) is None:
        raise BadEnvelope("content_type")


def _check_version(raw: object) -> None:
    if raw != b"1.0" and _attribute("specversion", raw) != "1.0":
        raise BadEnvelope("specversion_unknown")


def _text(code: str, raw: object) -> str:
    if isinstance(raw, bytes):
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise BadEnvelope("bad_utf8") from None
    if isinstance(raw, str):
        return raw
    raise BadEnvelope(code)


def _attribute(name: str, raw: object) -> str:
    if raw is None or raw in (b"", ""):
        raise BadEnvelope(f"{name}_missing")
    text = _text(f"{name}_not_text", raw)
    if len(text) > MAX_ATTRIBUTE_CHARS:
        raise BadEnvelope(f"{name}_too_long")
    if "\0" in text:
        raise BadEnvelope(f"{name}_nul")
    return text


def _time(raw: object) -> datetime | None:
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        at = datetime.fromisoformat(text)  # type: ignore[arg-type]  # TypeError is caught below
        if at.tzinfo is UTC:
            return at
        return None if at.tzinfo is None else at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
