"""What a bank's answer on Kafka does to the case that asked for the stop."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from prometheus_client import REGISTRY
from router_steps import Centre, event

from schemas.envelope import EventType
from schemas.topics import STOP_PAYMENT_RESOLVED
from services.domain.actor import Actor
from services.domain.stopping import order_id_for
from services.domain.words import Role
from services.handlers.acknowledge import acknowledge
from services.handlers.command import Command
from services.handlers.stop_payment import Payment, request_stop
from services.store import cases, tables
from services.wiring import Parts


async def asked(parts: Parts, case_id: UUID) -> UUID:
    """Acknowledge the case and ask the bank; returns the order."""
    async with parts.store.begin() as tx:
        case = (await cases.lock(tx, case_id)).case
        by = Actor(name="test", role=Role.RESPONDER, unit=case.assigned_unit, responder=case.responder)
        await acknowledge(tx, parts.context, Command(name="a", case_id=case_id, key="1", turn=None), by=by)
        payment = Payment(
            payee_name="测试乙",
            account="TEST00000001",
            bank="虚构银行",
            amount_fen=10_000,
            transferred_at=tx.now - timedelta(minutes=1),
        )
        command = Command(name="s", case_id=case_id, key="2", turn=None)
        done = await request_stop(tx, parts.context, command, by=by, payment=payment)
    assert done.change is not None
    return order_id_for(case_id, 1)


def answer(case_id: UUID, order_id: UUID, at: str) -> dict[str, Any]:
    return {
        "order_id": str(order_id),
        "case_id": str(case_id),
        "result": "REJECTED",
        "reason": "empty",
        "resolved_at": at,
    }


def counted(effect: str) -> float:
    labels = {"result": "REJECTED", "effect": effect}
    return REGISTRY.get_sample_value("quanzu_stop_receipts_total", labels) or 0


async def test_a_banks_answer_stops_its_limit_once(either_centre: Centre) -> None:
    """Whatever comes again, comes for another order or can't be read changes nothing."""
    centre = either_centre
    before = {effect: counted(effect) for effect in ("APPLIED", "UNMATCHED")}
    async with centre.router() as parts:
        broker = parts.broker.bootstrap
        await centre.send(centre.warning("MT-S"), broker=broker)
        (row,) = await centre.count(tables.cases, 1)
        case_id = UUID(int=row.case_id.int)
        order_id = await asked(parts, case_id)
        right = json.dumps(answer(case_id, order_id, centre.now().isoformat())).encode()
        other = json.dumps(answer(case_id, uuid4(), centre.now().isoformat())).encode()
        kind = EventType.STOP_PAYMENT_RESOLVED
        records = [event(b"{", type=kind), event(other, type=kind), event(right, id="one", type=kind)]

        await centre.put([*records, event(right, id="one", type=kind)], topic=STOP_PAYMENT_RESOLVED, broker=broker)

        async def resolved() -> bool:
            return (await centre.rows(tables.cases))[0].stop_resolved_at is not None

        await centre.until(resolved)
        await centre.send(centre.warning("MT-T"), broker=broker)
        await centre.count(tables.cases, 2)

    kept = {one.order_id.int: one.effect for one in await centre.rows(tables.stop_receipt)}
    assert sorted(kept.values()) == ["APPLIED", "UNMATCHED"]
    assert {effect: counted(effect) - was for effect, was in before.items()} == {"APPLIED": 1, "UNMATCHED": 1}
    told = [event.action for event in await centre.rows(tables.event) if event.case_id == row.id]
    assert told.count("RESOLVE_STOP") == 1
    (requested,) = [one for one in await centre.rows(tables.outbox) if one.topic == "fraud.stop-payment.requested"]
    assert b"TEST00000001" not in requested.value
