"""Repeats, stale turns and refusals: what a bad line or a second hand does to a case."""

from dataclasses import replace

import pytest
from centre import Centre, minute, shown

from services.domain.roster import Roster
from services.domain.words import Role


async def test_a_repeated_tap_gains_no_minutes(centre: Centre) -> None:
    """A phone on a bad line sends twice; the second one must not move the clock."""
    case = await centre.warn(risk="HIGH")
    first = await centre.do("R11", case, "acknowledgement", key="tap-1", turn=2, at=minute(2))

    second = await centre.do("R11", case, "acknowledgement", key="tap-1", turn=2, at=minute(4))

    assert second == first
    assert (await centre.limit(case, "FIRST_ATTEMPT"))["due_at"] == shown(minute(5))
    assert (await centre.case(case))["version"] == first["version"]


@pytest.mark.parametrize("body", [{"reason": "其他原因"}, {"reason": "不在岗", "occurred_at": shown(minute(0))}])
async def test_a_key_with_another_body_is_refused(centre: Centre, body: dict[str, str]) -> None:
    case = await centre.warn()
    await centre.do("R11", case, "decline", {"reason": "不在岗"}, key="tap-1", turn=2)

    again = await centre.post("R11", case, "decline", body, key="tap-1", turn=2)

    assert (again.status_code, again.json()["type"]) == (422, "/problems/key-reused")


async def test_the_same_key_of_another_person_is_another(centre: Centre) -> None:
    case, other = await centre.warn(), await centre.warn()
    await centre.do("R11", case, "acknowledgement", key="1")

    await centre.do("R12", other, "acknowledgement", key="1")

    assert (await centre.case(other))["responder"] == "R12"


async def test_a_stale_turn_says_who_was_first(centre: Centre) -> None:
    case = await centre.warn()
    turn = (await centre.case(case))["turn"]
    await centre.do("R12", case, "acknowledgement", turn=turn)

    late = await centre.post("R11", case, "acknowledgement", turn=turn)

    told = late.json()
    assert (late.status_code, told["type"]) == (412, "/problems/stale-turn")
    assert (told["turn"], told["state"], told["holder"]) == (turn + 1, "ACKNOWLEDGED", "R12")


async def test_a_move_from_the_wrong_state_is_refused(centre: Centre) -> None:
    case = await centre.warn()

    early = await centre.post("R11", case, "feedback", {"text": "已劝阻"})

    assert early.status_code == 409
    assert (early.json()["state"], early.json()["action"]) == ("ASSIGNED", "REPORT")


async def test_a_colleague_does_not_work_on_a_held_case(centre: Centre) -> None:
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement")

    other = await centre.post("R12", case, "attempts", {"result": "BUSY", "channel": "call"})

    assert (other.status_code, other.json()["type"]) == (403, "/problems/not-yours")


async def test_the_desk_acknowledges_for_the_one_asked(centre: Centre) -> None:
    case = await centre.warn()

    await centre.do("desk-1", case, "acknowledgement")

    assert (await centre.case(case))["responder"] == "R11"


async def test_a_command_needs_its_key_and_its_turn(centre: Centre) -> None:
    case = await centre.warn()
    path, headers = f"/cases/{case}/acknowledgement", centre.headers("R11")

    keyless = await centre.client.post(path, headers=headers | {"if-match": '"2"'})
    turnless = await centre.client.post(path, headers=headers | {"idempotency-key": "k"})
    wild = await centre.client.post(path, headers=headers | {"idempotency-key": "k", "if-match": "*"})

    assert (keyless.status_code, keyless.json()["type"]) == (422, "/problems/key-missing")
    assert [(one.status_code, one.json()["type"]) for one in (turnless, wild)] == [(428, "/problems/turn-missing")] * 2


@pytest.mark.parametrize("written", ["2", '"2"', 'W/"2"'])
async def test_a_turn_is_taken_in_every_spelling(centre: Centre, written: str) -> None:
    case = await centre.warn()
    headers = centre.headers("R11") | {"idempotency-key": "k", "if-match": written}

    answer = await centre.client.post(f"/cases/{case}/acknowledgement", headers=headers)

    assert (answer.status_code, answer.headers["etag"]) == (200, '"3"')


async def test_the_supervisor_cancels_and_the_operator_can_not(centre: Centre) -> None:
    case = await centre.warn()

    refused = await centre.post("operator", case, "cancellation", {"reason": "误报"})
    await centre.do("supervisor", case, "cancellation", {"reason": "误报"})

    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-allowed")
    seen = await centre.case(case)
    assert seen["state"] == "CANCELLED"
    assert all(limit["stopped_at"] for limit in seen["limits"])


async def _reported(centre: Centre) -> str:
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement")
    await centre.do("R11", case, "attempts", {"result": "REACHED_IN_PERSON", "channel": "visit"})
    await centre.do("R11", case, "contact", {"mode": "in_person"})
    await centre.do("R11", case, "conclusion", {"outcome": "DISSUADED_NO_LOSS"})
    await centre.do("R11", case, "feedback", {"text": "已劝阻"})
    return str(case)


async def test_who_wrote_the_feedback_never_closes_it(centre: Centre) -> None:
    """Somebody who moves from a precinct to the centre is still the same person."""
    case = await _reported(centre)
    await centre.token("R11", Role.OPERATOR)

    own = await centre.post("R11", case, "closing")

    assert (own.status_code, own.json()["type"]) == (403, "/problems/own-submission")
    await centre.do("operator", case, "closing")


async def test_a_returned_feedback_starts_a_new_hour(centre: Centre) -> None:
    case = await _reported(centre)

    await centre.do("operator", case, "return", {"reason": "未见面"}, at=minute(30))

    total = await centre.limit(case, "TOTAL")
    assert (total["round"], total["due_at"]) == (2, shown(minute(30 + 60)))
    assert (await centre.case(case))["state"] == "IN_PROGRESS"


async def test_a_text_return_only_asks_for_the_words(centre: Centre) -> None:
    case = await _reported(centre)

    await centre.do("operator", case, "return", {"reason": "文字不全", "text_only": True})

    assert (await centre.case(case))["state"] == "CONCLUDED"
    assert (await centre.limit(case, "TOTAL"))["round"] == 1


async def test_a_case_does_not_return_beside_a_newer_one(centre: Centre) -> None:
    case = await _reported(centre)
    same = (await centre.get("R11", f"/cases/{case}")).json()["person"]
    newer = await centre.warn(id_number="990102190001010001")
    assert (same["shown"], str(newer) != case) == ("masked", True)

    back = await centre.post("operator", case, "return", {"reason": "未见面"})

    assert (back.status_code, back.json()["type"]) == (409, "/problems/newer-case-open")
    assert (await centre.case(case))["state"] == "REPORTED"


async def test_a_closed_case_is_reopened_by_the_supervisor(centre: Centre) -> None:
    case = await _reported(centre)
    await centre.do("operator", case, "closing")

    refused = await centre.post("operator", case, "reopening", {"reason": "又转账"})
    await centre.do("supervisor", case, "reopening", {"reason": "又转账"})

    assert refused.status_code == 403
    seen = await centre.case(case)
    assert (seen["state"], seen["reopened_count"]) == ("IN_PROGRESS", 1)


async def test_nobody_off_duty_is_asked(centre: Centre) -> None:
    case = await centre.warn()
    body = {"unit": "P1", "responder": "R21", "reason": "就近"}

    refused = await centre.post("operator", case, "assignment", body)
    forbidden = await centre.post("R11", case, "assignment", body)

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/nobody-fits")
    assert (forbidden.status_code, forbidden.json()["type"]) == (403, "/problems/not-allowed")


async def test_an_assignment_sent_again_is_the_same_answer(centre: Centre) -> None:
    """Also when the one who was asked has gone off duty since."""
    case = await centre.warn()
    body = {"unit": "P1", "responder": "R12", "reason": "就近"}
    first = await centre.do("operator", case, "assignment", body, key="k", turn=2)
    centre.context.picture = replace(centre.context.picture, roster=Roster([]))

    assert await centre.do("operator", case, "assignment", body, key="k", turn=2) == first


async def test_a_bank_answers_a_stop_payment(centre: Centre) -> None:
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement")
    payment = {
        "payee_name": "测试乙",
        "account": "9900000000000000001",
        "bank": "测试银行",
        "amount_fen": 500_000,
        "transferred_at": shown(minute(0)),
    }
    unasked = await centre.post("bank", case, "stop-payment/answer", {"result": "REJECTED", "reason": "empty"})
    await centre.do("R11", case, "stop-payment", payment)
    held = {"result": "HELD", "held_fen": 500_000, "held_until": shown(minute(48 * 60))}
    half = await centre.post("bank", case, "stop-payment/answer", {"result": "HELD"})

    await centre.do("bank", case, "stop-payment/answer", held)

    assert unasked.status_code == 404
    assert (half.status_code, half.json()["errors"]) == (422, [{"pointer": "", "error": "answer_incomplete"}])
    limit = await centre.limit(case, "STOP_CONFIRM")
    assert limit["stopped_at"]
    assert payment["account"] not in (await centre.get("auditor", f"/cases/{case}/timeline")).text
