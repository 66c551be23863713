"""Who may see a person whole, and what is on record of it."""

from typing import Any
from uuid import UUID

import httpx2
from beside_steps import listed, tell
from centre import ID_NUMBER, NAME, PHONE, Centre
from sqlalchemy import select

from services.api.app import make_app
from services.store import tables

BECAUSE = {"why": "CONTACT", "reason": f"回拨 {PHONE} 核对"}


async def unmask(centre: Centre, case: UUID, who: str, body: Any = BECAUSE) -> httpx2.Response:
    answer: httpx2.Response = await tell(centre, f"/cases/{case}/unmasking", body, who)
    return answer


async def test_a_reason_shows_the_whole_person_once(centre: Centre) -> None:
    case = await centre.warn(id_number=ID_NUMBER)

    for who in ("operator", "supervisor", "reviewer"):
        answer = await unmask(centre, case, who)
        assert answer.status_code == 200, answer.text
        person = answer.json()["person"]
        assert (person["shown"], person["name"], person["phone"], person["id_number"]) == (
            "full",
            NAME,
            PHONE,
            ID_NUMBER,
        )
        assert answer.headers["cache-control"] == "no-store"

    assert (await centre.case(case, "operator"))["person"]["shown"] == "masked"
    told = [fact for fact in await listed(centre, f"/cases/{case}/timeline") if fact["action"] == "UNMASK"]
    assert [(fact["actor"], fact["detail"], fact["words"]) for fact in told] == [
        (who, {"why": "CONTACT"}, {"reason": BECAUSE["reason"]}) for who in ("operator", "supervisor", "reviewer")
    ]
    page = (await centre.get("auditor", "/audit", params={"about": "case", "key": str(case)})).json()["items"]
    assert [(line["action"], line["actor"], line["detail"]["why"]) for line in page] == [
        ("UNMASK", who, "CONTACT") for who in ("reviewer", "supervisor", "operator")
    ]
    assert PHONE not in str(page)


async def test_nobody_else_is_shown_a_person(centre: Centre) -> None:
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement")

    closed = {
        who: (await unmask(centre, case, who)).status_code
        for who in ("auditor", "administrator", "desk-1", "desk-2", "R11", "R21", "bank", "integrator")
    }

    assert set(closed.values()) == {403}
    unsaid = [
        await unmask(centre, case, "operator", body)
        for body in ({}, {"why": "CONTACT"}, {"why": "CONTACT", "reason": "  "}, {"why": "CURIOUS", "reason": "x"})
    ]
    assert {answer.status_code for answer in unsaid} == {422}
    async with centre.store.read() as conn:
        actions = set((await conn.execute(select(tables.event.c.action))).scalars())
        lines = set((await conn.execute(select(tables.audit.c.action))).scalars())
    assert "UNMASK" not in actions | lines


async def test_the_same_unmasking_again_is_on_record_again(centre: Centre) -> None:
    case = await centre.warn()
    headers = centre.headers("operator") | {"idempotency-key": "again"}

    answers = [await centre.client.post(f"/cases/{case}/unmasking", headers=headers, json=BECAUSE) for _ in range(2)]

    assert [answer.json()["person"]["phone"] for answer in answers] == [PHONE, PHONE]
    assert answers[0].json() == answers[1].json()
    page = (await centre.get("auditor", "/audit", params={"about": "case", "key": str(case)})).json()["items"]
    assert len(page) == 2


async def test_one_asker_unmasks_only_so_many_an_hour(centre: Centre) -> None:
    case = await centre.warn()
    object.__setattr__(centre.parts, "settings", centre.parts.settings.model_copy(update={"unmask_per_hour": 2}))
    app = make_app(centre.parts)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c") as client:
        centre.client = client
        answers = [await unmask(centre, case, "operator") for _ in range(3)]
        other = await unmask(centre, case, "supervisor")

    assert [answer.status_code for answer in (*answers, other)] == [200, 200, 429, 200]
    assert "person" not in answers[2].text
