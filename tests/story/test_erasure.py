"""Forgetting a person: by hand and by the period, nothing left to open, figures and the audit's chain as they were."""

import base64
import json
import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import evidence_samples as samples
import pytest
from beside_steps import DAY, listed, orders, payment, tell, told_ok, work_on
from centre import ADDRESS, ID_NUMBER, NAME, PHONE, Centre, minute
from sqlalchemy import select, update

from services.contents.folder import Folder
from services.domain.actor import Actor
from services.domain.contents import ContentsAway
from services.domain.refusals import CaseNotFound, NotAllowed, OnLegalHold, OutOfOrder
from services.domain.words import Role
from services.handlers import archive_keys
from services.handlers.archive import BadArchive, read_back
from services.handlers.audit import seal_settled, verify
from services.handlers.context import bound_to
from services.handlers.counting import check, count_on
from services.handlers.erasure import Because, Erased, erase_whole
from services.handlers.erasure import erase as erase_only
from services.handlers.evidence import sweep
from services.handlers.retention import Ran, plan, run
from services.store import legal_holds, seals, tables
from services.store.retention import Class
from services.store.sealing import CannotOpen, Sealer

ADMINISTRATOR = Actor(name="root", role=Role.ADMINISTRATOR)
FORGOTTEN = ("wrapped_key", "sealed", "subject_key", "phone_key", "account_key")


@pytest.fixture
async def ended(centre: Centre, tmp_path: Path) -> UUID:
    """A closed case with an order, evidence, notes; its month of follow-ups is over."""
    centre.parts.contents = Folder(tmp_path / "evidence")
    settings = {"archive": tmp_path / "archive", "var": tmp_path}
    object.__setattr__(centre.parts, "settings", centre.parts.settings.model_copy(update=settings))
    case = await centre.warn(id_number=ID_NUMBER)
    await centre.do("R11", case, "acknowledgement", at=minute(1))
    await centre.do("R11", case, "stop-payment", payment(by_hand=True), at=minute(2))
    (order,) = await orders(centre, case)
    await told_ok(centre, f"/stop-payments/{order['order_id']}/sending", {"bank_number": "N-1"}, "R11")
    rejected = {"result": "REJECTED", "reason": "empty"}
    await told_ok(centre, f"/stop-payments/{order['order_id']}/receipts", rejected, "operator")
    headers = centre.headers("R11") | {"idempotency-key": "photo"}
    path = f"/cases/{case}/evidence?kind=PHOTO"
    assert (await centre.client.post(path, headers=headers, content=samples.png())).status_code == 200
    await told_ok(centre, f"/cases/{case}/notes", {"text": f"已联系 {PHONE}"}, "R11")
    await work_on(centre, case)
    await centre.pass_time(minute(0) + 40 * DAY)
    return case


async def erase(centre: Centre, case: UUID, by: Actor = ADMINISTRATOR) -> Erased:
    return await erase_whole(centre.store, centre.parts.contents, case, by=by, because=Because.ON_REQUEST)


async def seal_all(centre: Centre) -> None:
    async with centre.store.begin() as tx:
        await seal_settled(tx, (await seals.look(tx.conn, postgres=False)).newest)


async def fault(centre: Centre) -> object:
    async with centre.store.read() as conn:
        found = await verify(conn, [], key=None)
    assert (found.rows > 0, found.unsealed) == (True, 0)
    return found.fault


async def kept(centre: Centre) -> dict[str, Any]:
    """What figures are made of."""
    while not (await count_on(centre.store, centre.context.zone)).done:
        pass
    figures = await centre.get("reviewer", "/figures", params={"from": "2026-11-01", "to": "2026-12-01"})
    assert figures.status_code == 200, figures.text
    assert figures.json()["total"]["cases"] == 1
    async with centre.store.read() as conn:
        left = [column for column in tables.cases.c if column.name not in (*FORGOTTEN, "version")]
        cases = [tuple(row) for row in await conn.execute(select(*left).order_by(tables.cases.c.id))]
        ledger = [tuple(row) for row in await conn.execute(select(tables.ledger).order_by(tables.ledger.c.id))]
    return {"figures": figures.json()["total"], "cases": cases, "ledger": ledger}


async def test_an_erased_person_is_gone_and_the_figures_stay(centre: Centre, ended: UUID) -> None:
    await seal_all(centre)
    before = await kept(centre)
    folder = centre.parts.contents
    assert isinstance(folder, Folder)

    erased = await erase(centre, ended)
    again = await erase(centre, ended)

    assert (erased.again, len(erased.contents), again.again) == (False, 1, True)
    assert [name async for name, _ in folder.listed()] == []
    seen = await centre.case(ended, "operator")
    assert seen["person"] == {"shown": "erased"} | dict.fromkeys(
        ("name", "phone", "id_number", "address", "amount_at_risk_fen", "warning")
    ) | {"transfer_under_way": False}
    timeline = await listed(centre, f"/cases/{ended}/timeline")
    assert [fact["words"] for fact in timeline if fact["words"]] == []
    assert (timeline[-1]["action"], timeline[-1]["detail"]) == ("ERASE", {"because": "ON_REQUEST"})
    (order,) = await orders(centre, ended)
    assert (order["state"], NAME in str(order)) == ("REJECTED", False)
    found = await centre.client.post("/search", headers=centre.headers("operator"), json={"phone": PHONE})
    assert found.json()["items"] == []
    whole = await tell(centre, f"/cases/{ended}/unmasking", {"why": "REVIEW", "reason": "x"}, "operator")
    assert whole.json()["person"]["shown"] == "erased"
    assert await kept(centre) == before
    await seal_all(centre)
    assert await fault(centre) is None
    lines = (await centre.get("auditor", "/audit", params={"about": "case", "key": str(ended)})).json()["items"]
    assert [line["detail"] for line in lines if line["action"] == "ERASED"] == [
        {"because": "ON_REQUEST", "evidence": 1}
    ]


async def test_what_a_crash_left_of_the_forgotten_is_swept(centre: Centre, ended: UUID, tmp_path: Path) -> None:
    async with centre.store.begin() as tx:
        left = await erase_only(tx, ended, by=ADMINISTRATOR, because=Because.BY_ORDER)
    (file,) = [path for path in (tmp_path / "evidence").rglob("*") if path.name == left.contents[0]]
    long_ago = (centre.clock.now() - DAY - timedelta(hours=1)).timestamp()
    os.utime(file, times=(long_ago, long_ago))

    assert await sweep(centre.store, centre.parts.contents, now=centre.clock.now()) == 1

    assert not file.exists()


async def test_only_an_ended_case_without_a_hold_is_erased(centre: Centre, ended: UUID) -> None:
    running = await centre.warn()
    async with centre.store.begin() as tx:
        row = (await tx.conn.execute(select(tables.cases.c.id).where(tables.cases.c.case_id == ended))).scalar_one()
        number = await legal_holds.place(tx, row, reference="法 2026-1", by="root")

    for case, refusal in ((running, OutOfOrder), (ended, OnLegalHold)):
        with pytest.raises(refusal):
            await erase(centre, case)
    with pytest.raises(NotAllowed):
        await erase(centre, ended, Actor(name="sup", role=Role.SUPERVISOR))
    with pytest.raises(CaseNotFound):
        await erase(centre, UUID(int=7))

    async with centre.store.begin() as tx:
        assert await legal_holds.lift(tx, number, by="root")
    assert not (await erase(centre, ended)).again


async def test_a_closed_case_with_follow_ups_is_not_erased(centre: Centre) -> None:
    case = await centre.warn()
    await work_on(centre, case)

    with pytest.raises(OutOfOrder):
        await erase(centre, case)
    assert (await centre.case(case))["person"]["shown"] == "masked"


async def run_all(centre: Centre) -> Ran:
    parts = centre.parts
    return await run(
        parts.store, parts.contents, parts.settings, by=ADMINISTRATOR, now=centre.clock.now(), tell=lambda _: None
    )


def counts(ran: Ran | Iterable[Any]) -> dict[Class, tuple[int, int, int, int]]:
    classes = ran.classes if isinstance(ran, Ran) else ran
    return {one.kind: (one.due, one.held, one.archived, one.gone) for one in classes}


async def old_things(centre: Centre) -> None:
    """A tip, a submission by HTTP, and cases; then three years pass."""
    assert (await centre.client.post("/public/tips", json={"what": f"{NAME} {PHONE}"})).status_code == 202
    by_hand = {"risk": "HIGH", "subject": {"name": NAME, "phone": PHONE}}
    assert (await tell(centre, "/warnings/by-hand", by_hand)).status_code == 202
    await centre.pass_time(centre.clock.now() + timedelta(days=1096))


async def test_what_is_past_its_period_is_archived_and_goes(centre: Centre, ended: UUID) -> None:
    await old_things(centre)
    young = await centre.warn(id_number=ID_NUMBER[:-1] + "3")
    await seal_all(centre)
    before = await kept(centre)
    planned = counts(await plan(centre.store, centre.parts.settings, now=centre.clock.now()))

    ran = await run_all(centre)
    again = await run_all(centre)

    expected = {Class.CASES: 1, Class.SUBMISSIONS: 1, Class.TIPS: 1, Class.DEAD_LETTERS: 0}
    assert planned == {kind: (count, 0, 0, 0) for kind, count in expected.items()}
    assert counts(ran) == {kind: (count, 0, count, count) for kind, count in expected.items()}
    assert (again.archive, counts(again)) == (None, dict.fromkeys(Class, (0, 0, 0, 0)))
    assert ran.archive is not None
    rows = list(read_back(ran.archive))
    assert {"cases", "event", "stop_order", "evidence", "tip", "submission"} == {table for _, table, _ in rows}
    text = ran.archive.read_text()
    assert not [word for word in (PHONE, NAME, ID_NUMBER, ADDRESS) if word in text or json.dumps(word)[1:-1] in text]
    assert ran.archive.stat().st_mode & 0o077 == 0
    assert (await centre.case(ended))["person"]["shown"] == "erased"
    assert (await centre.case(young))["person"]["shown"] == "masked"
    assert await kept(centre) == before
    assert (await check(centre.store, centre.context.zone)).right
    await seal_all(centre)
    assert await fault(centre) is None
    lines = (await centre.get("auditor", "/audit", params={"about": "retention"})).json()["items"]
    assert [line["action"] for line in lines] == ["RETENTION_RAN", "RETENTION_ARCHIVED"]
    assert lines[1]["detail"]["sha256"] == ran.sha256


class Away(Folder):
    async def remove(self, name: str) -> None:  # noqa: ARG002 - the signature of all
        raise ContentsAway


async def test_a_run_that_broke_off_is_begun_again(centre: Centre, ended: UUID, tmp_path: Path) -> None:
    await old_things(centre)
    folder = centre.parts.contents
    centre.parts.contents = Away(tmp_path / "evidence")

    with pytest.raises(ContentsAway):
        await run_all(centre)
    centre.parts.contents = folder
    centre.clock.move_to(centre.clock.now() + timedelta(seconds=1))
    ran = await run_all(centre)

    assert counts(ran) == {
        Class.CASES: (0, 0, 0, 0),  # forgotten before it broke off; the sweep takes its evidence
        Class.SUBMISSIONS: (1, 0, 1, 1),
        Class.TIPS: (1, 0, 1, 1),
        Class.DEAD_LETTERS: (0, 0, 0, 0),
    }
    assert (await centre.case(ended))["person"]["shown"] == "erased"


async def test_a_legal_hold_stops_retention(centre: Centre, ended: UUID) -> None:
    await old_things(centre)
    async with centre.store.begin() as tx:
        row = (await tx.conn.execute(select(tables.cases.c.id).where(tables.cases.c.case_id == ended))).scalar_one()
        await legal_holds.place(tx, row, reference="法 2026-2", by="root")
        everything = await legal_holds.place(tx, None, reference="法 2026-3", by="root")

    with pytest.raises(OnLegalHold):
        await run_all(centre)
    assert counts(await plan(centre.store, centre.parts.settings, now=centre.clock.now()))[Class.TIPS] == (1, 1, 0, 0)
    async with centre.store.begin() as tx:
        await legal_holds.lift(tx, everything, by="root")
    ran = await run_all(centre)

    assert counts(ran)[Class.CASES] == (1, 1, 0, 0)
    assert counts(ran)[Class.TIPS] == (1, 0, 1, 1)
    assert (await centre.case(ended))["person"]["shown"] == "masked"


async def test_a_case_that_changed_since_it_was_archived_stays(centre: Centre, ended: UUID) -> None:
    await old_things(centre)
    async with centre.store.begin() as tx:
        version = tables.cases.c.version
        await tx.conn.execute(update(tables.cases).where(tables.cases.c.case_id == ended).values(version=version + 1))

    with pytest.raises(OutOfOrder):
        await erase_whole(
            centre.store,
            centre.parts.contents,
            ended,
            by=ADMINISTRATOR,
            because=Because.PERIOD_OVER,
            seen_version=1,
        )


async def test_who_is_erased_later_is_struck_out_of_the_archives(centre: Centre, ended: UUID) -> None:
    """Its keys lie beside the archive, which itself stays as it was; a new master key wraps them, too."""
    await centre.pass_time(centre.clock.now() + timedelta(days=1096))
    ran = await run_all(centre)
    assert ran.archive is not None
    folder, sealer = ran.archive.parent, centre.context.sealer
    row = next(row for _, table, row in read_back(ran.archive) if table == "cases")
    sealed = base64.b64decode(row["sealed"]["base64"])
    assert [row[name] for name in FORGOTTEN if name != "sealed"] == [None] * 4
    newer = Sealer([b"n" * 32, *centre.parts.settings.masters], centre.parts.settings.index)

    rewrapped = archive_keys.rewrap(folder, newer)
    assert (rewrapped.done, rewrapped.unknown, archive_keys.counts(folder)) == (1, 0, {newer.current: 1})
    (kept,) = [line for line in key_lines(folder) if line["table"] == "cases"]
    opened = newer.unwrap(base64.b64decode(kept["keys"]["wrapped_key"])).open(sealed, bound_to=bound_to(ended))
    assert PHONE in opened.decode()
    with pytest.raises(CannotOpen):
        sealer.unwrap(base64.b64decode(kept["keys"]["wrapped_key"]))

    erased = await erase(centre, ended)
    assert (erased.again, erased.row) == (True, row["id"])
    assert archive_keys.strike(folder, erased.row) > 0
    assert [line for line in key_lines(folder) if line["case"] == erased.row] == []
    assert archive_keys.strike(folder, erased.row) == 0
    assert len(list(read_back(ran.archive))) > 0, "the archive is as sound as before"
    assert not list(folder.glob("*.new"))


def key_lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in folder.glob("*.keys.jsonl") for line in file.read_text().splitlines()]


async def test_an_archive_that_was_touched_is_found_out(centre: Centre, ended: UUID) -> None:
    await old_things(centre)
    ran = await run_all(centre)
    assert ran.archive is not None
    whole = ran.archive.read_bytes()

    for changed in (whole[:-20], whole.replace(b"cases", b"casez", 1), whole + whole.splitlines(keepends=True)[0]):
        ran.archive.write_bytes(changed)
        with pytest.raises(BadArchive):
            list(read_back(ran.archive))
    ran.archive.write_bytes(whole)
    ran.archive.with_name(ran.archive.name.replace(".jsonl", ".manifest.json")).unlink()
    with pytest.raises(BadArchive):
        list(read_back(ran.archive))
