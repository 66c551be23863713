"""The risk of a case changed by hand and by a rule, and a time put right, through the door."""

from typing import Any

import pytest
from centre import Centre, minute, shown

RAISED = {"risk": "URGENT", "reason": "正在转账"}


async def worked_on(centre: Centre, risk: str) -> Any:
    case = await centre.warn(risk=risk)
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    return case


async def actions(centre: Centre, case: Any) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = (await centre.get("operator", f"/cases/{case}/timeline")).json()["items"]
    return told


async def test_an_operator_raises_and_the_clock_is_pulled_in(centre: Centre) -> None:
    case = await worked_on(centre, "HIGH")
    await centre.do("R11", case, "attempts", {"result": "NO_ANSWER", "channel": "call"}, at=minute(2))

    await centre.do("operator", case, "risk", RAISED, at=minute(4))

    seen = await centre.case(case)
    assert (seen["risk"], seen["total_due_at"]) == ("URGENT", shown(minute(4 + 45)))
    assert (await centre.limit(case, "CONTACT"))["due_at"] == shown(minute(2 + 15))
    last = (await actions(centre, case))[-1]
    assert (last["action"], last["detail"], last["words"]) == (
        "RAISE",
        {"from": "HIGH", "to": "URGENT"},
        {"reason": "正在转账"},
    )
    await centre.pass_time(minute(17))
    assert (await centre.limit(case, "CONTACT"))["breached_at"] == shown(minute(17))


async def test_a_stale_or_repeated_raise_changes_nothing(centre: Centre) -> None:
    case = await worked_on(centre, "HIGH")
    turn = (await centre.case(case))["turn"]
    first = await centre.do("operator", case, "risk", RAISED, key="raise", turn=turn)

    again = await centre.do("operator", case, "risk", RAISED, key="raise", turn=turn)
    stale = await centre.post("operator", case, "risk", {"risk": "LOW", "reason": "误报"}, turn=turn)

    assert (again, stale.status_code) == (first, 412)


async def test_only_a_supervisor_lowers_and_gains_no_time(centre: Centre) -> None:
    case = await worked_on(centre, "URGENT")
    body = {"risk": "LOW", "reason": "核实为误报线索"}
    due = (await centre.case(case))["total_due_at"]

    refused = await centre.post("operator", case, "risk", body)
    await centre.do("supervisor", case, "risk", body)

    seen = await centre.case(case)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-allowed")
    assert (seen["risk"], seen["total_due_at"]) == ("LOW", due)


@pytest.mark.parametrize("who", ["R11", "desk-1", "reviewer", "bank"])
async def test_nobody_else_changes_a_risk_or_a_time(centre: Centre, who: str) -> None:
    case = await worked_on(centre, "HIGH")

    answers = [
        await centre.post(who, case, "risk", RAISED),
        await centre.post(
            who, case, "corrections", {"stamp": "acknowledged_at", "at": shown(minute(0.5)), "reason": "误点"}
        ),
    ]

    assert {answer.status_code for answer in answers} <= {403, 404}


async def test_a_busy_line_raises_and_starts_a_visit(centre: Centre) -> None:
    case = await worked_on(centre, "LOW")

    await centre.do("R11", case, "attempts", {"result": "BUSY", "channel": "call"}, at=minute(2))

    told = await actions(centre, case)
    assert [fact["action"] for fact in told[-3:]] == ["ATTEMPT", "RAISE", "START_VISIT"]
    assert (told[-1]["actor"], told[-1]["role"]) == ("rules", "system")
    assert (await centre.case(case))["risk"] == "HIGH"
    await centre.do("R11", case, "contact", {"mode": "in_person"}, at=minute(9))


async def test_two_failed_calls_apart_raise_one_level(centre: Centre) -> None:
    case = await worked_on(centre, "HIGH")
    body = {"result": "NO_ANSWER", "channel": "call"}
    risks = []
    for at in (2, 4, 7):
        await centre.do("R11", case, "attempts", body, at=minute(at))
        risks.append((await centre.case(case))["risk"])

    assert risks == ["HIGH", "HIGH", "URGENT"]


async def test_a_wrong_time_is_put_right_and_both_are_shown(centre: Centre) -> None:
    case = await worked_on(centre, "HIGH")
    await centre.do("R11", case, "attempts", {"result": "NO_ANSWER", "channel": "call"}, at=minute(6))
    body = {"stamp": "first_attempt_at", "at": shown(minute(3)), "reason": "当时无信号,补录"}

    for at in (3, 4):
        await centre.do("supervisor", case, "corrections", body | {"at": shown(minute(at))}, at=minute(8 + at))

    seen, told = await centre.case(case), await actions(centre, case)
    assert seen["stamps"]["first_attempt_at"] == shown(minute(6))
    assert seen["corrections"] == [
        {
            "stamp": "first_attempt_at",
            "original_at": shown(minute(6)),
            "corrected_at": shown(minute(4)),
            "corrected_by": "supervisor",
            "recorded_at": shown(minute(12)),
        }
    ]
    assert [fact["action"] for fact in told[-2:]] == ["CORRECT", "CORRECT"]
    assert (told[-1]["detail"]["old"], told[-1]["detail"]["original"]) == (
        minute(3).isoformat(),
        minute(6).isoformat(),
    )
    assert told[-1]["words"] == {"reason": "当时无信号,补录"}


@pytest.mark.parametrize(
    "change",
    [
        {"at": shown(minute(-1))},
        {"at": shown(minute(99))},
        {"at": "2026-11-20 08:00"},
        {"at": shown(minute(1))},
        {"stamp": "contacted_at"},
        {"stamp": "issued_at"},
        {"reason": " "},
    ],
)
async def test_a_time_that_cannot_be_is_refused(centre: Centre, change: dict[str, str]) -> None:
    case = await worked_on(centre, "HIGH")
    body = {"stamp": "acknowledged_at", "at": shown(minute(0.5)), "reason": "误点"}

    answer = await centre.post("supervisor", case, "corrections", body | change)

    assert answer.status_code == 422
    assert (await centre.case(case))["corrections"] == []
