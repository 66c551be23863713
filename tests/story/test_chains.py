"""Commands that waited on a phone without a line: each names the one before it instead of a turn that nobody could see."""

from typing import Any
from uuid import UUID

import httpx2
from centre import Centre


async def sent(
    centre: Centre, case: UUID, what: str, body: Any = None, *, key: str, who: str = "R11", **seen: str
) -> Any:
    headers = (
        centre.headers(who) | {"idempotency-key": key} | {name.replace("_", "-"): one for name, one in seen.items()}
    )
    answer: httpx2.Response = await centre.client.post(f"/cases/{case}/{what}", headers=headers, json=body)
    return answer


CALL = {"result": "REACHED_VOICE", "channel": "call"}


async def test_a_chain_goes_through_by_naming_the_command_before(centre: Centre) -> None:
    case = await centre.warn()

    answers = [
        await sent(centre, case, "acknowledgement", key="one", if_match='"2"'),
        await sent(centre, case, "attempts", CALL, key="two", after_key="one"),
        await sent(centre, case, "contact", {"mode": "voice"}, key="three", after_key="two"),
        await sent(centre, case, "attempts", CALL, key="two", after_key="one"),  # the line broke: sent again
    ]

    assert [one.status_code for one in answers] == [200] * 4
    assert answers[3].json() == answers[1].json()
    assert (await centre.case(case))["state"] == "CONTACTED"


async def test_what_somebody_else_did_between_breaks_the_chain(centre: Centre) -> None:
    case = await centre.warn()
    await sent(centre, case, "acknowledgement", key="one", if_match='"2"')
    await centre.do("operator", case, "risk", {"risk": "URGENT", "reason": "正在转账"})

    late = await sent(centre, case, "attempts", CALL, key="two", after_key="one")

    assert (late.status_code, late.json()["type"]) == (412, "/problems/stale-turn")
    assert late.json()["turn"] == (await centre.case(case))["turn"]


async def test_no_step_is_done_whose_step_before_was_not(centre: Centre) -> None:
    case, other = await centre.warn(), await centre.warn()
    await sent(centre, other, "acknowledgement", key="elsewhere", if_match='"2"')
    await sent(centre, case, "acknowledgement", key="one", if_match='"2"')

    refused = [
        await sent(centre, case, "attempts", CALL, key="two", after_key="never"),
        await sent(centre, case, "attempts", CALL, key="two", after_key="elsewhere"),
        await sent(centre, case, "attempts", CALL, key="two", after_key="one", who="R12"),
    ]
    wild = await sent(centre, case, "attempts", CALL, key="two", after_key="a b")

    assert {(one.status_code, one.json()["type"]) for one in refused} == {(409, "/problems/not-done-before")}
    assert (wild.status_code, wild.json()["errors"][0]["pointer"]) == (422, "/header/After-Key")
    assert (await centre.case(case))["state"] == "ACKNOWLEDGED"
