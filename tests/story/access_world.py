"""Two precincts with one of everything each, and a body for every route: what the matrix of access is tried on."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from beside_steps import listed, payment, tell
from centre import Centre, shown
from sqlalchemy import insert

from services.domain.counted import Count
from services.domain.evidence import EvidenceKind
from services.domain.words import Role
from services.store import tables

ASKERS: Final = (
    "operator",
    "supervisor",
    "reviewer",
    "auditor",
    "administrator",
    "integrator",
    "bank",
    "desk-1",
    "R11",
    "device-1",
)
REASON: Final = {"reason": "原因"}

WARNING: Final = {
    "instruction_number": "M-1",
    "issued_at": shown(datetime(2026, 11, 20, 8, 0, tzinfo=UTC)),
    "risk": "LOW",
    "subject": {"phone": "199-0000-0042"},
}

# What a route needs where the smallest body that its schema allows is not enough; one line is all that a new one needs.
BODIES: Final[dict[str, Any]] = {
    "POST /cases/{case_id}/attempts": {"result": "BUSY", "channel": "call"},
    "POST /cases/{case_id}/stop-payment/answer": {"result": "FROZEN"},
    "POST /stop-payments/{order_id}/receipts": {"result": "FROZEN"},
    "POST /policies": {"document": {}},
    "POST /search": {"instruction_number": "T-1"},
    "POST /warnings": WARNING,
    "POST /warnings/by-hand": WARNING,
    "POST /warnings/table": None,
    "POST /tips/{tip_id}/confirmation": WARNING,
    "POST /positions/owntracks": {"_type": "lwt"},
    "POST /positions/traccar": [],
    "PUT /rota/patterns/{code}": {"days": 1, "shifts": [{"day": 0, "name": "day", "starts": "00:00", "ends": "24:00"}]},
    "PUT /people/{name}": {"role": "auditor"},
}
QUERIES: Final[dict[str, dict[str, str]]] = {
    "GET /figures/cases": {"count": next(iter(Count)).value},
    "POST /cases/{case_id}/evidence": {"kind": next(iter(EvidenceKind)).value},
}


async def lived_in(centre: Centre) -> dict[str, dict[str, str]]:
    """One case of each precinct that went through the loop and what is beside it, one that is unanswered; their ids."""
    await centre.token("device-1", Role.DEVICE, responder="R11")
    made = {}
    for number, unit in enumerate(("P1", "P2"), start=1):
        case = await _through_the_loop(centre, unit, f"R{number}1")
        fresh = await centre.warn(unit=unit)
        (order,) = await listed(centre, f"/cases/{case}/stop-payments")
        follow_up = (await listed(centre, f"/follow-ups?case_id={case}"))[0]
        review = (await listed(centre, f"/reviews?case_id={case}"))[0]
        hold = (await listed(centre, f"/cases/{case}/protective-holds"))[0]
        async with centre.store.begin() as tx:
            row = {"unit": unit, "changed_at": tx.now, "going": [], "coming": [], "cases": [], "opened_at": tx.now}
            handover = await tx.conn.execute(insert(tables.handover).values(**row).returning(tables.handover.c.id))
            kept = str(handover.scalar_one())
        made[unit] = {
            "case_id": str(case),
            "fresh": str(fresh),
            "order_id": order["order_id"],
            "follow_up": str(follow_up["id"]),
            "review": str(review["id"]),
            "hold": str(hold["id"]),
            "handover": kept,
            "unit": unit,
            "code": f"R{number}1",
        }
    return made


async def _through_the_loop(centre: Centre, unit: str, who: str) -> UUID:
    case = await centre.warn(unit=unit)
    start = centre.clock.now()
    for later, what, body in (
        (1, "acknowledgement", None),
        (2, "attempts", {"result": "BUSY", "channel": "call"}),
        (3, "stop-payment", payment(by_hand=True, bank_number="B-1")),
        (10, "contact", {"mode": "in_person"}),
        (20, "conclusion", {"outcome": "REFUSED"}),
        (25, "feedback", {"text": "拒不配合。"}),
    ):
        await centre.do(who, case, what, body, at=start + timedelta(minutes=later))
    for path, body in (("protective-hold", REASON), ("loss", {"loss_after_fen": 100})):
        answer = await tell(centre, f"/cases/{case}/{path}", body)
        assert answer.status_code == 200, answer.text
    return case


def body_of(line: str, operation: dict[str, Any], document: dict[str, Any]) -> Any:
    """The body to try a route with; None where it takes none."""
    if line in BODIES:
        return BODIES[line]
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return None if schema is None else _smallest(schema, document)


def _smallest(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """The smallest value of a schema, as far as ours go."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        return _smallest(choices[0], document)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "object":
        return {name: _smallest(schema["properties"][name], document) for name in schema.get("required", [])}
    if kind == "array":
        return [_smallest(schema["items"], document)] * schema.get("minItems", 0)
    plain = {"integer": int(schema.get("minimum", 1)), "number": 1.0, "boolean": True}
    return _word(schema) if kind == "string" else plain.get(kind)


def _word(schema: dict[str, Any]) -> str:
    if schema.get("format") == "date-time":
        return shown(datetime(2026, 11, 20, 7, 30, tzinfo=UTC))
    if schema.get("format") == "date":
        return "2026-12-01"
    return "x" * max(1, schema.get("minLength", 1))
