"""What the envelope takes and refuses, and that an independent reader of CloudEvents agrees with it."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.envelope import (
    CODES,
    MAX_ATTRIBUTE_CHARS,
    BadEnvelope,
    Envelope,
    EventType,
    Headers,
    headers_for,
    must_be,
    parse_type,
    read,
)

AT = datetime(2026, 11, 20, 8, 0, 0, 125000, tzinfo=UTC)
STRUCTURED: Headers = [("content-type", b"application/cloudevents+json")]
EVENT = {"specversion": "1.0", "id": "id-1", "source": "测试来源", "type": EventType.WARNING_ISSUED}
DATA = b'{"risk":"HIGH"}'


def binary(**changed: bytes | None) -> Headers:
    """Good binary headers; a changed one is replaced, None takes it away. `content_type` stands for content-type."""
    headers = headers_for(id="id-1", source="测试来源", type=EventType.WARNING_ISSUED, time=AT, key="key-1")
    wanted: dict[str, bytes | None] = {**dict(headers)}
    wanted |= {name.replace("content_type", "content-type"): value for name, value in changed.items()}
    return [(name, value) for name, value in wanted.items() if value is not None]


def structured(**changed: object) -> bytes:
    return json.dumps({**EVENT, "data": {"risk": "HIGH"}} | changed).encode()


def code_or_none(headers: Headers, value: bytes | None) -> str | None:
    try:
        read(headers, value)
    except BadEnvelope as refusal:
        return refusal.code
    return None


def test_binary_record_gives_its_attributes_and_data() -> None:
    assert read(binary(), DATA) == Envelope("id-1", "测试来源", EventType.WARNING_ISSUED, AT, DATA)


def test_structured_record_gives_the_same_event() -> None:
    assert read(STRUCTURED, structured(time=AT.isoformat())) == read(binary(), DATA)


def test_structured_record_may_carry_its_data_in_base64() -> None:
    event = EVENT | {"data_base64": base64.b64encode(DATA).decode()}

    assert read(STRUCTURED, json.dumps(event).encode()).data == DATA


@pytest.mark.parametrize(
    "content_type",
    [b"Application/JSON", b"application/json; charset=utf-8", b"application/vnd.test+json", b"text/json", None],
)
def test_every_way_to_say_json_is_taken(content_type: bytes | None) -> None:
    assert read(binary(content_type=content_type), DATA).data == DATA


@pytest.mark.parametrize(
    "content_type", [b"APPLICATION/CloudEvents+JSON", b" application/cloudevents+json;charset=utf-8"]
)
def test_structured_mode_is_known_by_its_prefix_in_any_case(content_type: bytes) -> None:
    assert read([("Content-Type", content_type)], structured()).id == "id-1"


def test_header_names_in_capitals_are_understood() -> None:
    assert read([(name.upper(), value) for name, value in binary()], DATA) == read(binary(), DATA)


def test_a_header_repeated_with_one_value_is_harmless() -> None:
    assert read([*binary(), *binary()], DATA) == read(binary(), DATA)


@pytest.mark.parametrize("time", [b"yesterday", b"\xff", b"2026-11-20T08:00:00", b"0001-01-01T00:00:00+14:00", None])
def test_unreadable_time_does_not_cost_the_event(time: bytes | None) -> None:
    envelope = read(binary(ce_time=time), DATA)

    assert (envelope.id, envelope.time) == ("id-1", None)


def test_time_of_another_zone_is_turned_into_utc() -> None:
    time = read(binary(ce_time=b"2026-11-20T16:00:00.125+08:00"), DATA).time

    assert time is not None
    assert (time, time.tzinfo) == (AT, UTC)


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("id_missing", {"ce_id": None}),
        ("id_missing", {"ce_id": b""}),
        ("source_missing", {"ce_source": None}),
        ("type_missing", {"ce_type": None}),
        ("specversion_missing", {"ce_specversion": None}),
        ("specversion_unknown", {"ce_specversion": b"0.3"}),
        ("bad_utf8", {"ce_id": b"\xff\xfe"}),
        ("bad_utf8", {"ce_source": "测试".encode("gbk")}),
        ("bad_utf8", {"content_type": b"\xff"}),
        ("id_too_long", {"ce_id": b"x" * (MAX_ATTRIBUTE_CHARS + 1)}),
        ("source_too_long", {"ce_source": "测".encode() * (MAX_ATTRIBUTE_CHARS + 1)}),
        ("id_nul", {"ce_id": b"a\0b"}),
        ("source_nul", {"ce_source": b"a\0"}),
        ("content_type", {"content_type": b"application/avro"}),
        ("content_type", {"content_type": b""}),
        ("content_type", {"content_type": b"application/cloudevents+avro"}),
        ("content_type", {"content_type": b"application/cloudevents-batch+json"}),
    ],
)
def test_bad_header_is_refused_with_its_code(code: str, changed: dict[str, bytes | None]) -> None:
    assert code_or_none(binary(**changed), DATA) == code
    assert code in CODES


@pytest.mark.parametrize("name", ["id", "source", "type", "specversion"])
def test_two_values_for_one_attribute_are_refused(name: str) -> None:
    assert code_or_none([*binary(), (f"ce_{name}", b"other")], DATA) == f"{name}_twice"


def test_null_header_counts_as_a_missing_one() -> None:
    assert code_or_none([("ce_id", None), *binary(ce_id=None)], DATA) == "id_missing"
    assert read([("ce_id", None), *binary()], DATA).id == "id-1"


def test_tombstone_and_empty_value_are_told_apart() -> None:
    assert code_or_none(binary(), None) == "tombstone"
    assert code_or_none(binary(), b"") == "empty"


def test_longest_allowed_attribute_is_taken() -> None:
    assert len(read(binary(ce_id=("测" * MAX_ATTRIBUTE_CHARS).encode()), DATA).id) == MAX_ATTRIBUTE_CHARS


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("not_json", b"{"),
        ("not_json", b'{"id": NaN}'),
        ("not_json", b'{"id": -Infinity}'),
        ("not_json", b'{"data": 1e400}'),
        ("not_json", b'{"id": "\\ud800"}'),
        ("bad_utf8", b'{"id": "\xff"}'),
        ("not_object", b"[]"),
        ("not_object", b"null"),
        ("too_deep", b"[" * 100_000),
        ("too_deep", b'{"data":' * 2_000 + b"1" + b"}" * 2_000),
        ("too_deep", structured(data=0)[:-2] + b"[" * 1_000 + b"]" * 1_000 + b"}"),
        ("id_missing", structured(id=None)),
        ("id_missing", structured(id="")),
        ("id_not_text", structured(id=7)),
        ("source_not_text", structured(source=["a"])),
        ("type_not_text", structured(type={})),
        ("specversion_not_text", structured(specversion=1.0)),
        ("specversion_unknown", structured(specversion="2.0")),
        ("source_nul", structured(source="a\0b")),
        ("type_too_long", structured(type="x" * 300)),
        ("content_type", structured(datacontenttype="text/plain")),
        ("content_type", structured(datacontenttype=5)),
        ("data_missing", json.dumps(EVENT).encode()),
        ("data_twice", structured(data_base64="e30=")),
        ("bad_base64", json.dumps(EVENT | {"data_base64": "e30"}).encode()),
        ("bad_base64", json.dumps(EVENT | {"data_base64": "测试"}).encode()),
        ("bad_base64", json.dumps(EVENT | {"data_base64": "e3\n0="}).encode()),
        ("bad_base64", json.dumps(EVENT | {"data_base64": 5}).encode()),
    ],
)
def test_bad_structured_record_is_refused_with_its_code(code: str, value: bytes) -> None:
    assert code_or_none(STRUCTURED, value) == code
    assert code in CODES


def test_type_is_parsed_into_name_and_major_version() -> None:
    assert parse_type("cn.quanzu.warning.issued.v12") == ("cn.quanzu.warning.issued", 12)


@pytest.mark.parametrize(
    ("code", "type_"),
    [
        ("type_major_unknown", "cn.quanzu.warning.issued.v2"),
        ("type_unknown", "cn.quanzu.case.changed.v1"),
        ("type_unknown", "cn.quanzu.warning.issued"),
        ("type_unknown", "cn.quanzu.warning.issued.v0"),
        ("type_unknown", "cn.quanzu.warning.issued.v1\n"),
    ],
)
def test_another_type_or_major_version_is_refused(code: str, type_: str) -> None:
    envelope = read(binary(ce_type=type_.encode()), DATA)

    with pytest.raises(BadEnvelope, match=f"^{code}$"):
        must_be(EventType.WARNING_ISSUED, envelope)


def test_the_expected_type_is_let_through() -> None:
    must_be(EventType.WARNING_ISSUED, read(binary(), DATA))


def test_naive_time_is_refused_when_writing() -> None:
    with pytest.raises(ValueError, match="aware"):
        headers_for(id="a", source="b", type="c.v1", time=AT.replace(tzinfo=None), key="k")


@pytest.mark.parametrize("at", [AT, AT.replace(microsecond=0), AT.astimezone(timezone(timedelta(hours=8)))])
def test_independent_reader_reads_our_headers(at: datetime) -> None:
    headers = headers_for(id="id-1", source="test-centre", type=EventType.CASE_CHANGED, time=at, key="key-1")

    event = from_binary_event(KafkaMessage(headers=dict(headers), key=b"key-1", value=DATA))

    assert (event.get_id(), event.get_source(), event.get_type()) == ("id-1", "test-centre", EventType.CASE_CHANGED)
    assert (event.get_time(), event.get_data(), event.get_extension("partitionkey")) == (at, json.loads(DATA), "key-1")


@pytest.mark.parametrize("write", [to_binary_event, to_structured_event])
def test_we_read_what_an_independent_writer_writes(write: object) -> None:
    attributes = EVENT | {"time": AT, "datacontenttype": "application/json", "partitionkey": "key-1"}
    assert callable(write)
    message = write(CloudEvent(attributes=attributes, data={"risk": "HIGH"}))

    envelope = read(list(message.headers.items()), message.value)

    assert envelope._replace(data=b"") == read(binary(), DATA)._replace(data=b"")
    assert json.loads(envelope.data) == {"risk": "HIGH"}


NAMES = st.sampled_from(["ce_id", "ce_source", "ce_type", "ce_specversion", "ce_time", "content-type", "CE_ID"])
CONTENT_TYPES = st.sampled_from([b"application/json", b"application/cloudevents+json", b"application/cloudevents"])
HEADERS = st.lists(
    st.tuples(NAMES | st.text(max_size=8), st.none() | st.just(b"1.0") | CONTENT_TYPES | st.binary(max_size=12))
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*EVENT, "data", "x"]), inner),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode())


@settings(deadline=None)  # a busy machine is no failure
@given(HEADERS, st.none() | st.binary(max_size=64) | JSON, st.booleans())
@example([("content-type", b"application/cloudevents+json")], b"\xef\xbb\xbf{}", False)
def test_any_record_is_an_event_or_a_bad_envelope(
    headers: list[tuple[str, bytes | None]], value: bytes | None, whole: bool
) -> None:
    assert code_or_none([*headers, *binary()] if whole else headers, value) in {None, *CODES}
