"""A broken message is refused with where and what, and never with a word of what it said."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.export import MESSAGES
from schemas.fields import Wire, reasons
from schemas.stop_payment import StopPaymentResolved
from schemas.warning import WarningIssued

GOOD: dict[str, Any] = {
    "instruction_number": "CS-1",
    "issued_at": "2026-11-20T08:00:00Z",
    "risk": "LOW",
    "subject": {"phone": "199-0000-0005"},
}


def warning(**changed: Any) -> bytes:
    return json.dumps(GOOD | changed).encode()


def at_point(point: dict[str, Any]) -> bytes:
    return warning(places={"current": {"point": point}})


def reason_for(data: bytes, model: type[Wire] = WarningIssued) -> str:
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(data)
    return reasons(caught.value)


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        ("body: json_invalid", b""),
        ("body: json_invalid", b"{"),
        ("body: json_invalid", b'{"risk": "\xff"}'),
        ("body: json_invalid", b"[" * 1_000),
        ("body: json_invalid", b'{"unknown":' * 1_000 + b"1" + b"}" * 1_000),
        ("body: json_invalid", warning()[:-1] + b', "unknown": ' + b"[" * 1_000 + b"]" * 1_000 + b"}"),
        ("body: json_invalid", warning(risk="测试").replace(b"\\u6d4b", b"\\ud800")),
        ("body: model_type", b"[]"),
        ("body: model_type", b'"text"'),
        ("body: model_type", b"null"),
        ("instruction_number: missing; issued_at: missing; risk: missing; subject: missing", b"{}"),
        ("instruction_number: string_too_short", warning(instruction_number="")),
        ("instruction_number: string_too_long", warning(instruction_number="9" * 65)),
        ("instruction_number: string_type", warning(instruction_number=12)),
        ("risk: literal_error", warning(risk="high")),
        ("risk: literal_error", warning(risk=None)),
        ("mode: literal_error", warning(mode="drill")),
        ("issued_at: timezone_aware", warning(issued_at="2026-11-20T08:00:00")),
        ("issued_at: datetime_parsing", warning(issued_at="yesterday")),
        ("issued_at: datetime_type", warning(issued_at=1_700_000_000)),
        ("issued_at: datetime_range", warning(issued_at="0001-01-01T00:00:00+14:00")),
        ("issued_at: datetime_before_1970", warning(issued_at="0001-01-01T00:00:00Z")),
        ("issued_at: datetime_before_1970", warning(issued_at="1969-12-31T23:59:59Z")),
        ("issued_at: datetime_range", warning(issued_at="9999-12-31T23:59:59-14:00")),
        ("subject: subject_unidentified", warning(subject={})),
        ("subject: subject_unidentified", warning(subject={"name": "", "phone": None})),
        ("subject: model_type", warning(subject=[])),
        ("subject.age: int_type", warning(subject={"name": "测试甲", "age": "68"})),
        ("subject.family: too_long", warning(subject={"name": "测试甲", "family": [{}] * 9})),
        ("subject.family.1.phone: string_type", warning(subject={"name": "测试甲", "family": [{}, {"phone": 1}]})),
        ("places.current: model_type", warning(places={"current": ["测试路"]})),
        ("places.current.region_code: string_pattern_mismatch", warning(places={"current": {"region_code": "99-01"}})),
        ("places.current.point.lat: float_type", at_point({"lat": "36.5", "lon": 1})),
        ("places.current.point.lon: missing", at_point({"lat": 36.5})),
        (
            "places.current.point.lat: finite_number",
            at_point({"lat": float("nan"), "lon": 1}),
        ),
        (
            "places.current.point.lon: finite_number",
            at_point({"lat": 1, "lon": float("-inf")}),
        ),
        ("places.current.point.lat: finite_number", at_point({"lat": 10**400, "lon": 1})),
        (
            "places.current.point.datum: literal_error",
            at_point({"lat": 1, "lon": 1, "datum": "X"}),
        ),
        ("scam.amount_at_risk_fen: greater_than_equal", warning(scam={"amount_at_risk_fen": -1})),
        ("scam.amount_at_risk_fen: less_than_equal", warning(scam={"amount_at_risk_fen": 10**15 + 1})),
        ("scam.amount_at_risk_fen: less_than_equal", warning(scam={"amount_at_risk_fen": 10**60})),
        ("scam.amount_at_risk_fen: int_type", warning(scam={"amount_at_risk_fen": 100.5})),
        ("scam.amount_at_risk_fen: int_type", warning(scam={"amount_at_risk_fen": float("inf")})),
        ("scam.transfer_under_way: bool_type", warning(scam={"transfer_under_way": "yes"})),
        ("narrative: string_pattern_mismatch", warning(narrative="测试\0")),
        ("narrative: string_too_long", warning(narrative="测" * 20_001)),
        ("requests: too_long", warning(requests=["CALL"] * 17)),
        ("requests.0: string_pattern_mismatch", warning(requests=["\0"])),
    ],
)
def test_broken_warning_is_refused_with_its_reason(reason: str, data: bytes) -> None:
    assert reason_for(data) == reason


@pytest.mark.parametrize(("lat", "lon"), [(0, 0), (200.5, -900), (1e300, 0), (114.5, 36.5)])
def test_a_bad_point_does_not_refuse_the_warning(lat: float, lon: float) -> None:
    accepted = WarningIssued.model_validate_json(at_point({"lat": lat, "lon": lon}))

    assert accepted.places.current is not None


def test_empty_optional_texts_do_not_refuse_the_warning() -> None:
    """Forms that were left blank arrive as empty strings."""
    blank = {"fraud_type": "", "needs": {"language": ""}, "scam": {"channel": "", "suspect_account": ""}}

    WarningIssued.model_validate_json(warning(**blank, places={"current": {"address": "", "region_code": ""}}))


def test_an_unknown_fraud_type_never_blocks_a_warning() -> None:
    assert WarningIssued.model_validate_json(warning(fraud_type="NEW_TRICK")).fraud_type == "NEW_TRICK"


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        ("body: held_incomplete", {"result": "HELD", "held_fen": 1}),
        ("body: rejected_incomplete", {"result": "REJECTED"}),
        ("result: literal_error", {"result": "PENDING"}),
    ],
)
def test_half_an_answer_of_a_bank_is_refused(reason: str, answer: dict[str, Any]) -> None:
    ids = dict.fromkeys(("order_id", "case_id"), "00000000-0000-5000-8000-000000000001")

    assert (
        reason_for(json.dumps(ids | answer | {"resolved_at": "2026-11-20T08:00:00Z"}).encode(), StopPaymentResolved)
        == reason
    )


def test_reason_is_bounded_however_many_faults() -> None:
    family = [{"name": 1, "phone": 2, "relation": 3}] * 8

    reason = reason_for(warning(subject={"family": family}))

    assert len(reason) == 300
    assert reason.endswith("…")


def test_a_key_of_the_sender_is_never_named_in_a_reason() -> None:
    class Keyed(Wire):
        subject: dict[str, int]

    assert (
        reason_for(b'{"subject": {"CANARY-1": "x", "phone": "x"}}', Keyed)
        == "subject.?: int_type; subject.phone: int_type"
    )


def test_no_message_takes_keys_of_the_senders_choice() -> None:
    """A path in a reason is then made of our field names alone."""
    for model in MESSAGES.values():
        schema = model.model_json_schema()
        assert "additionalProperties" not in json.dumps(schema), model.__name__


CANARY = "金丝雀CANARY"
VALUES = st.recursive(
    st.sampled_from([CANARY, f"\0{CANARY}", [CANARY], {CANARY: CANARY}, 10**400, float("nan"), -1, None, True, 1.5]),
    lambda inner: (
        st.dictionaries(st.sampled_from([*WarningIssued.model_fields, "point", "lat", CANARY]), inner)
        | st.lists(inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.dictionaries(st.sampled_from(list(WarningIssued.model_fields)), VALUES),
    st.sampled_from(list(MESSAGES.values())),
)
def test_no_reason_repeats_a_value_of_the_input(changed: dict[str, Any], model: type[Wire]) -> None:
    told = refusal(model, warning(**changed))

    assert not any(secret in told for secret in ("CANARY", "199-0000"))


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(max_size=80), st.sampled_from(list(MESSAGES.values())))
def test_any_bytes_are_a_message_or_a_validation_error(data: bytes, model: type[Wire]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate_json(data)


def refusal(model: type[Wire], data: bytes) -> str:
    """All that a refusal says in any form; empty where the message is taken."""
    try:
        model.model_validate_json(data)
    except ValidationError as error:
        return reasons(error) + str(error) + repr(error)
    return ""
