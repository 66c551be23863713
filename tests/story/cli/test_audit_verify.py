"""quanzu audit: what was changed is named, and the exit code says it too."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from services.clock import SteadyClock
from services.domain.actor import Actor
from services.domain.chain import sign
from services.domain.words import Role
from services.handlers.audit import seal_settled, told_of
from services.settings import read_settings
from services.store import audit, seals
from services.store.engine import Store, Transaction
from tests.story.cli.conftest import Quanzu

WHO = Actor(name="auditor-1", role=Role.AUDITOR)


def with_store(work: Callable[[Transaction], Awaitable[None]]) -> None:
    async def run() -> None:
        store = Store(read_settings().database, name="test")
        store.clock = SteadyClock(await store.measure_time())
        try:
            async with store.begin() as tx:
                await work(tx)
        finally:
            await store.close()

    asyncio.run(run())


async def lay(tx: Transaction) -> None:
    """Three lines, sealed, and the checkpoint beside them."""
    await audit.add(tx, [audit.line("READ", at=tx.now, by=WHO, about="/cases", key=key) for key in "abc"])
    horizon = await seals.look(tx.conn, postgres=False)
    (seal,) = await seal_settled(tx, await horizon.settled(tx.conn, postgres=False))
    settings = read_settings()
    key = Ed25519PrivateKey.from_private_bytes(settings.audit_seed)
    settings.checkpoints.write_text(told_of(sign(key, seal, now=tx.now)).model_dump_json() + "\n")


async def change(tx: Transaction) -> None:
    await tx.conn.execute(text("UPDATE audit SET key = 'x' WHERE id = 2"))


def test_a_sound_audit_is_said_to_be_sound(installed: Quanzu) -> None:
    with_store(lay)

    answer = installed("--json", "audit", "verify")

    assert (answer.code, json.loads(answer.out)) == (
        0,
        {"seals": 1, "rows": 3, "unsealed": 0, "checkpoints": 1, "fault": None},
    )


def test_the_first_changed_row_is_named(installed: Quanzu) -> None:
    with_store(lay)
    with_store(change)

    answer = installed("audit", "verify")

    assert (answer.code, answer.out.splitlines()[-1]) == (1, "EDITED: row 2 of audit (seal 1)")


def test_a_file_that_holds_no_checkpoint_is_refused(installed: Quanzu, tmp_path: Path) -> None:
    with_store(lay)
    (tmp_path / "wrong.jsonl").write_text("{}\n")

    answer = installed("audit", "verify", "--checkpoints", tmp_path / "wrong.jsonl")

    assert (answer.code, answer.err.strip()) == (1, f"line 1 of {tmp_path}/wrong.jsonl is no checkpoint")


def test_without_checkpoints_a_cut_end_is_said_to_be_unseen(installed: Quanzu, tmp_path: Path) -> None:
    answer = installed("audit", "verify")

    assert answer.code == 0
    assert "would not be found" in answer.err


def test_the_lines_are_listed_by_name(installed: Quanzu) -> None:
    with_store(lay)

    rows = json.loads(installed("--json", "audit", "list", "--actor", "auditor-1").out)

    assert [(row["about"], row["key"]) for row in rows] == [("/cases", "c"), ("/cases", "b"), ("/cases", "a")]
