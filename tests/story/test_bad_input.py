"""Whatever is sent: no fault of ours, nothing of it comes back or is logged, and what is legal is kept byte for byte."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
import structlog
from bad_input import HOSTILE, MARK, Bad, corpus
from centre import PHONE, Centre, build
from submitted_steps import deliver, waiting

from services.health import served
from services.store.engine import Store
from tests.hasty import hasty

TRACES = ("Traceback", 'File "', "services/", "site-packages", "sqlalchemy", "pydantic", "asyncpg")
# Bytes that are no HTTP, after which the connection may simply end; `{token}` is a good one.
BROKEN_HTTP = (
    b"POST /warnings HTTP/1.1\r\nHost: c\r\nX-Request-Id: a\r\n\tb " + MARK.encode() + b"\r\n\r\n",
    b"POST /warnings HTTP/1.1\r\nHost: c\r\nContent-Length: -1\r\n\r\n",
    b"POST /warnings HTTP/1.1\r\nHost: c\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" + MARK.encode(),
    b"POST /warnings HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + MARK.encode() + b"\r\n",
    b"GET /cases?" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: c\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: c\r\nX-A: " + MARK.encode() * 6_000 + b"\r\n\r\n",
    b"GET /" + MARK.encode() + b"\x00 HTTP/1.1\r\nHost: c\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00" + MARK.encode(),
)


@pytest.fixture
async def centre(sqlite_url: str) -> AsyncIterator[Centre]:
    made = await build(
        hasty(Store(sqlite_url, name="bad")),
        lambda app: httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c"),
    )
    async with made.client:
        yield made
    await made.store.close()


def test_the_corpus_has_sixty_of_a_kind_each() -> None:
    every = corpus()

    assert len({bad.name for bad in every}) == len(every) >= 60
    assert sum(MARK.encode() in bad.content or MARK in bad.where for bad in every) > 40


async def test_nothing_that_is_sent_is_a_fault_of_ours(centre: Centre) -> None:
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement")
    wrong = []
    with structlog.testing.capture_logs() as logged:
        for number, bad in enumerate(corpus()):
            answer = await _sent(centre, bad, str(case), number)
            wrong += [f"{bad.name}: {fault}" for fault in _faults(bad, answer)]

    assert wrong == []
    assert MARK not in str(logged)
    assert not [line for line in logged if line["log_level"] == "error"]


async def _sent(centre: Centre, bad: Bad, case: str, number: int) -> httpx2.Response:
    turn = (await centre.case(case))["turn"]  # type: ignore[arg-type]
    named = {"idempotency-key": f"bad-{number}", "if-match": f'"{turn}"', "content-type": bad.kind} | dict(bad.headers)
    headers = centre.headers(bad.who) | named
    return await centre.client.post(bad.where.replace("{case}", case), headers=headers, content=bad.content)


def _faults(bad: Bad, answer: httpx2.Response) -> list[str]:
    shown = answer.text + str(answer.headers)
    wanted = answer.status_code < 300 if bad.legal else 400 <= answer.status_code < 500
    found = [] if wanted else [f"{answer.status_code} {answer.text[:200]}"]
    if not bad.legal and answer.headers["content-type"] != "application/problem+json":
        found.append(answer.headers["content-type"])
    return found + [f"shows {text}" for text in (MARK, PHONE, *TRACES) if text in shown]


async def test_bytes_that_are_no_http_end_in_a_refusal(centre: Centre) -> None:
    async with served(centre.app, host="127.0.0.1", port=0) as port:
        for content in BROKEN_HTTP:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(content)
            writer.write_eof()
            said = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            assert b" 5" not in said[:12], (content[:60], said[:200])
            assert MARK.encode() not in said
            assert b"Traceback" not in said
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/livez")).status_code == 200


async def test_hostile_words_are_kept_byte_for_byte(centre: Centre) -> None:
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement")
    for words in HOSTILE:
        answer = await centre.post("R11", case, "notes", {"text": words})
        assert answer.status_code == 200, (words, answer.text)

    told = (await centre.get("R11", f"/cases/{case}/timeline")).json()["items"]
    kept = [one["words"]["note"] for one in told if one["words"] and "note" in one["words"]]
    assert kept == list(HOSTILE)


async def test_a_hostile_story_is_the_same_at_the_holder(centre: Centre) -> None:
    story = "\n".join(words for words in HOSTILE if "\0" not in words)
    warning = {
        "instruction_number": "H-1",
        "issued_at": "2026-11-20T08:00:00Z",
        "risk": "HIGH",
        "subject": {"name": HOSTILE[0], "phone": PHONE},
        "places": {"current": {"point": {"lat": 10.05, "lon": -149.95, "datum": "WGS84"}}},
        "narrative": story,
    }
    headers = centre.headers("integrator") | {"idempotency-key": "H-1"}
    sent = (await centre.client.post("/warnings", headers=headers, json=warning)).json()
    await deliver(centre, await waiting(centre))
    await centre.look_round()
    case = (await centre.get("integrator", f"/warnings/{sent['warning_id']}")).json()["case_id"]
    await centre.do("R11", case, "acknowledgement")

    seen = (await centre.case(case, "R11"))["person"]["warning"]
    assert (seen["narrative"], seen["subject"]["name"]) == (story, HOSTILE[0])
