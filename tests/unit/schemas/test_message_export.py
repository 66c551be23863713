"""The exported documents are what the code says, and hold together."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.envelope import EventType, read
from schemas.export import HERE, MESSAGES, asyncapi, documents, drifted, main
from schemas.topics import TOPICS


def test_exported_files_say_what_the_code_says() -> None:
    assert drifted() == [], "run: python -m schemas.export"


def test_export_gives_the_same_bytes_each_time() -> None:
    assert documents() == documents()


def test_check_passes_on_the_exported_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_edited_missing_and_left_over_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "json").mkdir()
    for path, content in documents(tmp_path).items():
        path.write_bytes(content)
    edited, missing, extra = (
        tmp_path / name for name in ("asyncapi.json", f"json/{EventType.CASE_CHANGED}.schema.json", "json/old")
    )
    edited.write_bytes(edited.read_bytes() + b" ")
    missing.unlink()
    extra.touch()

    assert set(drifted(tmp_path)) == {edited, missing, extra}


def test_every_reference_in_the_asyncapi_document_resolves() -> None:
    document = asyncapi()
    references = [value for key, value in _pairs(document) if key == "$ref"]

    assert len(references) > 30
    for reference in references:
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_asyncapi_has_a_channel_for_every_topic() -> None:
    document = asyncapi()

    assert document["channels"].keys() == TOPICS.keys()
    assert {message["name"] for message in document["components"]["messages"].values()} == set(EventType)
    assert {operation["channel"]["$ref"] for operation in document["operations"].values()} == {
        f"#/channels/{name}" for name in TOPICS
    }


@pytest.mark.parametrize("event", EventType)
def test_example_of_each_message_is_a_readable_record(event: EventType) -> None:
    example = asyncapi()["components"]["messages"][MESSAGES[event].__name__]["examples"][0]
    headers = [(name, value.encode()) for name, value in example["headers"].items()]

    envelope = read(headers, json.dumps(example["payload"]).encode())

    assert envelope.type == event
    MESSAGES[event].model_validate_json(envelope.data)
    schema = json.loads((HERE / "json" / f"{event}.schema.json").read_bytes())
    Draft202012Validator(schema).validate(example["payload"])


@pytest.mark.parametrize("subject", [{}, {"age": 68}, {"name": ""}, {"phone": None}])
def test_exported_schema_demands_a_subject_to_look_for(subject: dict[str, Any]) -> None:
    schema = json.loads((HERE / "json" / f"{EventType.WARNING_ISSUED}.schema.json").read_bytes())
    warning = {"instruction_number": "1", "issued_at": "2026-11-20T08:00:00Z", "risk": "LOW", "subject": subject}

    assert not Draft202012Validator(schema).is_valid(warning)
    assert Draft202012Validator(schema).is_valid(warning | {"subject": subject | {"name": "测试甲"}})


def _pairs(node: Any) -> Iterator[tuple[str, Any]]:
    yield from node.items() if isinstance(node, dict) else ()
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _pairs(child)
