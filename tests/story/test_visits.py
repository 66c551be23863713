"""Visits beside the calls, what closes only in person, who is not reached, and who refuses."""

from typing import Any
from uuid import UUID

import pytest
from beside_steps import facts, follow_ups, from_bank, listed, orders, payment, told_ok
from centre import Centre, minute, shown

NO_ANSWER = {"result": "NO_ANSWER", "channel": "call"}
SPOKE = {"result": "REACHED_VOICE", "channel": "call"}


def visit(result: str) -> dict[str, str]:
    return {"result": result, "channel": "visit"}


async def begun(centre: Centre, risk: str, *steps: dict[str, str], **given: Any) -> UUID:
    """Acknowledged at minute 1, then one attempt every minute from minute 2 on."""
    case = await centre.warn(risk=risk, **given)
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    for number, step in enumerate(steps):
        await centre.do("R11", case, "attempts", step, at=minute(2 + number))
    return case


async def by_voice(centre: Centre, case: UUID, **more: Any) -> None:
    """Dissuaded on the telephone and reported at minute 20."""
    await centre.do("R11", case, "contact", {"mode": "voice"}, at=minute(10))
    await centre.do("R11", case, "conclusion", {"outcome": "DISSUADED_NO_LOSS", **more}, at=minute(15))
    await centre.do("R11", case, "feedback", {"text": "电话劝阻。"}, at=minute(20))


async def test_an_hour_with_a_home_visit_and_a_stop_payment(centre: Centre) -> None:
    """Warned, visited beside the calls, the money held in full, dissuaded face to face, closed: all limits kept."""
    case = await centre.warn(risk="URGENT", scam={"transfer_under_way": True})
    first = await centre.case(case)
    assert (first["visit"]["rules"], first["visit"]["due_at"]) == (["AT_ONCE"], shown(minute(8)))
    assert first["meeting"] == {"needed": True, "met_at": None}

    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await centre.do("R11", case, "stop-payment", payment(), at=minute(2))
    await centre.do("R11", case, "attempts", visit("SET_OUT"), at=minute(2.5))
    await centre.do("R11", case, "attempts", {"result": "BUSY", "channel": "call"}, at=minute(3))
    (order,) = await orders(centre, case)
    held = {"result": "HELD", "held_fen": 500_000, "held_until": minute(8 + 48 * 60)}
    await centre.pass_time(minute(8))
    await from_bank(centre, case, order["order_id"], "held", **held)
    await centre.do("R11", case, "attempts", visit("ARRIVED"), at=minute(12))
    await centre.do("R11", case, "attempts", visit("REACHED_IN_PERSON"), at=minute(13))
    await centre.do("R11", case, "contact", {"mode": "in_person"}, at=minute(13))
    await centre.do("R11", case, "conclusion", {"outcome": "DISSUADED_NO_LOSS", "awakened": True}, at=minute(27))
    await centre.do("R11", case, "feedback", {"text": "当面劝阻,已止付。"}, at=minute(32))
    await centre.do("operator", case, "closing", at=minute(40))

    seen = await centre.case(case)
    assert seen["state"] == "CLOSED"
    assert all(limit["on_time"] for limit in seen["limits"])
    assert seen["visit"] == {
        "wanted": False,
        "asked_at": shown(minute(0)),
        "due_at": shown(minute(8)),
        "responder": "R11",
        "rules": ["AT_ONCE"],
        "set_out_at": shown(minute(2.5)),
        "arrived_at": shown(minute(12)),
        "result": "REACHED_IN_PERSON",
    }
    assert seen["meeting"]["met_at"] == shown(minute(13))
    assert {one["what"]: one["done"] for one in seen["tries"]} == {"calls": 1, "messages": 0, "visits": 1, "family": 0}


@pytest.mark.parametrize(("risk", "failed"), [("HIGH", 1), ("MEDIUM", 2)])
async def test_failed_calls_ask_for_a_visit_by_their_risk(centre: Centre, risk: str, failed: int) -> None:
    case = await begun(centre, risk, *([NO_ANSWER] * failed))

    seen = await centre.case(case)
    told = await facts(centre, case, "START_VISIT")
    assert (seen["risk"], seen["visit"]["wanted"], seen["visit"]["rules"]) == (risk, True, ["FAILED_CALLS"])
    assert [fact["at"] for fact in told] == [shown(minute(1 + failed))]
    await centre.pass_time(minute(40))
    late = await centre.limit(case, "VISIT")
    assert late["breached_at"] == late["due_at"]
    await centre.do("R11", case, "attempts", visit("NOT_HOME"))
    assert not (await centre.limit(case, "VISIT"))["left_s"]
    await centre.do("R11", case, "attempts", NO_ANSWER)
    assert len(await facts(centre, case, "START_VISIT")) == 1


async def test_a_busy_line_raises_and_is_visited_at_once(centre: Centre) -> None:
    case = await begun(centre, "LOW", {"result": "BUSY", "channel": "call"})

    seen = await centre.case(case)
    assert (seen["risk"], seen["visit"]["rules"], seen["visit"]["responder"]) == (
        "HIGH",
        ["DANGER_SIGN", "FAILED_CALLS"],
        "R11",
    )
    assert seen["visit"]["due_at"] == shown(minute(2 + 10))
    refused = await centre.post("R11", case, "attempts", {"result": "SET_OUT", "channel": "call"})
    await centre.do("R11", case, "attempts", visit("SET_OUT"), at=minute(4))

    assert (refused.status_code, refused.json()["field"]) == (422, "result")
    assert (await centre.limit(case, "VISIT"))["on_time"]


async def test_a_raise_by_hand_asks_for_the_visit_of_its_risk(centre: Centre) -> None:
    case = await begun(centre, "LOW", NO_ANSWER)
    before = (await centre.case(case))["visit"]

    await centre.do("operator", case, "risk", {"risk": "HIGH", "reason": "家属称正在转账"}, at=minute(4))

    assert (before, (await centre.case(case))["visit"]["rules"]) == (None, ["FAILED_CALLS"])


async def test_dissuaded_by_voice_closes_only_after_a_visit(centre: Centre) -> None:
    case = await begun(centre, "HIGH", SPOKE)
    await by_voice(centre, case)
    wanted = (await centre.case(case))["visit"]
    assert (wanted["wanted"], wanted["rules"], wanted["due_at"]) == (True, ["CLOSES_IN_PERSON"], shown(minute(25)))

    for who in ("operator", "supervisor"):
        refused = await centre.post(who, case, "closing")
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/meeting-missing")
        assert refused.json()["missing"] == [
            {
                "what": "meeting",
                "needed": 1,
                "done": 0,
                "text_zh": "未见面:应 1 次,已 0 次",
                "text_en": "meetings in person: 0 of 1",
            }
        ]
    called = await centre.post("R11", case, "attempts", SPOKE)
    await centre.do("R11", case, "attempts", visit("REACHED_IN_PERSON"), at=minute(24))
    await centre.do("operator", case, "closing", at=minute(30))

    assert called.json()["type"] == "/problems/out-of-order"
    seen = await centre.case(case)
    assert (seen["state"], seen["stamps"]["feedback_at"]) == ("CLOSED", shown(minute(20)))
    assert (await centre.limit(case, "VISIT"))["on_time"]


async def test_lower_risks_and_exceptions_close_without_a_meeting(centre: Centre) -> None:
    for risk, outcome in (("MEDIUM", "DISSUADED_NO_LOSS"), ("HIGH", "WRONG_PERSON"), ("URGENT", "OUT_OF_AREA")):
        case = await centre.warn(risk=risk)
        await centre.do("R11", case, "acknowledgement")
        await centre.do("R11", case, "attempts", SPOKE)
        await centre.do("R11", case, "contact", {"mode": "voice"})
        await centre.do("R11", case, "conclusion", {"outcome": outcome})
        await centre.do("R11", case, "feedback", {"text": "见记录。"})
        await centre.do("operator", case, "closing")

        assert (await centre.case(case))["state"] == "CLOSED"


async def test_not_reached_needs_every_way_and_a_supervisor(centre: Centre) -> None:
    case = await begun(centre, "HIGH", NO_ANSWER, NO_ANSWER, NO_ANSWER, visit("SET_OUT"))
    not_reached = {"outcome": "NOT_REACHED"}

    refused = await centre.post("supervisor", case, "conclusion", not_reached)
    other = await centre.post("R11", case, "conclusion", not_reached)

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/tries-missing")
    assert [(one["what"], one["needed"], one["done"]) for one in refused.json()["missing"]] == [
        ("messages", 1, 0),
        ("visits", 1, 0),
        ("family", 1, 0),
    ]
    assert refused.json()["missing"][1]["text_en"] == "visits: 0 of 1"
    assert other.status_code == 403
    await centre.do("R11", case, "attempts", visit("NOT_HOME"), at=minute(12))
    await centre.do("R11", case, "attempts", {"result": "SMS_DELIVERED", "channel": "sms"}, at=minute(12))
    await centre.do("R11", case, "attempts", {"result": "NO_ANSWER", "channel": "family"}, at=minute(13))
    await centre.do("supervisor", case, "conclusion", not_reached, at=minute(15))
    assert list(await follow_ups(centre, case)) == ["NEXT_DAY"]
    assert (await follow_ups(centre, case))["NEXT_DAY"]["due_at"] == shown(minute(15 + 24 * 60))
    await centre.do("R11", case, "feedback", {"text": "未找到人。"}, at=minute(20))
    await centre.do("operator", case, "closing", at=minute(25))  # the outcome needs no meeting


async def test_a_refusal_is_followed_up_at_once_and_may_be_held(centre: Centre) -> None:
    case = await begun(centre, "HIGH", visit("REACHED_IN_PERSON"))
    await centre.do("R11", case, "contact", {"mode": "in_person"}, at=minute(4))
    early = await centre.post("R11", case, "protective-hold", {"reason": "仍要转账"})

    await centre.do("R11", case, "conclusion", {"outcome": "REFUSED"}, at=minute(20))
    await told_ok(centre, f"/cases/{case}/protective-hold", {"reason": "仍要转账"}, "R11")
    await centre.pass_time(minute(21))

    assert (early.status_code, early.json()["field"]) == (422, "outcome")
    one = (await follow_ups(centre, case))["AT_ONCE"]
    assert (one["state"], one["due_at"], one["responder"]) == ("DUE", shown(minute(20)), "R11")
    (hold,) = await listed(centre, f"/cases/{case}/protective-holds")
    assert hold["state"] == "HELD"


async def test_silence_after_an_acknowledgement_keeps_what_was_tried(centre: Centre) -> None:
    """Handed on twice: what was tried and what is wanted stay with the case, each stage has a round a holder."""
    case = await begun(centre, "HIGH", NO_ANSWER)
    await centre.do("R11", case, "hand-over", {"reason": "另有警情"}, at=minute(4))
    await centre.do("R12", case, "acknowledgement", at=minute(5))
    wanted = await centre.limit(case, "VISIT")

    await centre.pass_time(minute(5 + 2 * 3))

    seen = await centre.case(case)
    assert (seen["state"], seen["assigned_unit"], seen["responder"], seen["tried"]) == (
        "ASSIGNED",
        "P2",
        "R21",
        ["R11", "R12"],
    )
    silent = await centre.limit(case, "FIRST_ATTEMPT")
    assert (silent["round"], silent["on_time"], silent["breached_at"]) == (2, False, shown(minute(8)))
    assert (await centre.limit(case, "ACK"))["round"] == 3
    assert (await centre.limit(case, "VISIT")) | {"left_s": 0} == wanted | {"left_s": 0, "at_risk": True, "level": 1}
    await centre.do("R21", case, "acknowledgement", at=minute(11.5))
    await centre.do("R21", case, "attempts", visit("NOT_HOME"), at=minute(11.75))
    seen = await centre.case(case)
    assert {one["what"]: one["done"] for one in seen["tries"]} == {"calls": 1, "messages": 0, "visits": 1, "family": 0}
    assert seen["stamps"]["first_attempt_at"] == shown(minute(2))
    assert (await centre.limit(case, "FIRST_ATTEMPT"))["round"] == 3
    assert (await centre.limit(case, "VISIT"))["on_time"]


async def test_a_devices_time_counts_only_within_the_skew(centre: Centre) -> None:
    """Five minutes off counts, more is kept beside ours; the gap between two failed calls is of the times that count."""
    case = await begun(centre, "HIGH", NO_ANSWER)
    await centre.do("R11", case, "attempts", NO_ANSWER | {"occurred_at": shown(minute(7))}, at=minute(12))
    risk = (await centre.case(case))["risk"]
    await centre.do("R11", case, "attempts", NO_ANSWER | {"occurred_at": shown(minute(8))}, at=minute(14))

    told = await facts(centre, case, "ATTEMPT")
    assert [(fact["at"], fact["occurred_at"]) for fact in told[1:]] == [
        (shown(minute(7)), shown(minute(7))),
        (shown(minute(14)), shown(minute(8))),
    ]
    assert risk == "URGENT"
