"""Finding a case by its number or by an exact value, in one's own scope, masked, on record without the value."""

from typing import Any

import httpx2
from beside_steps import ACCOUNT, stop_asked
from centre import Centre
from sqlalchemy import select

from services.api.app import make_app
from services.handlers.links import link_new
from services.store import tables


async def search(centre: Centre, who: str, **wanted: Any) -> httpx2.Response:
    return await centre.client.post("/search", headers=centre.headers(who), json=wanted)


async def linked(centre: Centre) -> None:
    """What a timekeeper does within a second."""
    async with centre.store.begin() as tx:
        await link_new(tx, centre.context)


async def found(centre: Centre, who: str, **wanted: Any) -> list[str]:
    answer = await search(centre, who, **wanted)
    assert answer.status_code == 200, answer.text
    return [line["case_id"] for line in answer.json()["items"]]


async def test_each_exact_value_finds_its_cases(centre: Centre) -> None:
    first = await centre.warn(number="A-1", phone="199-0000-0011", id_number="99010219000101004X")
    second = await centre.warn(number="A-2", phone="+86 199 0000 0011", scam={"suspect_account": "9900 0000 0000 0077"})
    await centre.warn(number="A-3", phone="199-0000-0012")
    ordered = await stop_asked(centre)
    await linked(centre)

    assert await found(centre, "operator", case_id=str(first)) == [str(first)]
    assert await found(centre, "operator", instruction_number="A-1") == [str(first)]
    assert await found(centre, "operator", instruction_number="A-1", source="test-source") == [str(first)]
    assert await found(centre, "operator", instruction_number="A-1", source="another") == []
    assert await found(centre, "operator", phone="19900000011") == [str(second), str(first)]
    assert await found(centre, "operator", phone="1990000001") == []
    assert await found(centre, "operator", id_number="99010219000101004x") == [str(first)]
    assert await found(centre, "operator", account="9900000000000077") == [str(second)]
    assert await found(centre, "operator", account=ACCOUNT) == [str(ordered)]


async def test_a_search_stays_in_scope_and_masked(centre: Centre) -> None:
    own, others = await centre.warn(phone="199-0000-0011"), await centre.warn(unit="P2", phone="199-0000-0011")
    await centre.do("R11", own, "acknowledgement")
    await linked(centre)

    answer = await search(centre, "R11", phone="199-0000-0011")
    desk = await found(centre, "desk-2", phone="199-0000-0011")
    colleague = await found(centre, "R12", phone="199-0000-0011")
    foreign = await found(centre, "desk-2", case_id=str(own))
    closed = [(await search(centre, who, phone="1")).status_code for who in ("administrator", "bank", "integrator")]

    (line,) = answer.json()["items"]
    assert (line["case_id"], line["person"]["shown"]) == (str(own), "masked")
    assert (desk, colleague, foreign, closed) == ([str(others)], [], [], [403] * 3)
    assert "0000-0011" not in answer.text


async def test_a_desk_finds_its_own_case_by_a_number_alone(centre: Centre) -> None:
    own = await centre.warn(number="A-1")
    await centre.warn(number="A-2", unit="P2")

    assert await found(centre, "desk-1", instruction_number="A-1") == [str(own)]
    assert await found(centre, "desk-1", instruction_number="A-1", source="test-source") == [str(own)]
    assert await found(centre, "desk-1", instruction_number="A-2") == []
    assert await found(centre, "desk-1", instruction_number="A-2", source="test-source") == []


async def test_a_search_is_on_record_without_its_value(centre: Centre) -> None:
    case = await centre.warn(phone="199-0000-0011")
    await linked(centre)

    await search(centre, "desk-1", phone="199-0000-0011")
    await search(centre, "desk-1", id_number="990102190001019999")

    (none, one) = (await centre.get("auditor", "/audit", params={"actor": "desk-1"})).json()["items"]
    assert (one["action"], one["detail"]) == ("SEARCH", {"by": "phone", "hits": 1, "cases": [str(case)]})
    assert none["detail"] == {"by": "id_number", "hits": 0, "cases": []}
    async with centre.store.read() as conn:
        lines = str((await conn.execute(select(tables.audit))).all())
    assert "0000-0011" not in lines
    assert "990102190001019999" not in lines


async def test_an_unclear_search_is_refused_without_echo(centre: Centre) -> None:
    unclear: list[dict[str, Any]] = [
        {},
        {"phone": "199-0000-0011", "account": "990000"},
        {"phone": "199-0000-0011", "source": "s"},
        {"phone": ""},
        {"phone": "199-0000-0011\x00"},
        {"case_id": "199-0000-0011"},
        {"name": "测试甲"},
    ]

    for body in unclear:
        answer = await search(centre, "operator", **body)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
        assert "0011" not in answer.text


async def test_one_asker_searches_only_so_often(centre: Centre) -> None:
    object.__setattr__(centre.parts, "settings", centre.parts.settings.model_copy(update={"search_per_min": 2}))
    app = make_app(centre.parts)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c") as client:
        centre.client = client
        answers = [(await search(centre, "desk-1", phone="1")).status_code for _ in range(3)]

    assert answers == [200, 200, 429]
