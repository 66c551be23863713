"""What every message has in common: times in UTC, values that cannot change, and two ways to the same bytes."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.case import CaseChanged, Happened, RunningTimer, encode_change
from schemas.export import MESSAGES
from schemas.instruction import Due, InstructionIssued, Reason, SubjectMasked, encode_instruction
from schemas.position import ResponderPosition

TIMES = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
CODES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
COUNTS = st.integers(0, 2**31 - 1)
RISKS = st.sampled_from(["URGENT", "HIGH", "MEDIUM", "LOW"])
MODES = st.sampled_from(["actual", "exercise"])
SHARED: dict[str, st.SearchStrategy[Any]] = {
    "case_id": st.uuids(),
    "version": COUNTS,
    "turn": COUNTS,
    "risk": RISKS,
    "mode": MODES,
    "responsible_unit": st.none() | CODES,
    "assigned_unit": st.none() | CODES,
    "responder": st.none() | CODES,
}


def test_a_time_of_another_zone_is_normalised_to_utc() -> None:
    sent = b'{"responder":"R-1","point":{"lat":0,"lon":0},"at":"2026-11-20T16:00:00+08:00"}'

    at = ResponderPosition.model_validate_json(sent).at

    assert (at, at.tzinfo) == (datetime(2026, 11, 20, 8, tzinfo=UTC), UTC)


def test_a_message_cannot_be_changed() -> None:
    due = Due(
        acknowledge_by=datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=8))),
        total_by=datetime(2026, 1, 1, tzinfo=UTC),
    )

    with pytest.raises(ValidationError):
        due.total_by = due.acknowledge_by  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize("model", MESSAGES.values())
def test_every_field_of_a_message_is_described(model: type[Any]) -> None:
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]

    assert all("description" in part for part in parts)
    for part in parts:  # a bare reference has the description of what it refers to
        bare = [name for name, field in part["properties"].items() if not field.keys() & {"description", "$ref"}]
        assert bare == [], part["title"]


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.fixed_dictionaries(
        SHARED
        | {
            "source": CODES,
            "instruction_number": CODES,
            "fraud_type": CODES,
            "round": COUNTS,
            "issued_at": TIMES,
            "assigned_at": TIMES,
            "place_masked": CODES,
        }
    ),
    st.fixed_dictionaries(
        {"acknowledge_by": TIMES, "total_by": TIMES}
        | dict.fromkeys(("stop_request_by", "visit_by", "second_acknowledge_by"), st.none() | TIMES)
    ),
    st.none() | st.floats(0, 1e7),
)
def test_encoded_instruction_equals_the_models_dump(
    fields: dict[str, Any], due: dict[str, Any], distance_m: float | None
) -> None:
    encoded = encode_instruction(
        **fields, **due, name_masked="测**", phone_masked=None, rule="NEAREST", distance_m=distance_m, reason="最近"
    )

    model = InstructionIssued(
        **fields,
        due=Due(**due),
        subject_masked=SubjectMasked(name="测**", phone=None),
        reason=Reason(rule="NEAREST", distance_m=distance_m, text="最近"),
    )
    assert InstructionIssued.model_validate_json(encoded) == model
    assert InstructionIssued.model_validate_json(model.model_dump_json()) == model


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.fixed_dictionaries(
        SHARED
        | {
            "state": CODES,
            "outcome": st.none() | CODES,
            "co_assigned_units": st.lists(CODES, max_size=3).map(tuple),
            "left_units": st.lists(CODES, max_size=3).map(tuple),
            "at": TIMES,
            "next_due_at": st.none() | TIMES,
            "total_due_at": st.none() | TIMES,
        }
    ),
    st.lists(st.tuples(CODES, st.none() | CODES, CODES), min_size=1, max_size=4),
    st.lists(st.tuples(CODES, COUNTS, TIMES, st.none() | TIMES), max_size=4),
)
def test_encoded_change_equals_the_models_dump(fields: dict[str, Any], changes: list[Any], timers: list[Any]) -> None:
    encoded = encode_change(**fields, changes=changes, timers=timers)

    running = tuple(RunningTimer(kind=k, round=n, due_at=due, at_risk_at=risk) for k, n, due, risk in timers)
    happened = tuple(Happened(action=action, timer=timer, by=by) for action, timer, by in changes)
    model = CaseChanged(**fields, changes=happened, timers=running)
    assert CaseChanged.model_validate_json(encoded) == model
    assert encoded == model.model_dump_json().encode()


def test_encoded_instruction_is_byte_for_byte_the_dump() -> None:
    at = datetime(2026, 11, 20, 8, tzinfo=UTC)
    encoded = encode_instruction(
        case_id=UUID(int=1),
        version=1,
        turn=1,
        source="test-centre",
        instruction_number="CS-1",
        risk="HIGH",
        mode="actual",
        fraud_type="FAKE_LOAN",
        responsible_unit=None,
        assigned_unit=None,
        responder=None,
        round=1,
        issued_at=at,
        assigned_at=at + timedelta(microseconds=1),
        acknowledge_by=at,
        total_by=at,
        stop_request_by=None,
        visit_by=None,
        second_acknowledge_by=None,
        name_masked="测**",
        phone_masked=None,
        place_masked="",
        rule="CENTRE",
        distance_m=812.5,
        reason="",
    )

    assert InstructionIssued.model_validate_json(encoded).model_dump_json().encode() == encoded
