"""The month after a case: follow-ups that come due, are done, missed, struck off, superseded; a loss found by one."""

from datetime import datetime, timedelta

from beside_steps import DAY, HOUR, everything_tried, facts, follow_ups, listed, orders, payment, tell, told_ok, work_on
from centre import Centre, minute, shown

CONCLUDED = minute(30)


async def test_a_month_of_follow_ups_is_done_and_struck_off(centre: Centre) -> None:
    case = await centre.warn()
    await work_on(centre, case)
    planned = await follow_ups(centre, case)
    assert {mark: one["due_at"] for mark, one in planned.items()} == {
        "DAY": shown(CONCLUDED + DAY),
        "WEEK": shown(CONCLUDED + 7 * DAY),
        "MONTH": shown(CONCLUDED.replace(month=12)),
    }
    early = await tell(centre, f"/follow-ups/{planned['DAY']['id']}/result", {"result": "SAFE"}, "R11")
    assert early.json()["type"] == "/problems/out-of-order"

    for mark in ("DAY", "WEEK", "MONTH"):
        one = planned[mark]
        await centre.pass_time(datetime.fromisoformat(one["due_at"]) + HOUR)
        await told_ok(centre, f"/follow-ups/{one['id']}/result", {"result": "SAFE", "note": "一切正常"}, "R11")
        own = await tell(centre, f"/follow-ups/{one['id']}/closing", None, "R11")
        assert own.status_code == 403
        await told_ok(centre, f"/follow-ups/{one['id']}/closing", None, "desk-1")
    await centre.pass_time(CONCLUDED + 60 * DAY)

    after = await follow_ups(centre, case)
    assert {(one["state"], one["on_time"], one["closed_by"]) for one in after.values()} == {("CLOSED", True, "desk-1")}
    states = [item["detail"]["state"] for item in await facts(centre, case, "FOLLOW_UP")]
    assert states == ["DUE", "DONE", "CLOSED"] * 3
    assert (await centre.case(case))["next_due_at"] is None


async def test_a_missed_follow_up_is_escalated_and_may_still_be_done(centre: Centre) -> None:
    case = await centre.warn()
    await work_on(centre, case)

    await centre.pass_time(CONCLUDED + DAY + 25 * HOUR)

    marks = [
        (item["detail"]["mark"], item["detail"]["state"], item["at"]) for item in await facts(centre, case, "FOLLOW_UP")
    ]
    assert marks == [
        ("DAY", "DUE", shown(CONCLUDED + DAY)),
        ("DAY", "MISSED", shown(CONCLUDED + DAY + 12 * HOUR)),
        ("DAY", "ESCALATED", shown(CONCLUDED + DAY + 24 * HOUR)),
    ]
    (late,) = await listed(centre, "/follow-ups?state=ESCALATED&unit=P1")
    await told_ok(centre, f"/follow-ups/{late['id']}/result", {"result": "NOT_REACHED"}, "R12")
    assert (await follow_ups(centre, case))["DAY"]["on_time"] is False


async def test_a_loss_found_a_week_later_opens_its_review(centre: Centre) -> None:
    case = await centre.warn()
    await work_on(centre, case)
    await centre.pass_time(CONCLUDED + 7 * DAY + HOUR)
    week = (await follow_ups(centre, case))["WEEK"]

    half = await tell(centre, f"/follow-ups/{week['id']}/result", {"result": "LOSS"}, "R11")
    found = {"result": "LOSS", "loss_after_fen": 1_200_000}
    await told_ok(centre, f"/follow-ups/{week['id']}/result", found, "R11")

    assert half.json()["type"] == "/problems/incomplete"
    (review,) = await listed(centre, f"/reviews?case_id={case}")
    assert (review["state"], review["why"], review["order"]) == ("OPEN", ["LOSS_AFTER_WARNING"], None)
    assert (await centre.case(case))["loss_after_fen"] == 1_200_000
    (fact,) = await facts(centre, case, "LOSE")
    assert (fact["detail"]["loss_after_fen"], fact["detail"]["was_fen"]) == (1_200_000, None)


async def test_a_loss_before_the_warning_is_no_loss_after_it(centre: Centre) -> None:
    case = await centre.warn(at=minute(0))
    await work_on(centre, case)

    before = {"loss_after_fen": 5, "lost_at": shown(minute(-1))}
    refused = await tell(centre, f"/cases/{case}/loss", before, "operator")
    await told_ok(centre, f"/cases/{case}/loss", {"loss_after_fen": 5, "lost_at": shown(minute(20))})
    await told_ok(centre, f"/cases/{case}/loss", {"loss_after_fen": 7, "note": "更正"})

    assert refused.json()["field"] == "lost_at"
    assert [fact["detail"]["was_fen"] for fact in await facts(centre, case, "LOSE")] == [None, 5]
    assert len(await listed(centre, f"/reviews?case_id={case}")) == 1


async def test_outcomes_decide_who_is_asked_again(centre: Centre) -> None:
    marks = {}
    for outcome in ("FALSE_POSITIVE", "OUT_OF_AREA", "REFUSED", "NOT_REACHED"):
        case = await centre.warn(at=centre.clock.now())
        await centre.do("R11", case, "acknowledgement")
        await centre.do("R11", case, "attempts", {"result": "NO_ANSWER", "channel": "call"})
        if outcome == "NOT_REACHED":
            await everything_tried(centre, case)
        else:
            await centre.do("R11", case, "contact", {"mode": "voice"})
        await centre.do("supervisor" if outcome == "NOT_REACHED" else "R11", case, "conclusion", {"outcome": outcome})
        at_once = await follow_ups(centre, case)
        await centre.do("R11", case, "feedback", {"text": "见记录。"})
        marks[outcome] = (sorted(at_once), len(await follow_ups(centre, case)))
        if outcome == "OUT_OF_AREA":
            owners = {(one["unit"], one["by_receiver"]) for one in (await follow_ups(centre, case)).values()}

    assert marks == {
        "FALSE_POSITIVE": ([], 0),
        "OUT_OF_AREA": ([], 3),
        "REFUSED": (["AT_ONCE"], 4),
        "NOT_REACHED": (["NEXT_DAY"], 4),
    }
    assert owners == {(None, True)}


async def test_reopening_supersedes_what_is_still_to_be_done(centre: Centre) -> None:
    case = await centre.warn()
    await work_on(centre, case)
    await centre.pass_time(CONCLUDED + DAY)
    first = (await follow_ups(centre, case))["DAY"]
    await told_ok(centre, f"/follow-ups/{first['id']}/result", {"result": "CONTACTED_AGAIN"}, "R11")

    await centre.do("supervisor", case, "reopening", {"reason": "骗子再次联系"}, at=CONCLUDED + 2 * DAY)
    await work_on(centre, case)

    found = await listed(centre, f"/follow-ups?case_id={case}")
    assert [(one["round"], one["mark"], one["state"]) for one in found] == [
        (1, "DAY", "DONE"),
        (2, "DAY", "SCHEDULED"),
        (1, "WEEK", "SUPERSEDED"),
        (2, "WEEK", "SCHEDULED"),
        (1, "MONTH", "SUPERSEDED"),
        (2, "MONTH", "SCHEDULED"),
    ]
    assert found[1]["due_at"] == shown(CONCLUDED + 3 * DAY + timedelta(minutes=30))


async def test_a_feedback_returned_for_its_text_keeps_its_follow_ups(centre: Centre) -> None:
    case = await centre.warn()
    await work_on(centre, case)
    again = await centre.warn(number="T-again")
    await centre.do("R11", again, "acknowledgement")
    await centre.do("R11", again, "attempts", {"result": "BUSY", "channel": "call"})
    await centre.do("R11", again, "contact", {"mode": "voice"})
    await centre.do("R11", again, "conclusion", {"outcome": "DISSUADED_NO_LOSS"})
    await centre.do("R11", again, "feedback", {"text": "甲"})
    before = await follow_ups(centre, again)

    await centre.do("operator", again, "return", {"reason": "错字", "text_only": True})
    await centre.do("R11", again, "feedback", {"text": "乙"})

    assert await follow_ups(centre, again) == before


async def test_follow_ups_of_another_unit_stay_unseen(centre: Centre) -> None:
    case = await centre.warn()
    await work_on(centre, case)
    await centre.pass_time(CONCLUDED + DAY)
    one = (await follow_ups(centre, case))["DAY"]

    for who in ("desk-2", "R21"):
        assert await listed(centre, f"/follow-ups?unit=P1&case_id={case}", who) == []
        answer = await tell(centre, f"/follow-ups/{one['id']}/result", {"result": "SAFE"}, who)
        assert answer.status_code == 404
    assert (await centre.get("bank", "/follow-ups")).status_code == 403
    assert (await tell(centre, "/follow-ups/999/result", {"result": "SAFE"}, "R11")).status_code == 404


async def test_the_hour_with_a_home_visit_and_a_stop(centre: Centre) -> None:
    """Chengan: warned, visited, dissuaded, the money held, all inside the hour; then a quiet month."""
    case = await centre.warn(risk="URGENT")
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await centre.do("R11", case, "stop-payment", payment(), at=minute(2))
    await centre.do("R11", case, "attempts", {"result": "SET_OUT", "channel": "visit"}, at=minute(2.5))
    await centre.do("R11", case, "attempts", {"result": "BUSY", "channel": "call"}, at=minute(2.5))
    (order,) = await orders(centre, case)
    held = {"result": "HELD", "held_fen": 500_000, "held_until": shown(minute(6) + 48 * HOUR)}
    await centre.pass_time(minute(6))
    await told_ok(centre, f"/stop-payments/{order['order_id']}/receipts", held)
    await centre.do("R11", case, "attempts", {"result": "REACHED_IN_PERSON", "channel": "visit"}, at=minute(14))
    await centre.do("R11", case, "contact", {"mode": "in_person"}, at=minute(14))
    done = {"outcome": "DISSUADED_NO_LOSS", "amount_saved_fen": 500_000, "loss_after_fen": 0, "awakened": True}
    await centre.do("R11", case, "conclusion", done, at=minute(28))
    await centre.do("R11", case, "feedback", {"text": "上门劝阻成功,款项已止付。"}, at=minute(36))
    await centre.do("operator", case, "closing", {}, at=minute(50))
    await centre.pass_time(minute(6) + 20 * HOUR)
    await told_ok(centre, f"/stop-payments/{order['order_id']}/receipts", {"result": "FROZEN"})

    seen = await centre.case(case)
    assert all(limit["on_time"] for limit in seen["limits"] if limit["kind"] != "LEASE")
    assert await listed(centre, f"/reviews?case_id={case}") == []
    assert [one["state"] for one in await orders(centre, case)] == ["FROZEN"]
    assert seen["next_due_at"] == shown(minute(28) + DAY)
