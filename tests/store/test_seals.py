"""The chain of seals on both databases: whatever is changed afterwards is found, and the first bad row has a name."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from store_steps import NOW, count, opening, write

from services.domain.actor import Actor
from services.domain.chain import Checkpoint, Fault, Wrong, sign
from services.domain.words import Role
from services.handlers.audit import Verified, seal_settled
from services.handlers.audit import verify as check
from services.store import audit, seals
from services.store.engine import Store, Transaction

KEY, OTHER_KEY = (Ed25519PrivateKey.from_private_bytes(bytes([one]) * 32) for one in (1, 2))
WHO = Actor(name="auditor-1", role=Role.AUDITOR)


async def read_lines(tx: Transaction, *keys: int) -> None:
    await audit.add(tx, [audit.line("READ", at=tx.now, by=WHO, about="/cases/{case_id}", key=key) for key in keys])


async def note(store: Store, *keys: int) -> None:
    async with store.begin() as tx:
        await read_lines(tx, *keys)


async def seal(store: Store) -> None:
    async with store.begin() as tx:
        horizon = await seals.look(tx.conn, postgres=tx.postgres)
    async with store.begin() as tx:
        await seal_settled(tx, await horizon.settled(tx.conn, postgres=tx.postgres))


async def checkpoint(store: Store, key: Ed25519PrivateKey = KEY) -> Checkpoint:
    async with store.read() as conn:
        last = await seals.last(conn)
    assert last is not None
    return sign(key, last, now=NOW)


async def verify(store: Store, *checkpoints: Checkpoint) -> Verified:
    async with store.read() as conn:
        return await check(conn, checkpoints, key=KEY.public_key())


async def run(store: Store, *statements: str) -> None:
    async with store.begin() as tx:
        for statement in statements:
            await tx.conn.execute(text(statement))


async def three_seals(store: Store) -> None:
    """Lines 1 to 3, 4 to 6 and 7 to 9, and a case's facts in the middle."""
    for first in (1, 4, 7):
        await note(store, *range(first, first + 3))
        if first == 4:
            await write(store, opening("S-1"))
        await seal(store)


async def test_a_chain_over_all_tables_is_sound(store: Store) -> None:
    await three_seals(store)
    await note(store, 10)

    found = await verify(store, await checkpoint(store))

    assert found.fault is None
    assert (found.rows, found.unsealed) == (9 + await count(store, "event"), 1)


@pytest.mark.parametrize(
    ("tampering", "expected"),
    [
        (["UPDATE audit SET actor = 'nobody' WHERE id = 5"], (Wrong.EDITED, "audit", 5)),
        (["DELETE FROM audit WHERE id = 2"], (Wrong.DELETED, "audit", 2)),
        (["DELETE FROM audit WHERE id IN (7, 8, 9)"], (Wrong.DELETED, "audit", 7)),
        (
            ["DELETE FROM audit WHERE id = 6", "UPDATE audit SET id = 6 WHERE id = 4"],
            (Wrong.DELETED, "audit", 4),
        ),
        (
            [
                "UPDATE audit SET id = -1 WHERE id = 2",
                "UPDATE audit SET id = 2 WHERE id = 3",
                "UPDATE audit SET id = 3 WHERE id = -1",
            ],
            (Wrong.EDITED, "audit", 2),
        ),
        (["UPDATE event SET detail = '{}' WHERE id = (SELECT min(id) FROM event)"], (Wrong.EDITED, "event", 1)),
        (["DELETE FROM seal WHERE number = 2"], (Wrong.SEAL_MISSING, None, None)),
        (["UPDATE seal SET last_id = last_id + 1 WHERE number = 1"], (Wrong.SEAL_CHANGED, None, None)),
    ],
    ids=["edit", "delete", "delete the end", "delete and move", "reorder", "a case's fact", "no seal", "another seal"],
)
async def test_tampering_is_found_and_named(
    store: Store, tampering: list[str], expected: tuple[Wrong, str | None, int | None]
) -> None:
    await three_seals(store)
    await run(store, *tampering)

    fault = (await verify(store)).fault

    assert fault is not None
    assert (fault.wrong, fault.table, fault.row) == expected


async def test_a_row_pushed_in_afterwards_is_found(store: Store) -> None:
    await note(store, 1, 2, 3)
    await run(store, "UPDATE audit SET id = 7 WHERE id = 3")  # as if transactions with 3 to 6 had been rolled back
    await seal(store)
    copied = "id, at, actor, role, unit, action, about, key, detail, request_id"
    await run(store, f"INSERT INTO audit ({copied}) SELECT 5, {copied.removeprefix('id, ')} FROM audit WHERE id = 2")  # noqa: S608

    assert (await verify(store)).fault == Fault(wrong=Wrong.INSERTED, number=1, table="audit", row=5)


async def test_a_cut_tail_is_found_by_a_checkpoint(store: Store) -> None:
    await three_seals(store)
    last = await checkpoint(store)
    await run(store, "DELETE FROM audit WHERE id > 6", f"DELETE FROM seal WHERE number = {last.number}")  # noqa: S608

    assert (await verify(store)).fault is None  # which is why checkpoints are kept elsewhere
    assert (await verify(store, last)).fault == Fault(wrong=Wrong.CUT, number=last.number)


async def test_a_rewritten_chain_is_found_by_a_checkpoint(store: Store) -> None:
    await note(store, 1, 2)
    await seal(store)
    signed = await checkpoint(store)
    await run(store, "UPDATE audit SET actor = 'nobody' WHERE id = 1", "DELETE FROM seal")
    await seal(store)

    assert (await verify(store)).fault is None
    assert (await verify(store, signed)).fault == Fault(wrong=Wrong.REWRITTEN, number=1)


async def test_a_checkpoint_of_another_key_is_forged(store: Store) -> None:
    await note(store, 1)
    await seal(store)

    found = await verify(store, await checkpoint(store, OTHER_KEY))

    assert found.fault == Fault(wrong=Wrong.FORGED, number=1)


async def test_a_column_added_later_breaks_no_seal(store: Store) -> None:
    await note(store, 1)
    await seal(store)
    await run(store, "ALTER TABLE audit ADD COLUMN place TEXT")
    await note(store, 2)
    await seal(store)

    found = await verify(store)

    assert (found.fault, found.rows, found.seals) == (None, 2, 2)


async def test_a_late_commit_is_waited_for(postgres_store: Store) -> None:
    store = postgres_store
    wrote, may_commit = asyncio.Event(), asyncio.Event()
    late = asyncio.create_task(_held(store, wrote, may_commit.wait))
    await wrote.wait()
    await note(store, 2)
    async with store.begin() as tx:
        horizon = await seals.look(tx.conn, postgres=True)
    assert "audit" not in await _settled(store, horizon)

    may_commit.set()
    await late
    assert (await _settled(store, horizon))["audit"] == 2
    await seal(store)
    assert (await verify(store)).rows == 2


async def _held(store: Store, wrote: asyncio.Event, until: Callable[[], Awaitable[object]]) -> None:
    async with store.begin() as tx:
        await read_lines(tx, 1)
        wrote.set()
        await until()


async def _settled(store: Store, horizon: seals.Horizon) -> dict[str, int]:
    async with store.begin() as tx:
        return await horizon.settled(tx.conn, postgres=True)


async def test_one_connection_at_a_time_seals(postgres_store: Store) -> None:
    async with postgres_store.begin() as first, postgres_store.begin() as second:
        assert await seals.may_seal(first)
        assert not await seals.may_seal(second)


async def test_lines_are_found_by_who_and_what(store: Store) -> None:
    await note(store, 1, 2)
    async with store.begin(now=NOW + timedelta(minutes=1)) as tx:
        other = Actor(name="desk-01", role=Role.DESK, unit="U1")
        await audit.add(tx, [audit.line("READ", at=tx.now, by=other, about="/cases", detail={"shown": 3})])

    async with store.read() as conn:
        by_desk = await audit.page(conn, before=None, limit=10, actor="desk-01")
        of_two = await audit.page(conn, before=None, limit=10, key="2")

    assert [one.line.detail for one in by_desk] == [{"shown": 3}]
    assert [one.line.actor for one in of_two] == ["auditor-1"]
