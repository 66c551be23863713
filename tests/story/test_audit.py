"""The audit from outside: who read what is on record, everything is sealed, and a checkpoint leaves the database."""

from pathlib import Path

from centre import NAME, PHONE, Centre
from sqlalchemy import select, text

from services.api.reads import MOST_WAITING, Reads
from services.handlers.audit import read_checkpoint
from services.relay.sealer import CHECKPOINT_EVERY, SealKeeper
from services.store import tables


def reads(centre: Centre) -> Reads:
    found: Reads = centre.app.state.reads
    return found


async def sealed(centre: Centre, file: Path) -> SealKeeper:
    """Seal everything that is there, with a checkpoint."""
    object.__setattr__(centre.parts, "settings", centre.parts.settings.model_copy(update={"audit_file": file}))
    keeper = SealKeeper(centre.parts)
    await keeper.round()
    centre.clock.move_to(centre.clock.now() + CHECKPOINT_EVERY)
    await keeper.round()
    return keeper


async def test_every_read_of_a_case_is_on_record(centre: Centre) -> None:
    case = await centre.warn()
    await centre.get("desk-1", f"/cases/{case}")
    await centre.get("desk-1", f"/cases/{case}/timeline")
    await centre.get("desk-2", f"/cases/{case}")  # not theirs: nothing was read
    await reads(centre).write()

    page = (await centre.get("auditor", "/audit", params={"actor": "desk-1"})).json()

    assert [(line["about"], line["key"]) for line in page["items"]] == [
        ("/cases/{case_id}/timeline", str(case)),
        ("/cases/{case_id}", str(case)),
    ]
    assert (await centre.get("auditor", "/audit", params={"actor": "desk-2"})).json()["items"] == []
    assert (await centre.get("operator", "/audit")).status_code == 403


async def test_no_line_of_the_audit_holds_a_person(centre: Centre) -> None:
    case = await centre.warn()
    for who, path in (("R11", f"/cases/{case}"), ("operator", "/cases"), ("supervisor", f"/cases/{case}/timeline")):
        await centre.get(who, path)
    await reads(centre).write()

    async with centre.store.read() as conn:
        lines = [str(tuple(row)) for row in await conn.execute(select(tables.audit))]

    assert len(lines) >= 3
    assert not [line for line in lines if PHONE in line or NAME in line]


async def test_nothing_is_shown_while_reads_cannot_be_noted(centre: Centre) -> None:
    case = await centre.warn()
    async with centre.store.begin() as tx:
        await tx.conn.execute(text("ALTER TABLE audit RENAME TO away"))
    waiting = reads(centre)
    waiting._waiting *= 0
    await centre.get("operator", f"/cases/{case}")
    waiting._waiting *= MOST_WAITING

    answer = await centre.get("operator", f"/cases/{case}")

    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/away")


async def test_a_checkpoint_leaves_by_file_and_topic(centre: Centre, tmp_path: Path) -> None:
    await centre.warn()
    keeper = await sealed(centre, tmp_path / "audit.jsonl")
    try:
        (line,) = (tmp_path / "audit.jsonl").read_bytes().splitlines()
        async with centre.store.read() as conn:
            question = select(tables.outbox.c.value).where(tables.outbox.c.topic == "fraud.audit.sealed")
            (told,) = (await conn.execute(question)).scalars()
    finally:
        await keeper.stop()

    assert read_checkpoint(line) == read_checkpoint(told)
