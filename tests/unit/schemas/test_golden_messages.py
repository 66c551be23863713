"""Messages of version 1 as others send them today must be understood for ever. The golden files are never edited."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from schemas.audit import AuditSealed
from schemas.case import CaseChanged
from schemas.dead_letter import DeadLetter
from schemas.envelope import EventType, read
from schemas.export import HERE, MESSAGES
from schemas.fields import Wire
from schemas.instruction import InstructionIssued
from schemas.position import ResponderPosition
from schemas.stop_payment import StopPaymentRequested, StopPaymentResolved
from schemas.warning import WarningIssued
from schemas.withdrawal import WarningWithdrawn

GOLDEN = Path(__file__).parent / "golden"
MODELS: dict[str, type[Wire]] = {
    "warning_full": WarningIssued,
    "warning_minimal": WarningIssued,
    "warning_unknown_fields": WarningIssued,
    "warning_withdrawn": WarningWithdrawn,
    "instruction": InstructionIssued,
    "case": CaseChanged,
    "stop_payment_requested": StopPaymentRequested,
    "stop_payment_held": StopPaymentResolved,
    "stop_payment_rejected": StopPaymentResolved,
    "stop_payment_frozen": StopPaymentResolved,
    "position": ResponderPosition,
    "dead_letter": DeadLetter,
    "audit_sealed": AuditSealed,
}


# What some leave out, or could not know when they were written.
SHORT = ("warning_unknown_fields", "warning_minimal", "stop_payment_held", "stop_payment_rejected")


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def test_every_golden_file_has_its_test() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == {*MODELS, "warning_structured"}
    assert set(MODELS.values()) == set(MESSAGES.values())


@pytest.mark.parametrize("name", MODELS)
def test_golden_message_parses_and_survives_a_round_trip(name: str) -> None:
    message = MODELS[name].model_validate_json(golden(name))

    assert MODELS[name].model_validate_json(message.model_dump_json()) == message


@pytest.mark.parametrize("name", MODELS)
def test_golden_message_also_fits_the_exported_schema(name: str) -> None:
    event = next(event for event, model in MESSAGES.items() if model is MODELS[name])
    schema = json.loads((HERE / "json" / f"{event}.schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)

    Draft202012Validator(schema).validate(json.loads(golden(name)))


@pytest.mark.parametrize("name", [name for name in MODELS if name not in SHORT])
def test_golden_message_fills_every_field_it_could(name: str) -> None:
    """Else a field that is dropped or renamed would not be noticed here."""
    message = MODELS[name].model_validate_json(golden(name))

    assert set(json.loads(golden(name))) == type(message).model_fields.keys()
    if name == "warning_full":
        assert _unset(message) == []


def test_full_warning_keeps_each_value_as_sent() -> None:
    sent = json.loads(golden("warning_full"))
    sent["issued_at"], sent["places"]["last_seen"]["at"] = "2026-11-20T08:00:00.125000Z", "2026-11-20T07:55:00Z"

    assert json.loads(WarningIssued.model_validate_json(golden("warning_full")).model_dump_json()) == sent


def test_unknown_fields_change_nothing_that_is_known() -> None:
    with_unknown = WarningIssued.model_validate_json(golden("warning_unknown_fields"))

    assert with_unknown == WarningIssued.model_validate_json(golden("warning_full"))


def test_minimal_warning_is_actual_of_unknown_type() -> None:
    warning = WarningIssued.model_validate_json(golden("warning_minimal"))

    assert (warning.mode, warning.fraud_type, warning.scam.transfer_under_way) == ("actual", "UNKNOWN", False)


def test_structured_record_carries_the_same_warning() -> None:
    headers = [("content-type", b"application/cloudevents+json; charset=UTF-8")]

    envelope = read(headers, golden("warning_structured"))

    assert (envelope.id, envelope.source, envelope.type) == ("golden-1", "test-centre", EventType.WARNING_ISSUED)
    assert WarningIssued.model_validate_json(envelope.data) == WarningIssued.model_validate_json(golden("warning_full"))


def _unset(part: BaseModel, path: str = "") -> list[str]:
    """Paths of the fields that a message leaves at their default, at any depth."""
    missing = [f"{path}{name}" for name in type(part).model_fields if name not in part.model_fields_set]
    for name, value in part:
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, BaseModel):
                missing += _unset(child, f"{path}{name}.")
    return missing
