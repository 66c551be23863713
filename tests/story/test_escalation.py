"""Late stages call people in: levels by time, by watch, past empty ones, by hand; until the act that answers them."""

from datetime import timedelta

from beside_steps import facts, listed
from centre import START, Centre, minute, shown
from notice_steps import fire, go_off_duty, head, inbox, leave, level, steps, told
from prometheus_client import REGISTRY

from services.domain.rota.holiday import Ruled
from services.store import rota


async def test_an_acknowledgement_and_then_silence_goes_to_the_next(centre: Centre) -> None:
    """Reminder at three quarters, reminder and desk at the limit, back to the queue at twice the limit."""
    await head(centre, "P1", "R12")
    case = await centre.warn(risk="HIGH")
    await centre.do("R11", case, "acknowledgement", at=minute(1))

    await centre.pass_time(minute(3.25))
    assert await inbox(centre, "R11") == [("AT_RISK", "FIRST_ATTEMPT")]
    await centre.pass_time(minute(4))
    assert await inbox(centre, "R11") == [("BREACHED", "FIRST_ATTEMPT"), ("AT_RISK", "FIRST_ATTEMPT")]
    assert ("BREACHED", "FIRST_ATTEMPT") in await inbox(centre, "desk-1")
    await centre.pass_time(minute(7))

    seen = await centre.case(case)
    assert (seen["state"], seen["responder"], seen["tried"]) == ("ASSIGNED", "R12", ["R11"])
    assert (await inbox(centre, "R11"))[0] == ("TAKEN_BACK", "")
    assert await told(centre, case) == [
        ("AT_RISK", "FIRST_ATTEMPT", "RESPONDER", "R11"),
        ("BREACHED", "FIRST_ATTEMPT", "RESPONDER", "R11"),
        ("BREACHED", "FIRST_ATTEMPT", "DUTY_DESK", "P1"),
        ("TAKEN_BACK", "", "RESPONDER", "R11"),
        ("TAKEN_BACK", "", "DUTY_DESK", "P1"),
    ]
    assert seen["told"][1]["due_at"] == shown(minute(60))
    assert await inbox(centre, "desk-2", of="all") == []


async def test_nobody_answers_so_the_head_is_told_and_the_next_asked(centre: Centre) -> None:
    await head(centre, "P1", "R12")
    case = await centre.warn(risk="HIGH")

    await centre.pass_time(minute(3))

    seen = await centre.case(case)
    assert (seen["state"], seen["responder"]) == ("ASSIGNED", "R12")
    assert [one["open"] for one in seen["told"]] == [True, True, True]
    assert await told(centre, case) == [
        ("AT_RISK", "ACK", "RESPONDER", "R11"),
        ("AT_RISK", "ACK", "DUTY_DESK", "P1"),
        ("BREACHED", "ACK", "PRECINCT_HEAD", "R12"),
    ]
    await centre.do("R12", case, "acknowledgement", at=minute(4))

    after = (await centre.case(case))["told"]
    assert {(one["open"], one["answered_by"], one["answered_at"]) for one in after} == {
        (False, "ACKNOWLEDGE", shown(minute(4)))
    }
    assert (await centre.get("R12", "/notices/open")).json() == {"open": 0, "loud": 0}


async def test_each_stage_calls_in_whom_its_steps_name(centre: Centre) -> None:
    await head(centre, "P1", "R12")
    case = await centre.warn(risk="HIGH")
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await centre.do("R11", case, "attempts", {"result": "NO_ANSWER", "channel": "call"}, at=minute(3.5))

    seen = [(one["kind"], one["answered_by"]) for one in (await centre.case(case))["told"]]
    assert seen == [("AT_RISK", "ATTEMPT"), ("VISIT_WANTED", None)]
    await centre.do("R11", case, "attempts", {"result": "NOT_HOME", "channel": "visit"}, at=minute(4))
    assert [one["answered_by"] for one in (await centre.case(case))["told"]] == ["ATTEMPT", "ATTEMPT"]
    await centre.pass_time(minute(50))

    assert (await told(centre, case))[2:] == [
        ("AT_RISK", "CONTACT", "RESPONDER", "R11"),
        ("BREACHED", "CONTACT", "PRECINCT_HEAD", "R12"),
        ("AT_RISK", "TOTAL", "SUPERVISOR", ""),
    ]
    assert ("AT_RISK", "TOTAL") in await inbox(centre, "supervisor")
    assert await inbox(centre, "operator") == []


async def test_every_level_empty_reaches_the_centre_at_once(centre: Centre) -> None:
    """Nobody on duty, no desk, no head: nothing waits for the time of a level that nobody is in."""
    empty = _empty("FIRST_ATTEMPT")
    climb = [level("AT_RISK", 0, "RESPONDER"), level("AT_RISK", 30, "DUTY_DESK"), level("BREACH", 30, "PRECINCT_HEAD")]
    await steps(centre, escalation={"FIRST_ATTEMPT": climb})
    case = await centre.warn(risk="HIGH")
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await go_off_duty(centre)
    await leave(centre, "desk-1", "operator")

    await centre.pass_time(minute(3.25))

    assert await told(centre, case) == [
        ("LEVEL_EMPTY", "FIRST_ATTEMPT", "OPERATOR", ""),
        ("LEVEL_EMPTY", "FIRST_ATTEMPT", "OPERATOR", ""),
        ("NOBODY_LEFT", "FIRST_ATTEMPT", "OPERATOR", ""),
        ("NOBODY_LEFT", "FIRST_ATTEMPT", "SUPERVISOR", ""),
    ]
    loud = (await centre.case(case))["told"][-1]
    assert (loud["is_loud"], loud["level"], loud["created_at"]) == (True, 3, shown(minute(3.25)))
    assert "所领导" in loud["why_zh"]
    assert (await centre.get("supervisor", "/notices/open")).json() == {"open": 4, "loud": 2}
    timeline = await listed(centre, f"/cases/{case}/timeline", "supervisor")
    assert [one["detail"]["why"] for one in timeline if one["action"] == "ESCALATE"] == ["EMPTY", "EMPTY"]
    assert _empty("FIRST_ATTEMPT") == empty + 3


async def test_an_empty_level_is_skipped_and_the_climb_goes_on(centre: Centre) -> None:
    climb = [level("BREACH", 0, "PRECINCT_HEAD"), level("BREACH", 5, "DUTY_DESK"), level("BREACH", 8, "SUPERVISOR")]
    await steps(centre, escalation={"CONTACT": climb})
    case = await centre.warn(risk="HIGH")
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await centre.do("R11", case, "attempts", {"result": "NO_ANSWER", "channel": "call"}, at=minute(2))

    await centre.pass_time(minute(22))
    contact = await centre.limit(case, "CONTACT")
    assert (contact["level"], contact["next_level_at"]) == (2, shown(minute(25)))
    assert (await centre.case(case))["next_due_at"] == shown(minute(25))
    await centre.pass_time(minute(26))

    contacts = [one for one in await told(centre, case) if one[1] == "CONTACT"]
    assert contacts == [
        ("LEVEL_EMPTY", "CONTACT", "OPERATOR", ""),
        ("BREACHED", "CONTACT", "DUTY_DESK", "P1"),
        ("BREACHED", "CONTACT", "SUPERVISOR", ""),
    ]


async def test_the_climb_stops_on_the_act_that_answers_it(centre: Centre) -> None:
    climb = [level("BREACH", 0, "DUTY_DESK"), level("BREACH", 5, "SUPERVISOR")]
    await steps(centre, escalation={"CONTACT": climb})
    case = await centre.warn(risk="HIGH")
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await centre.do("R11", case, "attempts", {"result": "NO_ANSWER", "channel": "call"}, at=minute(2))

    await centre.do("R11", case, "contact", {"mode": "voice"}, at=minute(23))
    await centre.pass_time(minute(30))

    contacts = [one for one in (await centre.case(case))["told"] if one["timer"] == "CONTACT"]
    assert [(one["target"], one["answered_by"]) for one in contacts] == [("DUTY_DESK", "CONTACT")]


async def test_the_centre_jumps_to_a_level_and_may_again(centre: Centre) -> None:
    await head(centre, "P1", "R12")
    case = await centre.warn(risk="HIGH")
    body = {"level": 2, "reason": "对象正在转账"}

    await centre.do("operator", case, "escalate", body, at=minute(1))
    await centre.do("supervisor", case, "escalate", body | {"timer": "ACK"})

    kinds = [("JUMPED", "ACK", "PRECINCT_HEAD", "R12")] * 2
    assert await told(centre, case) == kinds
    (first, _) = await facts(centre, case, "ESCALATE")
    assert (first["actor"], first["detail"]["level"], first["words"]) == ("operator", 2, {"reason": body["reason"]})
    refused = await centre.post("operator", case, "escalate", body | {"level": 3})
    assert (refused.status_code, refused.json()["field"]) == (422, "level")
    stopped = await centre.post("operator", case, "escalate", body | {"timer": "FEEDBACK"})
    assert (stopped.status_code, stopped.json()["field"]) == (422, "timer")
    assert (await centre.post("desk-1", case, "escalate", body)).status_code == 403
    assert (await centre.post("R21", case, "escalate", body)).status_code == 403


async def test_nights_and_holidays_call_in_others_than_days(centre: Centre) -> None:
    """START is four in the afternoon of a Friday where the installation is."""
    by = {name: {"ACK": [level("AT_RISK", 0, who)]} for name, who in (("NIGHT", "SUPERVISOR"), ("HOLIDAY", "OPERATOR"))}
    await steps(centre, escalation=by)
    by_day = await centre.warn(risk="HIGH")
    await centre.pass_time(minute(2.5))
    await centre.pass_time(START + timedelta(hours=6))
    by_night = await centre.warn(risk="HIGH", at=centre.clock.now())
    await centre.pass_time(START + timedelta(hours=6, minutes=2.5))
    async with centre.store.begin() as tx:
        day = (START + timedelta(days=1)).date()
        await rota.keep_holiday(tx, day, Ruled(off=True, name="测试日"), by="test")
    await centre.pass_time(START + timedelta(days=1))
    on_holiday = await centre.warn(risk="HIGH", at=centre.clock.now())
    await centre.pass_time(START + timedelta(days=1, minutes=2.5))

    targets = []
    for case in (by_day, by_night, on_holiday):
        at_risk = [one for one in (await centre.case(case))["told"] if one["round"] == 1 and one["kind"] == "AT_RISK"]
        targets.append([one["target"] for one in at_risk if one["timer"] == "ACK"])
    assert targets == [["RESPONDER", "DUTY_DESK"], ["SUPERVISOR"], ["OPERATOR"]]


async def test_what_an_outage_has_made_late_is_told_as_one(centre: Centre) -> None:
    cases = [await centre.warn(risk="MEDIUM") for _ in range(6)]
    for case in cases:
        await centre.do("R11", case, "acknowledgement", at=minute(1))

    centre.clock.move_to(minute(30))
    await fire(centre)

    (late,) = await listed(centre, "/notices?kind=LATE_WORK", "R11")
    assert (late["count"], late["is_late"], len(late["cases"])) == (6, True, 6)
    assert {one["case_id"] for one in late["cases"]} == {str(case) for case in cases}
    assert "6" in late["why_zh"]
    (of_one,) = [one for one in (await centre.case(cases[0]))["told"] if one["person"] == "R11" and one["is_late"]]
    assert (of_one["kind"], of_one["timer"], of_one["id"]) == ("BREACHED", "FIRST_ATTEMPT", late["id"])
    await fire(centre)
    assert len(await listed(centre, "/notices?kind=LATE_WORK", "R11")) == 1


async def test_a_warning_that_comes_late_escalates_at_once(centre: Centre) -> None:
    await centre.pass_time(minute(70))
    case = await centre.warn(risk="HIGH", at=minute(0))
    await fire(centre)

    seen = (await centre.case(case))["told"]
    assert [(one["kind"], one["timer"], one["target"], one["is_late"]) for one in seen] == [
        ("BREACHED", "ASSIGN", "SUPERVISOR", True),
        ("NOBODY_LEFT", "TOTAL", "OPERATOR", True),
        ("NOBODY_LEFT", "TOTAL", "SUPERVISOR", True),
    ]


def _empty(stage: str) -> float:
    return REGISTRY.get_sample_value("quanzu_escalation_levels_empty_total", {"stage": stage}) or 0.0
