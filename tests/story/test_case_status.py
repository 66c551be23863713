"""Where a case is, in one round trip: the same as the whole case says, and behind the same two walls."""

import asyncio

import pytest
from centre import Centre, minute

from services.api.routes.case_status import CaseStatus
from services.domain.actor import Actor
from services.domain.words import Role
from services.store.case_status import _quick


async def test_the_status_is_what_the_whole_case_says(centre: Centre) -> None:
    case = await centre.warn(at=minute(0))
    await centre.do("R11", case, "acknowledgement", at=minute(2))

    answer = await centre.get("R11", f"/cases/{case}/status")

    whole = await centre.get("R11", f"/cases/{case}")
    said = CaseStatus.model_validate_json(answer.content).model_dump(mode="json")
    assert said == {name: whole.json()[name] for name in CaseStatus.model_fields}
    turns = {one.headers["etag"].partition(".")[0] for one in (answer, whole)}
    assert turns == {f'W/"{said["turn"]}'}
    held = centre.headers("R11") | {"if-none-match": answer.headers["etag"]}
    assert (await centre.client.get(f"/cases/{case}/status", headers=held)).status_code == 304
    assert (answer.headers["content-type"], said["overdue"]) == ("application/json", False)
    assert answer.json().keys() == said.keys()


async def test_the_status_of_a_foreign_case_is_not_there(centre: Centre) -> None:
    case = await centre.warn(unit="P1")
    who = ("desk-1", "desk-2", "R11", "R21", "operator", "auditor", "administrator")

    before = {one: (await centre.get(one, f"/cases/{case}/status")).status_code for one in who}
    await centre.do("operator", case, "co-assignments", {"unit": "P2", "responder": "R21", "reason": "支援"})
    lent = {one: (await centre.get(one, f"/cases/{case}/status")).status_code for one in who}

    assert before == dict(zip(who, (200, 404, 200, 404, 200, 200, 403), strict=True))
    assert lent == before | {"desk-2": 200, "R21": 200}


async def test_an_id_in_another_spelling_is_judged_as_everywhere(centre: Centre) -> None:
    """Ids as we write them take a shorter way; these do not."""
    case = str(await centre.warn())
    spellings = (case.upper(), case.replace("-", ""), f"urn:uuid:{case}", case[1:], f"{case[:7]}-{case[7:]}", "nothing")

    status, whole = [
        [await centre.get("operator", f"/cases/{one}{rest}") for one in spellings] for rest in ("/status", "")
    ]

    assert [one.status_code for one in status] == [one.status_code for one in whole]
    assert [one.status_code for one in status[-2:]] == [422, 422]
    assert status[-1].json()["errors"] == whole[-1].json()["errors"]


@pytest.mark.parametrize("url", ["postgres"], indirect=True)  # a file has one user, and no such wall
async def test_the_database_alone_holds_a_status_back(centre: Centre) -> None:
    """The application's own check is left out, and those who may and may not ask take turns on the same connections."""
    case = await centre.warn(unit="P1")
    desks = [Actor(name=f"desk-{one}", role=Role.DESK, unit=f"P{one}") for one in (1, 2)] * 8
    bank = Actor(name="bank", role=Role.BANK)

    every = _quick(Actor(name="operator", role=Role.OPERATOR))
    asked = [centre.store.seen_by(who).ask(every, case_id=case) for who in (*desks, bank)]
    found = await asyncio.gather(*asked)

    assert [one is not None for one in found] == [True, False] * 8 + [False]
