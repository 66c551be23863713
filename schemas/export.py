"""`python -m schemas.export [--check]`: writes the JSON Schemas and the AsyncAPI document.

The models and the topic table say everything; nothing is described twice. The same code gives the same bytes.
With --check it writes nothing, names the files that differ and exits 1.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from schemas.audit import AuditSealed
from schemas.case import CaseChanged
from schemas.dead_letter import DeadLetter
from schemas.envelope import MAX_ATTRIBUTE_CHARS, EventType, headers_for
from schemas.fields import Wire
from schemas.instruction import InstructionIssued
from schemas.position import ResponderPosition
from schemas.stop_payment import StopPaymentRequested, StopPaymentResolved
from schemas.topics import TOPICS, Topic
from schemas.warning import WarningIssued
from schemas.withdrawal import WarningWithdrawn

MESSAGES: Final[Mapping[EventType, type[Wire]]] = MappingProxyType(
    {
        EventType.WARNING_ISSUED: WarningIssued,
        EventType.WARNING_WITHDRAWN: WarningWithdrawn,
        EventType.INSTRUCTION_ISSUED: InstructionIssued,
        EventType.CASE_CHANGED: CaseChanged,
        EventType.STOP_PAYMENT_REQUESTED: StopPaymentRequested,
        EventType.STOP_PAYMENT_RESOLVED: StopPaymentResolved,
        EventType.RESPONDER_POSITION: ResponderPosition,
        EventType.DEAD_LETTER_RECORDED: DeadLetter,
        EventType.AUDIT_SEALED: AuditSealed,
    }
)
HERE: Final = Path(__file__).parent

_OURS: Final = frozenset({"api", "router", "relay", "notifier"})  # whoever else writes or reads is not this system
_BINDING: Final = "0.5.0"  # version of AsyncAPI's Kafka bindings

Json = dict[str, Any]


def documents(root: Path = HERE) -> dict[Path, bytes]:
    """Every exported file under `root` with the bytes it must have."""
    files = {root / "json" / f"{event}.schema.json": _bytes(message_schema(event)) for event in MESSAGES}
    return files | {root / "asyncapi.json": _bytes(asyncapi())}


def message_schema(event: EventType) -> Json:
    """JSON Schema 2020-12 of one message's data."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:quanzu:{event}"}
    return head | MESSAGES[event].model_json_schema()


def asyncapi() -> Json:
    """The AsyncAPI 3.0.0 document: what this system receives and sends."""
    _, definitions = models_json_schema(
        [(model, "validation") for model in MESSAGES.values()], ref_template="#/components/schemas/{model}"
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Quanzu 劝阻",
            "version": "1.0.0",
            "description": "Fraud warnings in, instructions and case changes out. CloudEvents 1.0 on Kafka: "
            "sent in binary mode, taken in binary and structured mode.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS.values()},
        "operations": {
            f"{action}.{topic.name}": _operation(action, topic)
            for topic in TOPICS.values()
            for action, parties in (("receive", topic.readers), ("send", topic.writers))
            if not _OURS.isdisjoint(parties)
        },
        "components": {
            "messages": {model.__name__: _message(event) for event, model in MESSAGES.items()},
            "schemas": definitions["$defs"],
        },
    }


def _channel(topic: Topic) -> Json:
    names = [MESSAGES[event].__name__ for event in topic.messages]
    return {
        "address": topic.name,
        "title": topic.summary_zh,
        "summary": topic.summary_en,
        "description": f"Written by {', '.join(topic.writers)}; read by {', '.join(topic.readers)}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [topic.cleanup],
                    "retention.ms": topic.retention // timedelta(milliseconds=1),
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _operation(action: str, topic: Topic) -> Json:
    channel = f"#/channels/{topic.name}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "summary": topic.summary_en,
        "messages": [{"$ref": f"{channel}/messages/{MESSAGES[event].__name__}"} for event in topic.messages],
    }


def _message(event: EventType) -> Json:
    model = MESSAGES[event]
    key = next(topic.key for topic in TOPICS.values() if event in topic.messages)
    payload = json.loads((HERE / "examples" / f"{event}.json").read_bytes())
    example = model.model_validate_json(json.dumps(payload))  # a wrong example fails here
    return {
        "name": str(event),
        "title": model.__name__,
        "summary": " ".join((model.__doc__ or "").split()),
        "contentType": "application/json",
        "headers": _headers(event),
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": key}, "bindingVersion": _BINDING}},
        "examples": [{"name": "example", "headers": _example_headers(event, example), "payload": payload}],
    }


def _headers(event: EventType) -> Json:
    text = {"type": "string", "minLength": 1, "maxLength": MAX_ATTRIBUTE_CHARS}
    return {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type"],
        "properties": {
            "ce_specversion": {"const": "1.0", "description": "Version of CloudEvents."},
            "ce_id": text | {"description": "Id of the event; a redelivery has the same."},
            "ce_source": text | {"description": "Who the event is from."},
            "ce_type": {"const": str(event), "description": "What the event tells, with its major version."},
            "ce_time": {"type": "string", "format": "date-time", "description": "When the event was made."},
            "ce_partitionkey": {"type": "string", "description": "The record's key."},
            "content-type": {"type": "string", "description": "application/json; absent means the same."},
        },
    }


def _example_headers(event: EventType, example: Wire) -> Json:
    at = next(value for _, value in example if hasattr(value, "tzinfo"))
    pairs = headers_for(id="example-1", source="test-source", type=event, time=at, key="example-key")
    return {name: value.decode() for name, value in pairs}


def _bytes(document: Json) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def drifted(root: Path = HERE) -> list[Path]:
    """The files under `root` that differ from what the code says, are missing, or belong to no message."""
    expected = documents(root)
    wrong = [path for path, content in expected.items() if not path.is_file() or path.read_bytes() != content]
    return wrong + sorted(set((root / "json").glob("*")) - expected.keys())


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 1 where --check found a difference."""
    parser = argparse.ArgumentParser(prog="python -m schemas.export", description="Export the message documents.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 naming the files that differ")
    if parser.parse_args(arguments).check:
        wrong = drifted()
        sys.stdout.writelines(f"differs: {path.relative_to(HERE.parent)}\n" for path in wrong)
        return 1 if wrong else 0
    for path, content in documents().items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
