"""A source takes a warning back: what ends, what only gets a mark, and what nobody but the source can do."""

import httpx2
from centre import Centre, minute, shown
from repeat_steps import NEIGHBOUR, conclude, look, place, send, take_back, timeline

from services.domain.words import Role
from services.store import tokens


async def test_a_warning_withdrawn_before_anybody_answers_ends(centre: Centre) -> None:
    case = await send(centre, "A-1")
    await take_back(centre, "A-1", source="/test/other")  # nobody withdraws what another has issued
    assert (await centre.case(case))["state"] == "ASSIGNED"

    await take_back(centre, "A-1")
    assert await take_back(centre, "A-1") == ()  # the same again has no effect

    seen = await centre.case(case)
    assert seen["state"] == "CANCELLED"
    assert all(limit["stopped_at"] for limit in seen["limits"])
    last = (await timeline(centre, case))[-1]
    assert (last["action"], last["actor"], last["role"]) == ("WITHDRAW", "/test/bank", "integrator")
    assert last["detail"] == {
        "reason": "WITHDRAWN_BY_SOURCE",
        "source": "/test/bank",
        "stands": 0,
        "newer": False,
        "unit": "P1",
        "responder": "R11",
        "tell": ["RESPONDER"],
    }
    assert last["words"] == {"reason": "核实为误报"}


async def test_later_a_withdrawal_is_a_mark_and_the_work_goes_on(centre: Centre) -> None:
    case = await send(centre, "A-1")
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await take_back(centre, "A-1")
    seen = await centre.case(case)
    assert (seen["state"], seen["responder"]) == ("ACKNOWLEDGED", "R11")
    assert (await timeline(centre, case))[-1]["detail"]["tell"] == ["RESPONDER"]

    ended = await send(centre, "A-2", NEIGHBOUR)
    await centre.do("supervisor", ended, "cancellation", {"reason": "演示"})
    await take_back(centre, "A-2")
    assert (await centre.case(ended))["state"] == "CANCELLED"
    assert [fact["action"] for fact in await timeline(centre, ended)][-2:] == ["CANCEL", "WITHDRAW"]


async def test_a_withdrawal_never_takes_away_what_another_source_says(centre: Centre) -> None:
    """Two sources warn of one person: the case ends only when neither stands by it."""
    case = await send(centre, "A-1")
    await send(centre, "B-1", source="/test/centre")

    await take_back(centre, "A-1")
    assert (await centre.case(case))["state"] == "ASSIGNED"
    assert (await timeline(centre, case))[-1]["detail"]["stands"] == 1

    await take_back(centre, "B-1", source="/test/centre")
    assert (await centre.case(case))["state"] == "CANCELLED"


async def test_a_withdrawal_before_its_warning_waits_for_it(centre: Centre) -> None:
    """By another topic the later record may come first. What is issued after it is meant, and stands."""
    assert await take_back(centre, "A-1", at=minute(5)) == ()
    assert await take_back(centre, "A-2", at=minute(5)) == ()
    overtaken = await send(centre, "A-1", issued_at=minute(0))
    other = await send(centre, "A-1", NEIGHBOUR, source="/test/other", issued_at=minute(0))
    centre.clock.move_to(minute(6))
    meant = await send(centre, "A-2", {"phone": "199-0000-0003"}, issued_at=minute(6))
    await look(centre)
    await look(centre)

    states = [(await centre.case(case))["state"] for case in (overtaken, other, meant)]
    assert states == ["CANCELLED", "ASSIGNED", "ASSIGNED"]
    assert (await timeline(centre, meant))[-1]["detail"]["newer"] is True


async def test_after_a_withdrawal_the_person_can_be_warned_of_again(centre: Centre) -> None:
    case = await send(centre, "A-1")
    await take_back(centre, "A-1")
    await send(centre, "A-1", places=place("P2"))  # a note on what is over, and the operator is told
    assert (await timeline(centre, case))[-1]["detail"]["tell"] == ["OPERATOR"]

    anew = await send(centre, "A-2")
    assert (await centre.case(anew))["state"] == "ASSIGNED"
    await conclude(centre, anew)


async def test_an_integrator_withdraws_its_own_by_http(centre: Centre) -> None:
    async with centre.store.begin() as tx:
        for name, source in (("bank-key", "/test/bank"), ("other-key", "/test/other")):
            centre.secrets[name] = await tokens.make(tx, name, role=Role.INTEGRATOR, source=source)
    case = await send(centre, "A-1")

    async def post(who: str, key: str, **more: str) -> httpx2.Response:
        body = {"instruction_number": "A-1", "withdrawn_at": shown(centre.clock.now()), **more}
        headers = centre.headers(who) | {"idempotency-key": key}
        return await centre.client.post("/warnings/withdrawals", headers=headers, json=body)

    other = await post("other-key", "k-1")
    assert (other.status_code, other.json()["effect"]) == (202, "KEPT")
    assert (await centre.case(case))["state"] == "ASSIGNED"
    assert (await post("R11", "k-1")).status_code == 403
    assert (await post("bank-key", "k-1", withdrawn_at="yesterday")).status_code == 422
    assert (await post("bank-key", "k-1", withdrawn_at="2999-01-01T00:00:00Z")).status_code == 422

    done = await post("bank-key", "k-1", reason="核实为误报")
    assert (done.status_code, done.json()) == (202, {"case_id": str(case), "effect": "CANCELLED"})
    assert (await post("bank-key", "k-1")).json()["effect"] == "KEPT"
    assert (await centre.case(case))["state"] == "CANCELLED"
