"""A photo taken on the phone becomes evidence of the case; notes; who may add, read and withdraw; crashes and rubbish."""

import hashlib
import io
import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from beside_steps import facts, listed, tell
from centre import Centre, minute
from PIL import Image
from sqlalchemy import update

from services.api.app import make_app
from services.api.routes.evidence import MOST_AT_ONCE
from services.contents.folder import Folder
from services.domain.contents import ContentsAway, NoRoom, Unkept
from services.handlers.evidence import sweep
from services.store import tables
from tests import evidence_samples as samples

one_database = pytest.mark.parametrize("centre", ["sqlite"], indirect=True)  # SQL has no part in it


@pytest.fixture(autouse=True)
def folder(centre: Centre, tmp_path: Path) -> Path:
    centre.parts.contents = Folder(tmp_path / "evidence")
    return tmp_path / "evidence"


async def add(
    centre: Centre, who: str, case: UUID, content: Any, kind: str = "PHOTO", *, key: str | None = None, **headers: str
) -> httpx2.Response:
    centre.keys += 1
    given = centre.headers(who) | {"idempotency-key": key or f"key-{centre.keys}"} | headers
    return await centre.client.post(f"/cases/{case}/evidence?kind={kind}", headers=given, content=content)


async def read(centre: Centre, who: str, case: UUID, evidence_id: str) -> httpx2.Response:
    return await centre.get(who, f"/cases/{case}/evidence/{evidence_id}/content")


async def in_hand(centre: Centre) -> UUID:
    """A case that R11 has acknowledged."""
    case = await centre.warn()
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    return case


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_photo_is_stripped_kept_sealed_and_read_back(centre: Centre, folder: Path) -> None:
    case, sent = await in_hand(centre), samples.jpeg()

    added = await add(centre, "R11", case, sent, **{"content-type": "image/jpeg"})

    assert added.status_code == 200, added.text
    (one,) = await listed(centre, f"/cases/{case}/evidence", "auditor")
    assert (one["evidence_id"], one["number"], one["kind"]) == (added.json()["evidence_id"], 1, "PHOTO")
    assert (one["sent_sha256"], one["added_by"]) == (hashlib.sha256(sent).hexdigest(), "R11")
    for who in ("R11", "operator", "reviewer"):
        content = await read(centre, who, case, one["evidence_id"])
        assert hashlib.sha256(content.content).hexdigest() == one["sha256"]
        assert len(content.content) == one["size"] == int(content.headers["content-length"])
    assert b"SECRET" not in content.content
    assert Image.open(io.BytesIO(content.content)).size == samples.SIZE[::-1]
    assert content.headers["content-type"] == "image/jpeg"
    assert content.headers["content-disposition"] == 'attachment; filename="evidence-1.jpg"'
    assert content.headers["x-content-type-options"] == "nosniff"
    await centre.app.state.reads.write()
    lines = await listed(centre, f"/audit?key={case}", "auditor")
    about = [(line["actor"], line["detail"]) for line in lines if line["about"].endswith("/content")]
    assert about == [(who, {"evidence": 1}) for who in ("reviewer", "operator", "R11")]
    (file,) = files(folder)
    assert not any(told in file.read_bytes() for told in (b"JFIF", b"SECRET", content.content[100:120]))
    (fact,) = await facts(centre, case, "ADD_EVIDENCE")
    assert fact["actor"] == "R11"
    assert fact["detail"] == {name: one[name] for name in ("kind", "media_type", "size", "sha256", "sent_sha256")} | {
        "evidence": 1
    }


async def test_evidence_is_of_its_case_and_unit_only(centre: Centre, folder: Path) -> None:
    case, other = await in_hand(centre), await centre.warn(unit="P2")
    one = (await add(centre, "R11", case, samples.png())).json()["evidence_id"]

    foreign = [await add(centre, who, case, samples.png()) for who in ("R21", "desk-2")]
    foreign += [await read(centre, who, case, one) for who in ("R21", "desk-2")]
    foreign += [await centre.get("desk-2", f"/cases/{case}/evidence"), await read(centre, "operator", other, one)]
    closed = [await add(centre, who, case, samples.png()) for who in ("R12", "auditor", "reviewer")]
    closed += [await read(centre, who, case, one) for who in ("R12", "auditor", "desk-1", "administrator")]

    assert [answer.status_code for answer in foreign] == [404] * 6
    # A colleague's case is out of a responder's sight once it is acknowledged.
    assert [answer.status_code for answer in closed] == [404, 403, 403, 404, 403, 403, 403]
    assert (await add(centre, "desk-1", case, samples.mp3(), "AUDIO")).status_code == 200
    assert (await add(centre, "operator", case, samples.document(), "COMMITMENT")).status_code == 200
    assert len(files(folder)) == 3
    assert [one["number"] for one in await listed(centre, f"/cases/{case}/evidence", "desk-1")] == [1, 2, 3]


async def test_the_same_command_adds_once_and_the_same_file_twice(centre: Centre, folder: Path) -> None:
    case, sent = await in_hand(centre), samples.webp()

    first = await add(centre, "R11", case, sent, key="tap")
    again = await add(centre, "R11", case, sent, key="tap")
    other = await add(centre, "R11", case, samples.png(), key="tap")
    second = await add(centre, "R11", case, sent)

    assert first.json() == again.json()
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
    assert second.json()["evidence_id"] != first.json()["evidence_id"]
    there = await listed(centre, f"/cases/{case}/evidence")
    assert there[0]["sha256"] == there[1]["sha256"]
    assert len(files(folder)) == len(there) == 2


@one_database
async def test_rubbish_is_refused_with_its_reason_and_nothing_kept(centre: Centre, folder: Path) -> None:
    case = await in_hand(centre)
    rubbish = [
        (b"", "PHOTO", "empty"),
        (b"<html>", "PHOTO", "unknown-type"),
        (b'--x\r\nContent-Disposition: form-data; filename="../../a\r\nb"', "PHOTO", "unknown-type"),
        (samples.jpeg()[:400], "PHOTO", "broken"),
        (samples.bomb(), "PHOTO", "too-many-pixels"),
        (samples.wav(), "PHOTO", "other-kind"),
        (samples.document(), "PHOTO", "other-kind"),
        (samples.jpeg(), "AUDIO", "other-kind"),
        (samples.document(runs=True), "COMMITMENT", "active"),
        (samples.document(password="x"), "COMMITMENT", "encrypted"),
    ]

    for content, kind, why in rubbish:
        answer = await add(centre, "R11", case, content, kind)
        assert (answer.status_code, answer.json().get("why")) == (422, why)

    names = {"content-type": "x/../../y", "content-disposition": "attachment; filename=../../etc/passwd"}
    assert (await add(centre, "R11", case, samples.png() + samples.SCRIPT, **names)).status_code == 200
    assert (await add(centre, "R11", case, b"x", "SELFIE")).json()["type"] == "/problems/invalid"
    assert (await centre.client.post(f"/cases/{case}/evidence?kind=PHOTO", content=b"x")).status_code == 401
    assert len(files(folder)) == 1


@one_database
async def test_what_is_too_large_is_refused_before_it_is_read(centre: Centre) -> None:
    case, read_bytes = await in_hand(centre), 0

    async def endless() -> Any:
        nonlocal read_bytes
        for _ in range(100):
            read_bytes += 1_000_000
            yield bytes(1_000_000)

    said = await add(centre, "R11", case, bytes(21_000_000))
    endlessly = await add(centre, "R11", case, endless())
    elsewhere = await tell(centre, f"/cases/{case}/notes", {"text": "x" * 300_000}, "R11")

    for answer in (said, endlessly, elsewhere):
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")
    assert read_bytes <= 22_000_000


class Failing(Folder):
    def __init__(self, home: Path, fault: Unkept) -> None:
        super().__init__(home)
        self.fault = fault

    async def put(self, name: str, pieces: Any) -> None:  # noqa: ARG002 - the signature of all
        raise self.fault


@one_database
async def test_a_full_or_absent_store_is_told_and_nothing_happens(centre: Centre, folder: Path) -> None:
    case, kept = await in_hand(centre), centre.parts.contents

    centre.parts.contents = Failing(folder, NoRoom())
    full = await add(centre, "R11", case, samples.png(), key="again")
    centre.parts.contents = Failing(folder, ContentsAway())
    away = await add(centre, "R11", case, samples.png(), key="again")
    centre.parts.contents = kept
    done = await add(centre, "R11", case, samples.png(), key="again")

    assert (full.status_code, full.json()["type"]) == (507, "/problems/evidence-full")
    assert (away.status_code, away.headers["retry-after"]) == (503, "2")
    assert done.status_code == 200
    assert len(await facts(centre, case, "ADD_EVIDENCE")) == 1


async def test_a_content_that_was_changed_or_forgotten_is_not_given(centre: Centre, folder: Path) -> None:
    case = await in_hand(centre)
    first = (await add(centre, "R11", case, samples.png())).json()["evidence_id"]
    (file,) = files(folder)
    second = (await add(centre, "R11", case, samples.jpeg())).json()["evidence_id"]
    whole = file.read_bytes()

    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    changed = await read(centre, "operator", case, first)
    file.write_bytes(next(other for other in files(folder) if other != file).read_bytes())
    swapped = await read(centre, "operator", case, first)
    file.unlink()
    gone = await read(centre, "operator", case, first)
    async with centre.store.begin() as tx:
        await tx.conn.execute(update(tables.cases).values(wrapped_key=None))
    forgotten = await read(centre, "operator", case, second)
    late = await add(centre, "R11", case, samples.png())

    for answer in (changed, swapped, gone, forgotten):
        assert (answer.status_code, answer.json()["type"]) == (410, "/problems/evidence-lost")
    assert (late.status_code, late.json()["state"]) == (409, "ERASED")


async def test_withdrawn_evidence_is_marked_and_kept_for_the_centre(centre: Centre) -> None:
    case = await in_hand(centre)
    one = (await add(centre, "R11", case, samples.png())).json()["evidence_id"]
    path, reason = f"/cases/{case}/evidence/{one}/withdrawal", {"reason": "拍错了人"}

    others = await tell(centre, path, reason, "desk-1")
    unsaid = await tell(centre, path, {}, "R11")
    done = await tell(centre, path, reason, "R11")
    again = await tell(centre, path, reason, "operator")

    assert [answer.status_code for answer in (others, unsaid, done, again)] == [403, 422, 200, 409]
    (shown,) = await listed(centre, f"/cases/{case}/evidence")
    assert shown["withdrawn_by"] == "R11"
    (fact,) = await facts(centre, case, "WITHDRAW_EVIDENCE")
    assert (fact["detail"], fact["words"]) == ({"evidence": 1}, reason)
    assert [(await read(centre, who, case, one)).status_code for who in ("R11", "operator")] == [403, 200]


async def test_what_a_crash_left_unnamed_is_swept_after_a_day(centre: Centre, folder: Path) -> None:
    """The content is put before the row: a process that dies in between leaves a file that nobody names."""
    case, contents = await in_hand(centre), centre.parts.contents
    await add(centre, "R11", case, samples.png())
    (named,) = files(folder)
    for name in ("0" * 32, "1" * 32):
        await contents.put(name, [b"left"])
    now = centre.clock.now()
    for path in files(folder):
        age = timedelta(hours=1 if path.name == "1" * 32 else 25)
        os.utime(path, times=((now - age).timestamp(),) * 2)

    assert await sweep(centre.store, contents, now=now) == 1

    assert {path.name for path in files(folder)} == {named.name, "1" * 32}
    assert await sweep(centre.store, contents, now=now) == 0


@one_database
async def test_more_at_once_than_memory_is_for_come_again(centre: Centre) -> None:
    case = await in_hand(centre)
    app = make_app(centre.parts)
    coming_in = app.state.evidence_coming_in
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c") as client:
        centre.client = client
        for _ in range(MOST_AT_ONCE):
            coming_in.__enter__()
        busy = await add(centre, "R11", case, samples.png())
        coming_in.__exit__()
        done = await add(centre, "R11", case, samples.png())

    assert (busy.status_code, busy.json()["type"]) == (503, "/problems/evidence-busy")
    assert done.status_code == 200


async def test_a_note_is_sealed_and_corrected_by_another(centre: Centre) -> None:
    case = await in_hand(centre)
    path = f"/cases/{case}/notes"

    first = await tell(centre, path, {"text": "对方称在外地"}, "R11")
    wrong = await tell(centre, path, {"text": "x", "corrects": 1}, "R11")
    second = await tell(centre, path, {"text": "实际在家", "corrects": first.json()["version"]}, "desk-1")
    third = await tell(centre, path, {"text": "已核对"}, "reviewer")
    closed = [await tell(centre, path, {"text": "x"}, who) for who in ("R21", "bank", "R12", "auditor")]
    empty = await tell(centre, path, {"text": " "}, "R11")

    assert [answer.status_code for answer in (first, wrong, second, third, empty)] == [200, 422, 200, 200, 422]
    assert [answer.status_code for answer in closed] == [404, 403, 403, 403]
    told = await facts(centre, case, "NOTE")
    assert [(fact["actor"], fact["words"]) for fact in told] == [
        ("R11", {"note": "对方称在外地"}),
        ("desk-1", {"note": "实际在家"}),
        ("reviewer", {"note": "已核对"}),
    ]
    assert told[1]["detail"] == {"corrects": first.json()["version"]}
    unread = await listed(centre, f"/cases/{case}/timeline", "desk-1")
    assert not [fact for fact in unread if fact["words"]]
    assert len({answer.json()["turn"] for answer in (first, second, third)}) == 1
