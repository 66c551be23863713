"""The door itself: who comes in, what is refused and in which words, and that nothing sent in comes back out."""

import io
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from centre import Centre
from sqlalchemy.exc import OperationalError

from services.api import access
from services.api.access import ACCESS
from services.api.app import make_app
from services.api.problems import SHOWN, STATUS, problem_of
from services.api.wording import LANGUAGES, TEXTS
from services.domain import refusals
from services.domain.refusals import Refused
from services.domain.words import Role
from services.log import set_up
from services.store.engine import Store

CANARY = "19900001234"
OPEN = {"/livez", "/readyz", "/openapi.json", "/docs", "/asyncapi.json", "/problems/bug"}


def test_every_refusal_has_its_problem_in_both_languages() -> None:
    codes = {kind.code for kind in vars(refusals).values() if isinstance(kind, type) and issubclass(kind, Refused)}

    assert codes - {"refused"} <= STATUS.keys()
    assert STATUS.keys() == TEXTS.keys()
    assert all(text[language].title and text[language].detail for text in TEXTS.values() for language in LANGUAGES)
    assert SHOWN.keys() <= STATUS.keys()


def test_a_lost_database_is_away_and_a_wrong_question_is_a_bug() -> None:
    lost = OperationalError("SELECT 1", {}, Exception())

    assert [problem_of(error).code for error in (lost, TimeoutError(), ConnectionRefusedError())] == ["away"] * 3
    assert problem_of(KeyError("anything")).code == "bug"


async def test_without_a_token_nothing_but_descriptions(centre: Centre) -> None:
    document = (await centre.client.get("/openapi.json")).json()
    paths = [(method, path) for path, about in document["paths"].items() for method in about if path not in access.OPEN]
    closed = [await centre.client.request(method, path) for method, path in paths]
    wrong = await centre.client.get("/me", headers={"authorization": "Bearer qz_" + "x" * 43})

    assert len(paths) > 20
    assert {answer.status_code for answer in (*closed, wrong)} == {401}
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in closed)
    assert {(await centre.client.get(path)).status_code for path in OPEN} == {200}
    assert {(await centre.client.head(path)).status_code for path in ("/livez", "/docs")} == {200}
    assert (await centre.client.get("/metrics")).status_code == 401
    assert (await centre.get("operator", "/metrics")).status_code == 404


async def test_nothing_that_was_sent_comes_back(centre: Centre) -> None:
    """A phone number in every wrong place: path, query, header, key, field name, value, broken JSON, method."""
    case = await centre.warn()
    path = f"/cases/{case}/attempts"
    good = centre.headers("R11") | {"idempotency-key": CANARY, "if-match": '"2"'}

    async def sent(method: str, url: str, headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
        return await centre.client.request(method, url, headers=good if headers is None else headers, **more)

    answers = [
        await sent("GET", f"/cases/{CANARY}"),
        await sent("GET", f"/{CANARY}"),
        await sent("GET", f"/problems/{CANARY}"),
        await sent("GET", "/cases", params={"cursor": CANARY}),
        await sent("GET", "/cases", params={"state": CANARY}),
        await sent("GET", "/cases", params={"limit": CANARY}),
        await sent("GET", "/cases", headers={"authorization": f"Bearer {CANARY}"}),
        await sent("GET", "/nothing", headers=good | {"x-request-id": CANARY}),
        await sent("POST", path, headers=good | {"if-match": CANARY}, json={"result": "BUSY", "channel": "call"}),
        await sent("POST", path, headers=good | {"idempotency-key": CANARY * 20}, json={}),
        await sent("POST", path, json={CANARY: CANARY}),
        await sent("POST", path, json={"result": CANARY, "channel": {"a": CANARY}, "note": [CANARY]}),
        await sent("POST", path, json=[CANARY]),
        await sent("POST", path, content=f'{{"{CANARY}', headers=good | {"content-type": "application/json"}),
        await sent("POST", path, content=CANARY),
        await sent(
            "POST", path, content=b"\xff" + CANARY.encode(), headers=good | {"content-type": "application/json"}
        ),
        await sent("POST", path, content="[" * 100_000, headers=good | {"content-type": "application/json"}),
        await sent("POST", path, content=CANARY * 30_000),
        await sent("POST", f"/cases/{case}/feedback", json={"text": CANARY}),
        await sent("DELETE", f"/cases/{case}", params={"q": CANARY}),
        await centre.post("operator", case, "assignment", {"unit": CANARY, "responder": CANARY, "reason": CANARY}),
    ]

    assert all(400 <= answer.status_code < 500 for answer in answers)
    assert not [answer.request.url for answer in answers if CANARY in answer.text or CANARY in str(answer.headers)]
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert all(answer.json()["status"] == answer.status_code for answer in answers)


async def test_a_body_over_the_bound_is_refused(centre: Centre) -> None:
    case = await centre.warn()

    async def endless() -> Any:
        for _ in range(5):
            yield b" " * 65_536

    headers = centre.headers("R11") | {"idempotency-key": "k", "if-match": "2", "content-type": "application/json"}
    answer = await centre.client.post(f"/cases/{case}/attempts", headers=headers, content=endless())

    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("", "没有这个地址"),
        ("en", "Nothing is here"),
        ("fr, en;q=0.5, zh;q=0.4", "Nothing is here"),
        ("en;q=0.2, zh-CN;q=0.9", "没有这个地址"),
        ("en;q=x", "没有这个地址"),
    ],
)
async def test_problems_speak_the_askers_language(centre: Centre, asked: str, title: str) -> None:
    answer = await centre.get("operator", "/nothing", headers={"accept-language": asked})

    assert answer.json()["title"] == title


async def test_a_safe_request_id_is_kept_and_others_replaced(centre: Centre) -> None:
    async def told(request_id: str) -> str:
        answer = await centre.get("operator", "/nothing", headers={"x-request-id": request_id})
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
        return answer.headers["x-request-id"]

    assert await told("a1b2-c3d4") == "a1b2-c3d4"
    assert all([await told(wild) != wild for wild in (CANARY, "x" * 65, "a b c d", '{"level"', "")])


async def test_a_bug_is_told_without_its_words(centre: Centre) -> None:
    app = make_app(centre.parts, access=ACCESS | {"GET /broken": ACCESS["GET /me"]})

    async def broken() -> None:
        raise RuntimeError(CANARY)

    app.add_api_route("/broken", broken)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c") as client:
        answer = await client.get("/broken", headers=centre.headers("operator"))

    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/bug")
    assert CANARY not in answer.text


async def test_a_lost_database_is_said_with_a_time_to_retry(centre: Centre) -> None:
    gone = Store("postgresql://nobody:nothing@127.0.0.1:1/nowhere", name="gone")
    app = make_app(replace(centre.parts, store=gone))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c") as client:
        answer = await client.get("/cases", headers=centre.headers("operator"))
    await gone.close()

    assert (answer.status_code, answer.json()["type"], answer.headers["retry-after"]) == (503, "/problems/away", "2")


async def test_requests_are_logged_without_what_they_carry(centre: Centre) -> None:
    told = io.StringIO()
    set_up(process="test", stream=told)
    case = await centre.warn()
    await centre.get("operator", "/cases", params={"cursor": CANARY})
    await centre.get("operator", f"/cases/{CANARY}")
    await centre.do("R11", case, "decline", {"reason": CANARY})

    said = told.getvalue()
    set_up(process="test")

    assert str(case) in said
    assert "/cases/{case_id}/decline" in said
    assert CANARY not in said


async def test_a_desk_without_a_unit_sees_nothing(centre: Centre) -> None:
    await centre.warn()
    await centre.token("lost", Role.DESK)

    assert (await centre.get("lost", "/cases")).json()["items"] == []
