"""A case that changes hands: inside the centre, to another county, and who gave it back. The hour never starts anew."""

from typing import Any
from uuid import UUID

import pytest
from centre import Centre, minute, shown

TO = {"to": "测试邻县反诈中心", "reason": "人已到邻县"}


async def timeline(centre: Centre, case: UUID, who: str = "operator") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await centre.get(who, f"/cases/{case}/timeline")).json()["items"]
    return found


async def test_a_hand_over_keeps_the_hour_and_both_histories(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")
    due_at = (await centre.limit(case, "TOTAL"))["due_at"]
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await centre.do("R11", case, "attempts", {"result": "BUSY", "channel": "call"}, at=minute(2))

    await centre.do("R11", case, "hand-over", {"reason": "换班"}, at=minute(3))
    await centre.do("R12", case, "acknowledgement", at=minute(4))

    total = await centre.limit(case, "TOTAL")
    assert (total["round"], total["due_at"], total["stopped_at"]) == (1, due_at, None)
    told = [(fact["action"], fact["actor"]) for fact in await timeline(centre, case)]
    assert told == [
        ("OPEN", "router"),
        ("ASSIGN", "router"),
        ("ACKNOWLEDGE", "R11"),
        ("ATTEMPT", "R11"),
        ("START_VISIT", "rules"),
        ("HAND_OVER", "R11"),
        ("ASSIGN", "router"),
        ("ACKNOWLEDGE", "R12"),
    ]


async def test_a_loan_to_another_unit_keeps_the_hour_and_both_see_it(centre: Centre) -> None:
    case = await centre.warn(unit="P1")
    due_at = (await centre.limit(case, "TOTAL"))["due_at"]
    await centre.do("R11", case, "acknowledgement", at=minute(1))

    await centre.do("operator", case, "assignment", {"unit": "P2", "responder": "R21", "reason": "支援"}, at=minute(2))

    assert (await centre.limit(case, "TOTAL"))["due_at"] == due_at
    seen = [await timeline(centre, case, who) for who in ("desk-1", "desk-2")]
    assert seen[0] == seen[1]
    assert seen[0][-1]["detail"]["from_unit"] == "P1"


async def test_the_hour_of_a_transfer_runs_until_the_receipt(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await centre.do("operator", case, "transfer", TO, at=minute(10))

    sent = await centre.case(case)
    assert (sent["state"], sent["transferred_to"], sent["stamps"]["receipt_at"]) == ("TRANSFERRED", TO["to"], None)
    assert [(limit["kind"], limit["stopped_at"]) for limit in sent["limits"] if limit["stopped_at"] is None] == [
        ("TOTAL", None)
    ]

    await centre.do("operator", case, "receipt", {"number": "N-77", "note": "对方已接收"}, at=minute(20))

    seen, total = await centre.case(case), await centre.limit(case, "TOTAL")
    assert (total["stopped_at"], total["on_time"], total["round"]) == (shown(minute(20)), True, 1)
    assert seen["stamps"]["transferred_at"] == shown(minute(10))
    assert seen["stamps"]["receipt_at"] == shown(minute(20))
    last = (await timeline(centre, case))[-1]
    assert (last["action"], last["detail"], last["words"]) == ("RECEIPT", {"number": "N-77"}, {"note": "对方已接收"})


async def test_a_transfer_without_a_receipt_is_breached_and_overdue(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")
    await centre.do("operator", case, "transfer", TO, at=minute(5))

    await centre.pass_time(minute(61))

    assert (await centre.case(case))["overdue"]
    listed = (await centre.get("operator", "/cases?overdue=true")).json()["items"]
    assert [(line["case_id"], line["transferred_to"]) for line in listed] == [(str(case), TO["to"])]
    breach = (await timeline(centre, case))[-1]
    assert (breach["action"], breach["detail"]["timer"], breach["to_state"]) == ("BREACH", "TOTAL", "TRANSFERRED")

    await centre.do("operator", case, "receipt", at=minute(65))

    seen = await centre.case(case)
    assert (seen["overdue"], (await centre.limit(case, "TOTAL"))["late_s"]) == (False, 300)
    assert (await centre.get("operator", "/cases?overdue=true")).json()["items"] == []


async def test_a_second_receipt_keeps_the_first_time(centre: Centre) -> None:
    case = await centre.warn()
    await centre.do("operator", case, "transfer", TO, at=minute(1))
    for at in (2, 3):
        await centre.do("operator", case, "receipt", at=minute(at))

    assert (await centre.case(case))["stamps"]["receipt_at"] == shown(minute(2))


async def test_a_transferred_case_is_masked_and_still_the_units_to_read(centre: Centre) -> None:
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement")
    await centre.do("operator", case, "transfer", TO)

    seen = await centre.case(case, "R11")
    assert (seen["assigned_unit"], seen["person"]["shown"]) == ("P1", "masked")
    for what in ("acknowledgement", "attempts", "hand-over"):
        body = {"attempts": {"result": "BUSY", "channel": "call"}, "hand-over": {"reason": "原因"}}.get(what)
        assert (await centre.post("R11", case, what, body)).status_code == 409


@pytest.mark.parametrize(
    ("who", "body", "status"),
    [
        ("desk-1", TO, 403),
        ("R11", TO, 403),
        ("auditor", TO, 403),
        ("operator", {"reason": "原因"}, 422),
        ("operator", {"to": "", "reason": "原因"}, 422),
    ],
)
async def test_only_the_centre_transfers_and_says_to_whom(
    centre: Centre, who: str, body: dict[str, str], status: int
) -> None:
    case = await centre.warn()

    assert (await centre.post(who, case, "transfer", body)).status_code == status


async def test_a_receipt_without_a_transfer_is_out_of_order(centre: Centre) -> None:
    case = await centre.warn()

    assert (await centre.post("operator", case, "receipt")).status_code == 409


async def test_who_gives_cases_back_is_counted_by_responder(centre: Centre) -> None:
    declined, silent, handed = [await centre.warn() for _ in range(3)]
    await centre.do("desk-1", declined, "decline", {"reason": "不在"}, at=minute(1))  # for R11, who was asked
    await centre.do("R11", handed, "acknowledgement", at=minute(1))
    await centre.do("R11", handed, "hand-over", {"reason": "换班"}, at=minute(1.5))
    await centre.pass_time(minute(3.1))  # nobody answers the other two, nor the second round of these

    answer = await centre.get("desk-1", "/declines", params={"since": shown(minute(0)), "until": shown(minute(4))})

    counted = {one["responder"]: one for one in answer.json()["items"]}
    assert (counted["R11"]["declined"], counted["R11"]["handed_over"], counted["R11"]["not_answered"]) == (1, 1, 1)
    assert str(silent) not in answer.text
    assert (await centre.get("operator", "/declines?unit=P2")).json()["items"] == []


async def test_a_desk_counts_its_own_people_only(centre: Centre) -> None:
    mine, other = await centre.warn(unit="P1"), await centre.warn(unit="P2")
    await centre.do("R11", mine, "decline", {"reason": "不在"}, at=minute(1))
    await centre.do("R21", other, "decline", {"reason": "不在"}, at=minute(1))
    await centre.pass_time(minute(1.1))

    items = {
        who: [one["responder"] for one in (await centre.get(who, "/declines")).json()["items"]]
        for who in ("desk-1", "desk-2", "operator")
    }

    assert items == {"desk-1": ["R11"], "desk-2": ["R21"], "operator": ["R11", "R21"]}
    assert (await centre.get("R11", "/declines")).status_code == 403


@pytest.mark.parametrize("period", [("2026-11-20T08:00:00Z",) * 2, ("2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z")])
async def test_a_period_that_can_not_be_is_refused(centre: Centre, period: tuple[str, str]) -> None:
    answer = await centre.get("operator", "/declines", params=dict(zip(("since", "until"), period, strict=True)))

    assert (answer.status_code, answer.json()["errors"]) == (422, [{"pointer": "/query/since", "error": "period"}])
