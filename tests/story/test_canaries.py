"""The whole loop with a canary in every field that takes text: none lies in a table, a log, a metric or a masked answer."""

import logging
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx2
import orjson
import pytest
import structlog
from beside_steps import everything_tried, follow_ups, from_bank, listed, orders, tell, told_ok
from canaries import Canaries, dumped, pg_dumped
from centre import START, Centre, minute, shown
from prometheus_client import generate_latest
from sqlalchemy import select

from schemas.case import CaseChanged
from schemas.envelope import EventType, headers_for
from schemas.topics import CASE_CHANGED, WARNING_ISSUED
from services.api.events import Broadcaster
from services.domain.words import Role
from services.handlers.trail import store as store_trail
from services.handlers.warning import BadRecord, decode, prepare, take
from services.router.records import Item, letter_for, letter_message
from services.store import dead_letters, outbox, sources, tables, tokens
from services.store.intake import Progress

MASKED = ("auditor", "desk-1", "desk-2", "R12", "R21", "administrator", "bank", "integrator")


def warning_of(birds: Canaries, number: str, **more: Any) -> dict[str, Any]:
    """A warning with a canary in each field that holds words of a person."""
    place = {"address": birds.address(), "point": birds.point()}
    return {
        "instruction_number": number,
        "issued_at": shown(minute(0)),
        "risk": "HIGH",
        "fraud_type": "FAKE_LOAN",
        "subject": {
            "name": birds.name(),
            "phone": birds.phone(),
            "id_number": birds.id_number(),
            "occupation": birds.words(),
            "guardian": {"name": birds.name(), "phone": birds.phone()},
            "family": [{"name": birds.name(), "phone": birds.phone(), "relation": birds.words()}],
        },
        "places": {
            "current": place,
            "registered": {"address": birds.address(), "point": birds.point()},
            "last_seen": {"address": birds.address(), "point": birds.point(), "at": shown(minute(0))},
        },
        "scam": {
            "suspect_account": birds.account(),
            "suspect_account_bank": birds.words(),
            "suspect_phone": birds.phone(),
            "suspect_app": birds.words(),
            "amount_at_risk_fen": 500_000,
        },
        "narrative": birds.words(),
    } | more


async def warned(centre: Centre, warning: dict[str, Any]) -> UUID:
    """Through the router's own steps."""
    centre.sent += 1
    headers = headers_for(
        id=f"event-{centre.sent}", source="test-source", type=EventType.WARNING_ISSUED, time=START, key="k"
    )
    incoming = decode(headers, orjson.dumps(warning))
    async with centre.store.begin() as tx:
        policy = await centre.context.policies.newest(tx.conn)
        prepared = prepare(centre.context, [incoming], policy=policy, now=tx.now)
        moved = [(0, centre.sent - 1, centre.sent)]
        await take(tx, centre.context, prepared, Progress(topic=WARNING_ISSUED, lane=centre.lane, moved=moved))
    await centre.look_round()
    return incoming.case_id


async def the_loop(centre: Centre, birds: Canaries) -> UUID:
    """One case from its warning to the day after, every word of it a canary."""
    case = await warned(centre, warning_of(birds, "A-1"))
    await warned(centre, warning_of(birds, "A-1"))  # again, with other words
    await centre.do("R11", case, "decline", {"reason": birds.words()}, at=minute(1))
    await centre.do("operator", case, "assignment", {"unit": "P1", "responder": "R11", "reason": birds.words()})
    await centre.do("R11", case, "acknowledgement", at=minute(2))
    await centre.do("operator", case, "co-assignments", {"unit": "P2", "responder": "R21", "reason": birds.words()})
    await centre.do("operator", case, "risk", {"risk": "URGENT", "reason": birds.words()}, at=minute(3))
    for channel, result in (("call", "BUSY"), ("family", "NO_ANSWER"), ("visit", "REACHED_IN_PERSON")):
        await centre.do("R11", case, "attempts", {"result": result, "channel": channel, "note": birds.words()})
    stop = {
        "payee_name": birds.name(),
        "account": birds.account(),
        "bank": "测试银行",  # an institution, no person: whoever sees the order sees it
        "amount_fen": 500_000,
        "transferred_at": shown(minute(0)),
    }
    await centre.do("R11", case, "stop-payment", stop, at=minute(4))
    await centre.do("R11", case, "stop-payment", stop | {"account": birds.account(), "by_hand": True})
    (order, _) = await orders(centre, case)
    await from_bank(centre, case, order["order_id"], "no", result="REJECTED", reason="mismatch")
    await told_ok(centre, f"/cases/{case}/notes", {"text": birds.words()}, "R11")
    await centre.do("R11", case, "contact", {"mode": "in_person"}, at=minute(10))
    await centre.do("R11", case, "conclusion", {"outcome": "REFUSED", "note": birds.words()}, at=minute(20))
    await told_ok(centre, f"/cases/{case}/protective-hold", {"reason": birds.words()}, "R11")
    (hold,) = await listed(centre, f"/cases/{case}/protective-holds")
    await told_ok(centre, f"/protective-holds/{hold['id']}/appeal", {"appeal": birds.words()}, "desk-1")
    await told_ok(centre, f"/protective-holds/{hold['id']}/lifting", {"reason": birds.words()}, "operator")
    await centre.do("R11", case, "feedback", {"text": birds.words()}, at=minute(25))
    await centre.do("operator", case, "return", {"reason": birds.words(), "text_only": True})
    await centre.do("R11", case, "feedback", {"text": birds.words()}, at=minute(26))
    await centre.do("operator", case, "closing", {"note": birds.words()}, at=minute(30))
    correction = {"stamp": "contacted_at", "at": shown(minute(9)), "reason": birds.words()}
    await centre.do("supervisor", case, "corrections", correction)
    await told_ok(centre, f"/cases/{case}/unmasking", {"why": "REVIEW", "reason": birds.words()}, "reviewer")
    return case


async def after_it(centre: Centre, birds: Canaries, case: UUID) -> None:
    await centre.pass_time(minute(27 * 60))
    for one in (await follow_ups(centre, case)).values():
        if one["state"] in ("DUE", "MISSED", "ESCALATED"):
            said = {"result": "LOSS", "loss_after_fen": 5, "note": birds.words()}
            await tell(centre, f"/follow-ups/{one['id']}/result", said, "R11")
    await told_ok(centre, f"/cases/{case}/loss", {"loss_after_fen": 7, "note": birds.words()}, "operator")
    for review in await listed(centre, f"/reviews?case_id={case}"):
        path = f"/reviews/{review['id']}"
        await told_ok(centre, f"{path}/cause", {"cause": birds.words(), "accountable": "R11"}, "reviewer")
        actions = {"action": birds.words(), "commitment": birds.words()}
        await told_ok(centre, f"{path}/actions", actions, "reviewer")
        await told_ok(centre, f"{path}/closing", {"note": birds.words()}, "supervisor")
    await centre.do("supervisor", case, "reopening", {"reason": birds.words()})


async def other_ends(centre: Centre, birds: Canaries) -> None:
    """Cases that end otherwise: handed over, transferred, cancelled, nobody reached."""
    now = shown(centre.clock.now())
    moved = await warned(centre, warning_of(birds, "A-2", issued_at=now))
    holder = (await centre.case(moved))["responder"]
    await centre.do(holder, moved, "acknowledgement")
    await centre.do(holder, moved, "hand-over", {"reason": birds.words()})
    await centre.do("operator", moved, "transfer", {"to": "测试邻县", "reason": birds.words()})
    await centre.do("operator", moved, "receipt", {"number": "N-1", "note": birds.words()})
    void = await warned(centre, warning_of(birds, "A-3", issued_at=now))
    await centre.do("supervisor", void, "cancellation", {"reason": birds.words()})
    nobody = await warned(centre, warning_of(birds, "A-4", issued_at=now))
    holder = (await centre.case(nobody))["responder"]
    await centre.do(holder, nobody, "acknowledgement")
    await centre.do(holder, nobody, "attempts", {"result": "BUSY", "channel": "call", "note": birds.words()})
    await everything_tried(centre, nobody, holder)
    await centre.do("supervisor", nobody, "conclusion", {"outcome": "NOT_REACHED", "note": birds.words()})


async def other_doors(centre: Centre, birds: Canaries) -> list[httpx2.Response]:
    """By HTTP, by hand, from a table, from the public, from Kafka unreadable; positions, searches. Gives refusals."""
    async with centre.store.begin() as tx:
        await sources.keep(tx, "/test/bank", quota_per_min=100, by="test")
        centre.secrets["bank-key"] = await tokens.make(tx, "bank-key", role=Role.INTEGRATOR, source="/test/bank")
    now = shown(centre.clock.now())
    wrong = warning_of(birds, "B-9") | {"risk": birds.words()}
    answers = [
        await tell(centre, "/warnings", warning_of(birds, "B-1", issued_at=now), "bank-key"),
        await tell(
            centre, "/warnings/batch", {"warnings": [warning_of(birds, "B-2", issued_at=now), wrong]}, "bank-key"
        ),
        await tell(centre, "/warnings/by-hand", warning_of(birds, "B-3", issued_at=now), "operator"),
        await tell(centre, "/warnings", wrong, "bank-key"),
    ]
    table = (
        f"指令编号,预警级别,姓名,电话\nC-1,高危,{birds.name()},{birds.phone()}\nC-2,{birds.words()},,{birds.phone()}\n"
    )
    headers = centre.headers("operator") | {"idempotency-key": "table", "content-type": "text/csv"}
    answers.append(await centre.client.post("/warnings/table?dry_run=false", headers=headers, content=table.encode()))
    tip = {"what": birds.words(), "where": birds.address(), "call_back": birds.phone()}
    told = await centre.client.post("/public/tips", json=tip)
    confirmed = warning_of(birds, "T-9", issued_at=now)
    answers.append(told)
    await told_ok(centre, f"/tips/{told.json()['tip_id']}/confirmation", confirmed)  # an operator may read the tip
    bad = orjson.dumps(warning_of(birds, "D-1") | {birds.words(): 1, "risk": birds.words()})
    await unreadable(centre, bad)
    async with centre.store.begin() as tx:
        point = birds.point()
        at_s = centre.clock.now().timestamp()
        await store_trail(tx, centre.context.sealer, {"R11": [(at_s, point["lat"], point["lon"], 5.0)]})
    wanted = (
        ("phone", birds.phone()),
        ("id_number", birds.id_number()),
        ("account", birds.account()),
        ("x", birds.name()),
    )
    asker = centre.headers("auditor")
    answers += [await centre.client.post("/search", headers=asker, json=dict([one])) for one in wanted]
    answers.append(await centre.client.post(f"/cases/{birds.phone()}/notes", headers=centre.headers("R11")))
    return answers


async def unreadable(centre: Centre, value: bytes) -> None:
    """A record that becomes a dead letter, as the router writes it."""
    headers = headers_for(id="bad-1", source="test-source", type=EventType.WARNING_ISSUED, time=START, key="k")
    with pytest.raises(BadRecord) as bad:
        decode(headers, value)
    record = SimpleNamespace(key=b"k", headers=headers, value=value, offset=0)
    item = Item(partition=0, before=0, after=1, record=record, found=bad.value)
    async with centre.store.begin() as tx:
        letter = letter_for(
            item, bad.value, topic=WARNING_ISSUED, incarnation="story", sealer=centre.context.sealer, now=tx.now
        )
        await dead_letters.add(tx, [letter])
        await outbox.add(tx, [letter_message(letter)])


async def streamed(centre: Centre) -> str:
    """Everything that a board of the centre would hear, as server-sent events."""
    broadcaster = Broadcaster(size=4096)
    broadcaster.begin("test", {0: 0})

    async def yes() -> bool:
        return True

    start = broadcaster.position
    async with centre.store.read() as conn:
        question = select(tables.outbox.c.value).where(tables.outbox.c.topic == CASE_CHANGED)
        for offset, said in enumerate((await conn.execute(question)).scalars()):
            broadcaster.tell(CaseChanged.model_validate_json(said), partition=0, offset=offset)
    stream = broadcaster.stream(unit=None, last_id=start, allowed=yes, beat_s=60)
    broadcaster.close()
    return b"".join([part async for part in stream]).decode()


async def seen_by_masked_roles(centre: Centre, case: UUID) -> list[str]:
    paths = ("/cases?limit=50", f"/cases/{case}", f"/cases/{case}/timeline", f"/cases/{case}/place")
    more = (
        f"/cases/{case}/stop-payments",
        "/dead-letters",
        "/audit?limit=200",
        "/reviews",
        "/follow-ups",
        f"/cases/{case}/protective-holds",
    )
    return [(await centre.get(who, path)).text for who in MASKED for path in (*paths, *more)]


async def test_no_canary_is_stored_logged_or_shown_in_clear(
    centre: Centre, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    birds = Canaries()
    caplog.set_level(logging.WARNING)  # as a process logs what is not ours
    with structlog.testing.capture_logs() as lines:
        case = await the_loop(centre, birds)
        await after_it(centre, birds, case)
        await other_ends(centre, birds)
        answers = await other_doors(centre, birds)
        masked = await seen_by_masked_roles(centre, case)
        events = await streamed(centre)
        await centre.app.state.reads.write()
    async with centre.store.read() as conn:
        tables_found = await dumped(conn, tables.metadata)
    backup = pg_dumped(centre.store.url) if centre.store.postgres else b""
    everything = (await centre.get("operator", f"/cases/{case}/timeline")).text

    assert len(birds.made) >= 200
    assert len(birds.found_in(everything)) >= 20, "the canaries are there for who may read them"
    assert {table: birds.found_in(text) for table, text in tables_found.items() if birds.found_in(text)} == {}
    assert (b"COPY public.cases" in backup, birds.found_in(backup)) == (centre.store.postgres, [])
    assert birds.found_in(repr(lines), caplog.text, *capfd.readouterr()) == []
    assert birds.found_in(generate_latest()) == []
    assert birds.found_in(*(answer.text for answer in answers)) == []
    assert birds.found_in(*masked) == []
    assert (events.count("event: case") > 20, birds.found_in(events)) == (True, [])


def test_a_canary_is_found_in_every_form() -> None:
    birds = Canaries()
    name, phone, point = birds.name(), birds.phone(), birds.point()

    assert birds.found_in(f"x{name}y") == [name]
    assert birds.found_in(orjson.dumps({"name": name})) == [name]
    assert birds.found_in(f"{phone[:3]}-{phone[3:7]}-{phone[7:]}", name.encode().hex()) == [name, phone]
    assert birds.found_in(orjson.dumps(point)) == [str(point["lat"]), str(-point["lon"])]
