"""What the api gives the pages beside cases: the pages themselves, the map, masked places, orders, dead letters."""

import gzip
import json
from pathlib import Path

import httpx2
import pytest
from centre import INSIDE, START, Centre
from fastapi import FastAPI

from services.api.edge import Edge
from services.api.reads import Reads
from services.api.routes.console import pages_of
from services.broker.producer import Message
from services.store import dead_letters
from services.store.dead_letters import DeadLetter, RawRecord, seal_record

RAW = RawRecord(key=b"k", headers=[("ce_id", b"1")], value=b'{"risk": "VERY"}')


async def asked(built: Path, *paths: str) -> list[httpx2.Response]:
    app = FastAPI()
    app.include_router(pages_of(built))
    nobody = Reads(None, lambda: START)  # type: ignore[arg-type]  # nothing personal is read here
    transport = httpx2.ASGITransport(Edge(app, reads=nobody, evidence_bytes=0))
    async with httpx2.AsyncClient(transport=transport, base_url="http://c") as client:
        return [await client.get(path) for path in paths]


async def test_pages_are_asked_for_anew_and_their_files_are_kept(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets" / "board-1a2b.js").write_text("1")
    (tmp_path / "assets" / "board-1a2b.js.gz").write_bytes(gzip.compress(b"1"))
    (tmp_path / "secret").write_text("no")

    page, asset, *gone = await asked(
        tmp_path, "/", "/assets/board-1a2b.js", "/assets/..%2fsecret", "/assets/none.js", "/assets/.."
    )

    assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache")
    assert "immutable" in asset.headers["cache-control"]
    assert (asset.text, asset.headers["content-encoding"], asset.headers["vary"]) == ("1", "gzip", "accept-encoding")
    assert asset.headers["content-type"].startswith("text/javascript")
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in page.headers["content-security-policy"]
    assert {answer.text for answer in gone}.isdisjoint({"no"})
    assert 200 not in {answer.status_code for answer in gone[:2]}


async def test_a_page_that_is_not_built_says_what_to_do(tmp_path: Path) -> None:
    (answer,) = await asked(tmp_path, "/wall")

    assert answer.status_code == 503
    assert "make setup" in answer.text


async def test_a_place_is_exact_only_for_who_works_on_the_case(centre: Centre) -> None:
    case = await centre.warn()
    masked = (await centre.get("operator", f"/cases/{case}/place")).json()
    await centre.do("R11", case, "acknowledgement")
    exact = (await centre.get("R11", f"/cases/{case}/place")).json()
    lat, lon = INSIDE["P1"]

    assert (exact["lat"], exact["lon"], exact["within_m"]) == (pytest.approx(lat), pytest.approx(lon), 0)
    assert masked["within_m"] > 0
    assert (masked["lat"], masked["lon"]) != (exact["lat"], exact["lon"])
    assert abs(masked["lat"] - lat) <= 0.005
    assert (await centre.get("R21", f"/cases/{case}/place")).status_code == 404


async def test_the_ground_and_the_kinds_of_fraud_are_told(centre: Centre) -> None:
    ground = (await centre.get("R11", "/ground")).json()
    kinds = (await centre.get("R11", "/fraud-types")).json()["items"]

    assert {area["unit"]: area["geometry"]["type"] for area in ground["areas"]} == {"P1": "Polygon", "P2": "Polygon"}
    assert {"code": "FAKE_LOAN", "name_zh": "虚假贷款", "name_en": "Fake loans"}.keys() <= kinds[0].keys()


async def test_a_list_of_orders_shows_only_ones_own(centre: Centre) -> None:
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement")
    payment = {"payee_name": "测试乙", "account": "6200000000000001", "bank": "测试行", "amount_fen": 100}
    await centre.do("R11", case, "stop-payment", payment | {"transferred_at": "2026-11-20T00:00:00Z"})

    seen = {who: (await centre.get(who, "/stop-payments")).json()["items"] for who in ("operator", "R11", "R21")}

    assert [one["case_id"] for one in seen["operator"]] == [str(case)]
    assert (len(seen["R11"]), seen["R21"]) == (1, [])
    assert "account" not in json.dumps(seen)


async def test_a_dead_letter_opens_for_a_reason_and_is_sent_mended(centre: Centre) -> None:
    sent: list[Message] = []

    class Sending:
        waiting_for = None

        async def send(self, messages: list[Message], *, within: float) -> None:
            assert within > 0
            sent.extend(messages)

    centre.client._transport.app.state.sender = Sending()  # type: ignore[attr-defined]  # the broker's part, not ours
    letter = await _one_letter(centre)
    headers = centre.headers("operator")

    async def post(step: str, body: object = None, who: str = "operator") -> tuple[int, dict[str, object]]:
        answer = await centre.client.post(
            f"/dead-letters/{letter}/{step}", headers=headers if who == "operator" else centre.headers(who), json=body
        )
        return answer.status_code, answer.json()

    assert (await post("opening", {"reason": " "}))[0] == 422
    assert (await post("opening", {"reason": "x"}, who="R11"))[0] == 403
    assert (await post("opening", {"reason": "来源来电"}))[1]["value"] == '{"risk": "VERY"}'
    assert (await post("mending", {"value": '{"risk": "HIGH"}'}))[1]["replayed_at"] is not None
    assert (await post("replay"))[0] == 200
    assert [message.value for message in sent] == [b'{"risk": "HIGH"}', RAW.value]
    assert {(message.key, message.topic) for message in sent} == {(b"k", "t")}
    letter += 1
    assert (await post("replay"))[1]["type"] == "/problems/letter-not-found"


async def test_bytes_that_never_came_can_not_be_sent(centre: Centre) -> None:
    letter = await _one_letter(centre, sealed=False)

    answer = await centre.client.post(f"/dead-letters/{letter}/replay", headers=centre.headers("operator"))

    assert (answer.status_code, answer.json()["type"]) == (410, "/problems/letter-gone")


async def _one_letter(centre: Centre, *, sealed: bool = True) -> int:
    place = {"topic": "t", "partition": 0, "offset": 7}
    wrapped, blob = seal_record(centre.context.sealer, RAW, **place) if sealed else (None, None)  # type: ignore[arg-type]
    async with centre.store.begin() as tx:
        letter = DeadLetter(
            incarnation="i",
            error_class="Bad",
            reason="risk",
            size=1,
            failed_at=tx.now,
            wrapped_key=wrapped,
            sealed=blob,
            **place,  # type: ignore[arg-type]
        )
        await dead_letters.add(tx, [letter])
    async with centre.store.read() as conn:
        return await dead_letters.newest_id(conn)
