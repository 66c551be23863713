"""Steps that stories of the rota take: a precinct in three shifts, questions and changes by name."""

from datetime import datetime, timedelta
from typing import Any

import httpx2
from centre import START, Centre, shown
from sqlalchemy import delete

from services.domain.words import Role
from services.store import tables
from services.timekeeper.watch import draw_short, open_handovers

# START is 16:00 in Shanghai: R11's evening, R12's day and R13's night of the turn that is anchored on that day.
GROUPS = [
    {"name": "A", "offset": 0, "members": ["R11"]},
    {"name": "B", "offset": 1, "members": ["R12"]},
    {"name": "C", "offset": 2, "members": ["R13"]},
]


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


async def staff(centre: Centre) -> None:
    """Nobody on duty by hand, and a third person in each precinct."""
    async with centre.store.begin() as tx:
        await tx.conn.execute(delete(tables.duty))
        for unit, code in (("P1", "R13"), ("P2", "R23")):
            row = {
                "code": code,
                "unit": unit,
                "name": "测试警员",
                "grade": "officer",
                "post_lat": 10.0,
                "post_lon": -149.9,
            }
            await tx.conn.execute(tables.responder.insert().values(**row))
    for code, unit in (("R13", "P1"), ("R23", "P2")):
        await centre.token(code, Role.RESPONDER, unit)


async def send(
    centre: Centre,
    who: str,
    method: str,
    path: str,
    body: Any = None,
    *,
    key: str | None = None,
    seen: int | None = None,
) -> httpx2.Response:
    centre.keys += 1
    headers = centre.headers(who) | {"idempotency-key": key or f"rota-{centre.keys}"}
    if seen is not None:
        headers["if-match"] = f'"{seen}"'
    return await centre.client.request(method, f"/rota{path}", headers=headers, json=body)


async def done(centre: Centre, who: str, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
    answer = await send(centre, who, method, path, body, **more)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def rotate(centre: Centre, unit: str = "P1", who: str = "desk-1", **more: Any) -> dict[str, Any]:
    """Three groups in three shifts from today on."""
    digit = unit[-1]
    groups = [one | {"members": [f"R{digit}{one['members'][0][-1]}"]} for one in GROUPS]
    body = {"starts_on": "2026-11-20", "pattern": "three-shifts", "groups": groups} | more
    return await done(centre, who, "PUT", f"/units/{unit}/rotation", body, seen=0)


async def present(centre: Centre, at: datetime, unit: str = "P1", who: str = "operator") -> list[str]:
    answer = await centre.get(who, "/rota/on-duty", params={"at": shown(at), "unit": unit})
    assert answer.status_code == 200, answer.text
    return [one["responder"] for one in answer.json()["items"]]


async def move_to(centre: Centre, at: datetime) -> None:
    """Move the clock and let the timekeeper keep its watch."""
    centre.clock.move_to(at)
    await draw_short(centre.parts)
    await open_handovers(centre.parts)
    await centre.look_round()
