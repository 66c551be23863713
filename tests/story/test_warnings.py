"""Warnings by HTTP: one path with those of Kafka, each once, nothing lost above the quota, and its fate is told."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import pytest
from centre import INSIDE, NAME, PHONE, Centre, minute, shown
from sqlalchemy import select
from submitted_steps import deliver, waiting

from schemas.topics import WARNING_ISSUED, WARNING_URGENT
from services.domain.words import Role
from services.store import dead_letters, sources, tables, tokens

SOURCE = "/test/bank"
CSV = """指令编号,预警级别,姓名,电话,纬度,经度,坐标系,涉险金额
C-1,高危,测试甲,199-0000-0011,10.05,-149.95,WGS84,500.5
C-2,特急,测试乙,199-0000-0012,,,,
"""


def words(number: str = "W-1", **more: Any) -> dict[str, Any]:
    lat, lon = INSIDE["P1"]
    return {
        "instruction_number": number,
        "issued_at": shown(minute(0)),
        "risk": "HIGH",
        "subject": {"name": NAME, "phone": PHONE},
        "places": {"current": {"point": {"lat": lat, "lon": lon, "datum": "WGS84"}}},
    } | more


@pytest.fixture
async def bank(centre: Centre) -> Centre:
    """A centre with one source, three a minute."""
    async with centre.store.begin() as tx:
        await sources.keep(tx, SOURCE, quota_per_min=3, by="test")
        centre.secrets["bank-key"] = await tokens.make(tx, "bank-key", role=Role.INTEGRATOR, source=SOURCE)
        centre.secrets["other-key"] = await tokens.make(tx, "other-key", role=Role.INTEGRATOR, source="/test/other")
    return centre


async def post(
    centre: Centre, body: Any, *, who: str = "bank-key", key: str = "k-1", path: str = "/warnings"
) -> httpx2.Response:
    return await centre.client.post(path, headers=centre.headers(who) | {"idempotency-key": key}, json=body)


async def fate(centre: Centre, warning_id: str, who: str = "bank-key") -> dict[str, Any]:
    answer = await centre.get(who, f"/warnings/{warning_id}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_posted_warning_becomes_a_case_by_the_one_path(bank: Centre) -> None:
    answer = await post(bank, words())
    assert answer.status_code == 202, answer.text
    warning_id = answer.json()["warning_id"]
    assert (await fate(bank, warning_id))["stage"] == "WAITING"

    (one,) = await waiting(bank)
    assert (one.message.key, one.message.topic) == (f"{SOURCE}:W-1", WARNING_ISSUED)
    assert PHONE.encode() not in one.message.value
    await deliver(bank, [one])

    told = await fate(bank, warning_id)
    assert told["stage"] == "OPENED"
    assert (await bank.case(UUID(told["case_id"])))["assigned_unit"] == "P1"


async def test_the_same_key_has_one_effect_and_one_answer(bank: Centre) -> None:
    answers = await asyncio.gather(*(post(bank, words()) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["warning_id"] for answer in answers}) == 1
    assert len(await waiting(bank)) == 1
    changed = await post(bank, words(risk="LOW"))
    assert (changed.status_code, changed.json()["type"]) == (422, "/problems/key-reused")


async def test_an_urgent_one_has_the_urgent_topic(bank: Centre) -> None:
    await post(bank, words(risk="URGENT"))

    assert [one.message.topic for one in await waiting(bank)] == [WARNING_URGENT]


async def test_above_the_quota_nothing_is_lost_or_urgent(bank: Centre) -> None:
    answers = [(await post(bank, words(f"W-{number}", risk="URGENT"), key=f"k-{number}")).json() for number in range(5)]

    assert [answer["later"] for answer in answers] == [False, False, False, True, True]
    assert {one.message.topic for one in await waiting(bank)} == {WARNING_URGENT}
    assert [one.message.topic for one in await waiting(bank, later=True)] == [WARNING_ISSUED] * 2
    async with bank.store.read() as conn:
        told = (await conn.execute(select(tables.audit).where(tables.audit.c.action == "QUOTA_EXCEEDED"))).all()
    assert len(told) == 1  # once an episode

    bank.clock.move_to(minute(2))
    assert not (await post(bank, words("W-9"), key="k-9")).json()["later"]


async def test_of_a_batch_the_good_ones_are_taken(bank: Centre) -> None:
    body = {"warnings": [words("B-1"), {"risk": PHONE}, words("B-2")]}

    answer = await post(bank, body, path="/warnings/batch")

    assert answer.status_code == 202, answer.text
    first, second, third = answer.json()["items"]
    assert first["warning"]
    assert third["warning"]
    assert "instruction_number: missing" in second["fault"]
    assert PHONE not in answer.text
    assert len(await waiting(bank)) == 2


async def test_a_desk_enters_a_warning_by_hand(bank: Centre) -> None:
    body = {"risk": "HIGH", "subject": {"name": NAME, "phone": PHONE}}

    first = await post(bank, body, who="desk-1", path="/warnings/by-hand")
    bank.clock.move_to(minute(1))
    again = await post(bank, body, who="desk-1", path="/warnings/by-hand")

    assert (first.status_code, again.json()) == (202, first.json())
    (one,) = await waiting(bank)
    assert one.message.ce_source == "/desk/P1"
    await deliver(bank, [one])
    assert (await fate(bank, first.json()["warning_id"], "desk-1"))["stage"] == "OPENED"


async def test_a_table_is_judged_row_by_row_and_sent_once(bank: Centre) -> None:
    headers = bank.headers("operator") | {"content-type": "text/csv"}

    async def send(dry_run: str) -> dict[str, Any]:
        params = {"dry_run": dry_run}
        told: dict[str, Any] = (
            await bank.client.post("/warnings/table", headers=headers, params=params, content=CSV.encode("gb18030"))
        ).json()
        return told

    tried = await send("true")
    assert (tried["good"], tried["bad"], await waiting(bank)) == (1, 1, [])
    assert tried["rows"][1]["fault"] == "risk: literal_error"
    first, again = await send("false"), await send("false")
    assert first == again
    (one,) = await waiting(bank)
    await deliver(bank, [one])
    assert (await fate(bank, first["rows"][0]["warning"]["warning_id"], "operator"))["stage"] == "OPENED"


async def test_nobody_hears_of_the_warning_of_another_source(bank: Centre) -> None:
    warning_id = (await post(bank, words())).json()["warning_id"]

    for who, status in (("other-key", 404), ("desk-1", 404), ("operator", 200), ("auditor", 403), ("R11", 403)):
        assert (await bank.get(who, f"/warnings/{warning_id}")).status_code == status, who


async def test_a_dead_letter_tells_its_reason(bank: Centre) -> None:
    warning_id = (await post(bank, words())).json()["warning_id"]
    async with bank.store.begin() as tx:
        letter = dead_letters.DeadLetter(
            incarnation="i",
            topic=WARNING_ISSUED,
            partition=0,
            offset=1,
            error_class="database",
            reason="could not be stored: DataError",
            size=3,
            failed_at=tx.now,
            event_key=dead_letters.event_key(bank.context.sealer, SOURCE, "k-1"),
        )
        await dead_letters.add(tx, [letter])

    told = await fate(bank, warning_id)

    assert (told["stage"], told["reason"]) == ("DEAD_LETTER", "could not be stored: DataError")


async def test_a_warning_from_the_future_is_refused_at_the_door(bank: Centre) -> None:
    answer = await post(bank, words(issued_at=shown(minute(10))))

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/too-far-ahead")
    assert await waiting(bank) == []


async def test_a_tip_becomes_a_warning_by_an_operator_alone(bank: Centre) -> None:
    told = {"what": "邻居正在给骗子转账", "where": "测试村", "call_back": "199-0000-0077"}
    tip_id = (await bank.client.post("/public/tips", json=told)).json()["tip_id"]
    async with bank.store.read() as conn:
        (row,) = (await conn.execute(select(tables.tip))).all()
    assert "邻居".encode() not in row.sealed

    (listed,) = (await bank.get("operator", "/tips")).json()["items"]
    assert listed["what"] == told["what"]
    assert (await bank.get("desk-1", "/tips")).status_code == 403
    done = await bank.client.post(f"/tips/{tip_id}/confirmation", headers=bank.headers("operator"), json=words("T-1"))
    late = await bank.client.post(f"/tips/{tip_id}/dismissal", headers=bank.headers("supervisor"))

    assert done.json()["state"] == "CONFIRMED"
    assert (late.status_code, late.json()["holder"]) == (409, "operator")
    assert len(await waiting(bank)) == 1


async def test_the_open_form_is_slow_for_who_sends_much(bank: Centre) -> None:
    answers = [await bank.client.post("/public/tips", json={"what": "测试"}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert 3500 < int(answers[-1].headers["retry-after"]) <= 3600  # until the first of the five is an hour old
