"""Warnings of several sources about several people, their withdrawals, and a case brought to its conclusion."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from centre import INSIDE, START, Centre, shown

from schemas.envelope import EventType, headers_for
from schemas.topics import WARNING_ISSUED
from services.domain.case import Change
from services.handlers.incoming import Incoming, Withdrawal
from services.handlers.warning import decode_any, prepare, take
from services.handlers.withdrawal import withdraw
from services.store.intake import Progress
from services.timekeeper.linking import link_once

ANNA = {"name": "测试甲", "phone": "199-0000-0001", "id_number": "990102190001010011"}
NEIGHBOUR = {"name": "测试甲", "phone": "199-0000-0002", "id_number": "990102190001010022"}
HOME = "测试省测试县测试村 1 号"


async def send(
    centre: Centre,
    number: str,
    subject: Mapping[str, str] = ANNA,
    *,
    unit: str | None = "P1",
    source: str = "/test/bank",
    issued_at: datetime | None = None,
    **more: Any,
) -> UUID:
    """A warning through the router's own steps; the id that its number stands for, whatever became of it."""
    places = {} if unit is None else {"places": place(unit)}
    body = {
        "instruction_number": number,
        "issued_at": shown(issued_at or centre.clock.now()),
        "risk": "MEDIUM",
        "subject": subject,
        **places,
        **more,
    }
    found = await record(centre, EventType.WARNING_ISSUED, body, source=source)
    assert isinstance(found, Incoming)
    async with centre.store.begin() as tx:
        policy = await centre.context.policies.newest(tx.conn)
        prepared = prepare(centre.context, [found], policy=policy, now=tx.now)
        await take(tx, centre.context, prepared, Progress(topic=WARNING_ISSUED, lane=centre.lane, moved=()))
    await centre.look_round()
    return found.case_id


async def take_back(
    centre: Centre, number: str, *, source: str = "/test/bank", at: datetime | None = None, reason: str = "核实为误报"
) -> tuple[Change, ...]:
    """A withdrawal through the router's own steps; what it changed."""
    body = {"instruction_number": number, "withdrawn_at": shown(at or centre.clock.now()), "reason": reason}
    found = await record(centre, EventType.WARNING_WITHDRAWN, body, source=source)
    assert isinstance(found, Withdrawal)
    async with centre.store.begin() as tx:
        return await withdraw(tx, centre.context, [found])


async def record(centre: Centre, event: EventType, body: Mapping[str, Any], *, source: str) -> Incoming | Withdrawal:
    centre.sent += 1
    headers = headers_for(id=f"event-{centre.sent}", source=source, type=event, time=START, key="k")
    return decode_any(headers, json.dumps(body).encode())


def place(unit: str, address: str = HOME) -> dict[str, Any]:
    lat, lon = INSIDE[unit]
    return {"current": {"address": address, "point": {"lat": lat, "lon": lon, "datum": "WGS84"}}}


async def look(centre: Centre) -> None:
    """What the timekeeper does every second beside the limits."""
    while await link_once(centre.parts):
        pass


async def conclude(centre: Centre, case: UUID, *, by: str = "R11") -> None:
    await centre.do(by, case, "acknowledgement")
    await centre.do(by, case, "attempts", {"result": "REACHED_VOICE", "channel": "call"})
    await centre.do(by, case, "contact", {"mode": "in_person"})
    await centre.do(by, case, "conclusion", {"outcome": "DISSUADED_NO_LOSS"})


async def timeline(centre: Centre, case: UUID, who: str = "operator") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await centre.get(who, f"/cases/{case}/timeline")).json()["items"]
    return items
