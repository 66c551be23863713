"""What went wrong opens its review by itself, which a second person closes; a refusal allows a protective hold."""

from beside_steps import HOUR, facts, from_bank, listed, orders, stop_asked, tell, told_ok, work_on
from centre import Centre, minute

CAUSE = {"cause": "账号与户名不符", "accountable": "R11"}
ACTIONS = {"action": "核对户名后重报", "commitment": "三日内完成培训"}


async def test_a_failed_stop_is_reviewed_and_closed_by_a_second_person(centre: Centre) -> None:
    case = await stop_asked(centre)
    (order,) = await orders(centre, case)
    await from_bank(centre, case, order["order_id"], "no", result="REJECTED", reason="mismatch")
    (review,) = await listed(centre, "/reviews?state=OPEN")
    path = f"/reviews/{review['id']}"
    assert (review["why"], review["order"], review["case_id"]) == (["STOP_REJECTED"], 1, str(case))

    early = await tell(centre, f"{path}/closing")
    await told_ok(centre, f"{path}/cause", CAUSE, "reviewer")
    await told_ok(centre, f"{path}/actions", ACTIONS, "reviewer")
    own = await tell(centre, f"{path}/closing", None, "reviewer")
    await told_ok(centre, f"{path}/closing", None, "supervisor")

    assert (early.status_code, own.status_code) == (409, 403)
    (review,) = await listed(centre, f"/reviews?case_id={case}")
    assert (review["state"], review["accountable"], review["closed_by"]) == ("CLOSED", "R11", "supervisor")
    told = await facts(centre, case, "INQUIRE")
    assert [fact["detail"]["state"] for fact in told] == ["OPEN", "CAUSE_SET", "ACTIONS_SET", "CLOSED"]
    assert told[2]["words"] == ACTIONS
    assert (await tell(centre, f"{path}/cause", CAUSE, "R11")).status_code == 403


async def test_a_bank_that_is_silent_or_gives_a_part_is_reviewed_once(centre: Centre) -> None:
    case = await stop_asked(centre)
    (order,) = await orders(centre, case)

    await centre.pass_time(minute(4 + 16))
    (late,) = await listed(centre, f"/reviews?case_id={case}")
    held = {"result": "HELD", "held_fen": 10, "held_until": minute(20) + 48 * HOUR}
    await from_bank(centre, case, order["order_id"], "part", **held)

    assert late["why"] == ["STOP_LATE"]
    (review,) = await listed(centre, f"/reviews?case_id={case}")
    assert (review["number"], review["why"]) == (1, ["STOP_LATE", "STOP_PARTIAL"])


async def test_a_stop_in_full_and_in_time_is_not_reviewed(centre: Centre) -> None:
    case = await stop_asked(centre)
    (order,) = await orders(centre, case)
    held = {"result": "HELD", "held_fen": 500_000, "held_until": minute(20) + 48 * HOUR}

    await from_bank(centre, case, order["order_id"], "full", **held)
    await centre.pass_time(minute(40))

    assert await listed(centre, f"/reviews?case_id={case}") == []


async def test_an_outcome_of_a_loss_opens_a_review(centre: Centre) -> None:
    case = await centre.warn()

    await work_on(centre, case, outcome="DEFRAUDED_AFTER_WARNING", loss_after_fen=900)

    assert [review["why"] for review in await listed(centre, f"/reviews?case_id={case}")] == [["LOSS_AFTER_WARNING"]]
    assert await listed(centre, "/reviews", "desk-2") == []
    assert len(await listed(centre, "/reviews", "desk-1")) == 1


async def test_a_refusal_allows_a_protective_hold_until_it_is_lifted(centre: Centre) -> None:
    case = await centre.warn()
    reason = {"reason": "仍在向骗子转账"}
    before = await tell(centre, f"/cases/{case}/protective-hold", reason, "R11")
    await work_on(centre, case, outcome="REFUSED")

    await told_ok(centre, f"/cases/{case}/protective-hold", reason, "R11")
    second = await tell(centre, f"/cases/{case}/protective-hold", reason, "R11")
    (hold,) = await listed(centre, f"/cases/{case}/protective-holds")
    path = f"/protective-holds/{hold['id']}"
    await told_ok(centre, f"{path}/notice", None, "R11")
    await told_ok(centre, f"{path}/appeal", {"appeal": "我要用钱"}, "desk-1")
    by_field = await tell(centre, f"{path}/lifting", reason, "R11")
    await told_ok(centre, f"{path}/lifting", {"reason": "已认清骗局"}, "operator")

    assert (before.json()["field"], second.status_code, by_field.status_code) == ("outcome", 409, 403)
    (hold,) = await listed(centre, f"/cases/{case}/protective-holds")
    assert (hold["state"], hold["lifted_by"]) == ("LIFTED", "operator")
    assert hold["notice_at"] == hold["appealed_at"] == hold["lifted_at"]
    told = await facts(centre, case, "PROTECT")
    assert [fact["detail"]["state"] for fact in told] == ["HELD", "NOTICED", "APPEALED", "LIFTED"]
    assert told[2]["words"] == {"appeal": "我要用钱"}
    assert (await tell(centre, f"{path}/notice", None, "R21")).status_code == 404
