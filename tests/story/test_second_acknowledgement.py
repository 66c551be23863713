"""A large amount is acknowledged by two people: in time, too late, by the same person, for an earlier holder."""

from uuid import UUID

from beside_steps import facts, told_ok
from centre import Centre, minute, shown

LARGE = {"amount_at_risk_fen": 50_000_000}
WHAT = "second-acknowledgement"


async def acknowledged(centre: Centre, who: str = "R11") -> UUID:
    case = await centre.warn(risk="HIGH", scam=LARGE)
    await centre.do(who, case, "acknowledgement", at=minute(1))
    return case


async def test_another_person_acknowledges_a_large_amount(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH", scam=LARGE)
    early = await centre.post("desk-1", case, WHAT)
    await centre.do("R11", case, "acknowledgement", at=minute(1))

    same = await centre.post("R11", case, WHAT)
    elsewhere = await centre.post("R21", case, WHAT)
    done = await centre.do("R12", case, WHAT, at=minute(3), key="second")
    again = await centre.do("R12", case, WHAT, at=minute(4), key="second")
    third = await centre.post("operator", case, WHAT)

    assert (early.status_code, early.json()["type"]) == (409, "/problems/out-of-order")
    assert (same.status_code, same.json()["type"]) == (403, "/problems/same-person")
    assert elsewhere.status_code == 404
    assert (done, third.status_code) == (again, 409)
    seen = await centre.case(case)
    assert seen["second_acknowledgement"] == {
        "due_at": shown(minute(8)),
        "acknowledged_at": shown(minute(3)),
        "acknowledged_by": "R12",
    }
    assert (seen["state"], seen["responder"]) == ("ACKNOWLEDGED", "R11")
    assert (await centre.limit(case, "SECOND_ACK"))["on_time"]


async def test_a_missing_second_acknowledgement_is_breached_once(centre: Centre) -> None:
    case = await acknowledged(centre)
    await centre.do("R11", case, "attempts", {"result": "REACHED_VOICE", "channel": "call"}, at=minute(2))

    await centre.pass_time(minute(30))
    await centre.do("desk-1", case, WHAT, at=minute(31))

    marks = [
        (fact["action"], fact["at"])
        for action in ("AT_RISK", "BREACH")
        for fact in await facts(centre, case, action)
        if fact["detail"]["timer"] == "SECOND_ACK"
    ]
    assert marks == [("AT_RISK", shown(minute(6))), ("BREACH", shown(minute(8)))]
    assert (await centre.limit(case, "SECOND_ACK"))["late_s"] == 23 * 60


async def test_a_new_holder_is_seconded_anew(centre: Centre) -> None:
    """Who seconded the first holder and is then asked themself can't be both."""
    case = await acknowledged(centre)
    await centre.do("R12", case, WHAT, at=minute(2))
    await centre.do("R11", case, "hand-over", {"reason": "另有警情"}, at=minute(3))
    await centre.do("R12", case, "acknowledgement", at=minute(4))

    own = await centre.post("R12", case, WHAT)
    seen = (await centre.case(case))["second_acknowledgement"]
    await told_ok(centre, f"/cases/{case}/{WHAT}", None, "operator")

    assert own.json()["type"] == "/problems/same-person"
    assert (seen["acknowledged_at"], seen["due_at"]) == (None, shown(minute(4 + 8)))
    assert (await centre.case(case))["second_acknowledgement"]["acknowledged_by"] == "operator"


async def test_a_desk_that_acknowledged_lets_its_responder_second(centre: Centre) -> None:
    case = await acknowledged(centre, "desk-1")

    own = await centre.post("desk-1", case, WHAT)
    await centre.do("R11", case, WHAT, at=minute(2))

    assert own.json()["type"] == "/problems/same-person"
    assert (await centre.case(case))["second_acknowledgement"]["acknowledged_by"] == "R11"


async def test_a_smaller_amount_needs_no_second_person(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH", scam={"amount_at_risk_fen": 49_999_999})
    await centre.do("R11", case, "acknowledgement")

    refused = await centre.post("desk-1", case, WHAT)

    assert (refused.status_code, (await centre.case(case))["second_acknowledgement"]) == (409, None)
