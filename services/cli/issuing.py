"""Made-up warnings as records: what `send` and `replay` put on the warning topics. Nobody in them exists."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from schemas.envelope import EventType, headers_for
from schemas.topics import WARNING_ISSUED, WARNING_URGENT
from services.broker.link import BrokerAddress
from services.broker.producer import Message
from services.broker.secured import address_of
from services.cli.stopped import Stopped
from services.cli.words import say
from services.settings import Settings

STEMS = "甲乙丙丁戊己庚辛壬癸"


def made_up_subject(index: int, *, tag: str) -> dict[str, Any]:
    """Somebody who can't exist: a name of a test, a number nobody is given, an ID that no person has.

    Each (index, tag) is another person, so that two warnings never meet in one case by chance.
    """
    return {
        "name": f"测试{STEMS[index % 10]}{index}",
        "phone": f"199-0000-{index % 10_000:04}",
        "id_number": f"TEST-{tag}-{index}",
    }


def record(*, source: str, number: str, ce_id: str, at: datetime, risk: str, body: Mapping[str, Any]) -> Message:
    """One warning as a CloudEvent in binary mode; an URGENT one is for the urgent topic. `body` has the other fields."""
    key = f"{source}:{number}"
    value = {"instruction_number": number, "issued_at": at.isoformat(), "risk": risk, **body}
    headers = headers_for(id=ce_id, source=source, type=EventType.WARNING_ISSUED, time=at, key=key)
    topic = WARNING_URGENT if risk == "URGENT" else WARNING_ISSUED
    return Message(topic=topic, key=key.encode(), value=orjson.dumps(value), headers=headers)


def broker_of(settings: Settings) -> BrokerAddress:
    """Where to send. Raises Stopped where no broker is named and none runs here, BadSetting where it is not safe to."""
    if not settings.kafka:
        raise Stopped(say("fault.no_broker"), code=2)
    return address_of(settings)
