"""The same person, or the same warning, again: one case or two, another unit, a floor of risk; two people never merged."""

from datetime import timedelta
from uuid import UUID

import orjson
from centre import Centre, minute, shown
from repeat_steps import ANNA, NEIGHBOUR, conclude, look, place, send, timeline
from sqlalchemy import select

from services.store import tables


async def test_one_person_has_one_case_and_a_neighbour_another(centre: Centre) -> None:
    """Twice for one person, from two sources, and once for somebody of the same name next door."""
    first = await send(centre, "A-1", scam={"amount_at_risk_fen": 100})
    spaced = ANNA | {"id_number": "990102 19000101 0011"}
    second = await send(centre, "B-1", spaced, source="/test/centre", scam={"amount_at_risk_fen": 500})
    neighbour = await send(centre, "A-2", NEIGHBOUR)
    await look(centre)

    seen = await centre.case(first)
    assert (seen["repeat_count"], seen["repeat_subject"], seen["risk"]) == (1, False, "MEDIUM")
    assert (await centre.get("operator", f"/cases/{second}")).status_code == 404  # it has no case of its own
    (repeat,) = [fact for fact in await timeline(centre, first) if fact["action"] == "REPEAT"]
    assert repeat["detail"] == {
        "effect": "ATTACHED",
        "risk": "MEDIUM",
        "source": "/test/centre",
        "changed": ["subject.id_number", "scam.amount_at_risk_fen"],
        "tell": ["RESPONDER"],
    }
    assert "500" not in str(repeat)

    other = await centre.case(neighbour)
    assert (other["repeat_count"], other["state"]) == (0, "ASSIGNED")
    assert [(one["case_id"], one["kinds"]) for one in other["linked"]] == [(str(first), ["NAME"])]


async def test_a_third_warning_in_thirty_days_is_high(centre: Centre) -> None:
    """Each comes when the one before has its conclusion, so each opens a case of its own, linked to the former ones."""
    first = await send(centre, "A-1")
    await conclude(centre, first)
    await centre.pass_time(minute(60 * 24))
    second = await send(centre, "A-2", source="/test/centre")
    seen = await centre.case(second)
    assert (seen["risk"], seen["repeat_subject"]) == ("MEDIUM", False)
    await conclude(centre, second)
    await centre.pass_time(minute(60 * 24 * 2))
    third = await send(centre, "A-3")
    await look(centre)

    seen = await centre.case(third)
    assert (seen["risk"], seen["repeat_subject"]) == ("HIGH", True)
    assert seen["total_due_at"] == shown(minute(60 * 24 * 2 + 60))
    assert {one["case_id"]: one["kinds"] for one in seen["linked"]} == {
        str(one): ["NAME", "PHONE", "SUBJECT"] for one in (first, second)
    }
    told = [(fact["action"], fact["detail"]) for fact in await timeline(centre, third)][-2:]
    assert told[0] == ("REPEAT_SUBJECT", {"warnings": 3, "days": 30, "tell": ["RESPONDER", "OPERATOR"]})
    assert told[1] == ("RAISE", {"from": "MEDIUM", "to": "HIGH", "rules": ["REPEAT_SUBJECT"]})

    lowered = await centre.post("supervisor", third, "risk", {"risk": "LOW", "reason": "已核实"})
    assert (lowered.status_code, lowered.json()["field"]) == (422, "risk")


async def test_a_case_takes_in_its_person_for_a_day(centre: Centre) -> None:
    """Nobody has answered the old one: what comes later is a case of its own, with its own hour, linked to it."""
    day = minute(60 * 24)
    first = await send(centre, "A-1")
    centre.clock.move_to(day)
    await send(centre, "B-1", source="/test/centre")
    assert (await centre.case(first))["repeat_count"] == 1

    centre.clock.move_to(day + timedelta(seconds=1))
    second = await send(centre, "B-2", source="/test/centre")
    await send(centre, "A-3")
    await send(centre, "A-1", risk="URGENT")
    await look(centre)

    old, new = await centre.case(first), await centre.case(second)
    assert (old["state"], old["repeat_count"], old["risk"]) == (
        "ASSIGNED",
        2,
        "URGENT",
    )  # its own number is still its own
    assert (new["state"], new["repeat_count"], new["issued_at"]) == ("ASSIGNED", 1, shown(day + timedelta(seconds=1)))
    assert {one["case_id"] for one in new["linked"]} == {str(first)}


async def test_warnings_a_month_apart_are_no_repeat_subject(centre: Centre) -> None:
    for number, day in (("A-1", 0), ("A-2", 16), ("A-3", 32)):
        centre.clock.move_to(minute(day * 24 * 60))
        case = await send(centre, number)
        seen = await centre.case(case)
        assert (seen["risk"], seen["repeat_subject"]) == ("MEDIUM", False)
        await centre.do("supervisor", case, "cancellation", {"reason": "演示"})


async def test_three_attached_warnings_raise_the_case_they_belong_to(centre: Centre) -> None:
    """An amendment is no warning of its own; a drill's person is another than the same one's in earnest."""
    case = await send(centre, "A-1")
    await send(centre, "A-1", scam={"amount_at_risk_fen": 1})
    await send(centre, "A-2", mode="exercise")
    await send(centre, "A-3", source="/test/centre")
    await send(centre, "A-3", source="/test/centre", narrative="补充")
    assert (await centre.case(case))["repeat_subject"] is False

    await send(centre, "A-4", source="/test/platform")

    seen = await centre.case(case)
    assert (seen["repeat_count"], seen["repeat_subject"], seen["risk"]) == (4, True, "HIGH")


async def test_a_moved_place_goes_to_the_right_unit_by_itself(centre: Centre) -> None:
    """While nobody has answered; TOTAL runs on, and who had it is told that they have it no more."""
    case = await send(centre, "A-1")
    await send(centre, "A-1", unit=None, narrative="对方要求转账。")  # no place in it: the old one stands
    assert (await centre.case(case))["assigned_unit"] == "P1"
    centre.clock.move_to(minute(2))
    await send(centre, "A-1", unit=None, places=place("P2", "测试省测试县新村 9 号"))

    seen = await centre.case(case)
    assert (seen["state"], seen["assigned_unit"], seen["responsible_unit"]) == ("ASSIGNED", "P2", "P2")
    assert seen["responder"] in ("R21", "R22")
    assert (seen["issued_at"], seen["total_due_at"]) == (shown(minute(0)), shown(minute(60)))
    acknowledge = await centre.limit(case, "ACK")
    assert (acknowledge["round"], acknowledge["started_at"]) == (2, shown(minute(2)))
    facts = await timeline(centre, case)
    assert [fact["action"] for fact in facts[2:]] == ["REPEAT", "REPEAT", "REROUTE", "ASSIGN"]
    detail = facts[-2]["detail"]
    named = {name: detail[name] for name in ("reason", "unit", "responder", "from_unit", "to_unit", "tell")}
    assert named == {
        "reason": "PLACE_CHANGED",
        "unit": "P1",
        "responder": "R11",
        "from_unit": "P1",
        "to_unit": "P2",
        "tell": ["RESPONDER", "DUTY_DESK"],
    }
    sent = await messages(centre, case)
    assert sent[-1]["left_units"] == ["P1"]
    assert [one["responder"] for one in sent if "subject_masked" in one] == ["R11", seen["responder"]]
    assert (await centre.get("desk-1", f"/cases/{case}")).status_code == 404

    await centre.do(seen["responder"], case, "acknowledgement")
    held = await centre.case(case, who=seen["responder"])
    assert held["person"]["address"] == "测试省测试县新村 9 号"
    assert held["person"]["warning"]["narrative"] == "对方要求转账。"


async def test_once_acknowledged_a_moved_place_is_only_told(centre: Centre) -> None:
    """To the responder, who reads the new one, and to the operator; after the conclusion to the operator alone."""
    case = await send(centre, "A-1")
    await centre.do("R11", case, "acknowledgement")
    await send(centre, "A-1", unit=None, places=place("P2", "测试省测试县新村 9 号"))

    seen = await centre.case(case)
    assert (seen["state"], seen["assigned_unit"], seen["responsible_unit"]) == ("ACKNOWLEDGED", "P1", "P1")
    last = (await timeline(centre, case, who="R11"))[-1]
    assert (last["action"], last["detail"]["tell"]) == ("REPEAT", ["RESPONDER", "OPERATOR"])
    assert last["detail"]["changed"] == ["places.current"]
    assert last["words"]["was"]["places.current"]["address"] == "测试省测试县测试村 1 号"
    assert last["words"]["warning"]["places"]["current"]["address"] == "测试省测试县新村 9 号"
    assert (await timeline(centre, case))[-1]["words"] is None  # the operator sees nobody unmasked

    await centre.do("R11", case, "attempts", {"result": "REACHED_VOICE", "channel": "call"})
    await centre.do("R11", case, "contact", {"mode": "in_person"})
    await centre.do("R11", case, "conclusion", {"outcome": "DISSUADED_NO_LOSS"})
    await send(centre, "A-1", risk="URGENT", unit="P1")
    seen = await centre.case(case)
    assert (seen["state"], seen["risk"], seen["repeat_count"]) == ("CONCLUDED", "MEDIUM", 2)
    assert (await timeline(centre, case))[-1]["detail"]["tell"] == ["OPERATOR"]


async def test_a_place_in_nobodys_area_leaves_the_case_where_it_is(centre: Centre) -> None:
    case = await send(centre, "A-1")
    await send(centre, "A-1", unit=None, places={"current": {"address": "外地"}})
    seen = await centre.case(case)
    assert (seen["assigned_unit"], seen["state"]) == ("P1", "ASSIGNED")
    assert (await timeline(centre, case))[-1]["detail"]["tell"] == ["RESPONDER", "OPERATOR"]

    nowhere = await send(centre, "A-2", NEIGHBOUR, unit=None)
    assert (await centre.case(nowhere))["state"] == "PENDING"
    await send(centre, "A-2", NEIGHBOUR, unit="P2")
    seen = await centre.case(nowhere)
    assert (seen["state"], seen["assigned_unit"]) == ("ASSIGNED", "P2")
    assert timedelta(0) == timedelta(seconds=(await centre.limit(nowhere, "ASSIGN"))["late_s"] or 0)


async def messages(centre: Centre, case: UUID) -> list[dict[str, object]]:
    async with centre.store.read() as conn:
        question = select(tables.outbox.c.value).where(tables.outbox.c.key == str(case)).order_by(tables.outbox.c.id)
        return [orjson.loads(value) for value in (await conn.execute(question)).scalars()]
