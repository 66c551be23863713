"""Rotating the master key: every table, beside others' work, killed in the middle, begun again."""

import asyncio
import base64
import os
import signal
import sys
from collections.abc import Sequence

from sqlalchemy import func, insert, select, update
from store_steps import NOW, SEALER, opening, stored, write

from services.handlers.context import open_warning
from services.handlers.key_rotation import Rotated, rotate, waiting
from services.store import keys, tables, trail
from services.store.engine import Store
from services.store.sealing import CannotOpen, Sealer
from services.store.trail import Stretch
from tests.proofs import proof, sized

OLD, NEW, INDEX = bytes(32), b"n" * 32, bytes(reversed(range(32)))
BOTH, ALONE = Sealer([NEW, OLD], INDEX), Sealer([NEW], INDEX)
SOME = sized(2_000, 100_000)


async def fill(store: Store, rows: int = SOME) -> None:
    """Stretches of a trail, each under a key of its own: the shortest rows that have one."""
    async with store.begin() as tx:
        for first in range(0, rows, 500):
            made = [SEALER.new_key() for _ in range(first, min(first + 500, rows))]
            await trail.add(tx, [_stretch(key.wrapped, key.seal(b"[]", bound_to=b"r")) for key in made])


def _stretch(wrapped: bytes, sealed: bytes) -> Stretch:
    return Stretch(responder="R1", stored_at=NOW, wrapped_key=wrapped, sealed=sealed)


async def masters(store: Store) -> dict[str, set[bytes]]:
    async with store.read() as conn:
        found = {table.name: set(await keys.counts(conn, table)) for table in keys.keyed()}
    return {name: ids for name, ids in found.items() if ids}


def test_every_table_with_wrapped_keys_is_rotated() -> None:
    names = {table.name for table in keys.keyed()}

    assert {"cases", "outbox", "dead_letter", "tip", "trail"} <= names
    assert all(len(table.primary_key.columns) == 1 for table in keys.keyed())


async def test_what_was_sealed_opens_without_the_old_master(store: Store) -> None:
    await write(store, opening("T-1"), opening("T-2"))
    await fill(store, 700)

    assert await rotate(store, BOTH, at_once=100) == Rotated(done=702, unknown=0, left=0)

    assert await masters(store) == {"cases": {ALONE.current}, "trail": {ALONE.current}}
    warning = open_warning(ALONE, await stored(store, "T-1"))
    assert warning is not None
    assert warning.subject.phone == "199-0000-0001"
    assert await rotate(store, BOTH) == Rotated(done=0, unknown=0, left=0)


async def test_a_key_of_nobody_is_left_and_told(store: Store) -> None:
    await write(store, opening("T-1"), opening("T-2"))
    foreign = Sealer([b"x" * 32], INDEX).new_key().wrapped
    async with store.begin() as tx:
        table = tables.cases
        await tx.conn.execute(update(table).where(table.c.instruction_number == "T-1").values(wrapped_key=foreign))
        changed = SEALER.new_key().wrapped[:-1] + b"\0"
        await tx.conn.execute(insert(tables.trail).values(**_columns(changed)))

    found = await rotate(store, BOTH)

    assert (found.done, found.unknown, found.left) == (1, 2, 0)
    assert (await stored(store, "T-1")).wrapped_key == foreign


def _columns(wrapped: bytes) -> dict[str, object]:
    return {"responder": "R1", "stored_at": NOW, "wrapped_key": wrapped, "sealed": b"x"}


async def test_a_row_that_somebody_holds_is_taken_later(postgres_store: Store) -> None:
    store = postgres_store
    await write(store, opening("T-1"), opening("T-2"))
    held, let_go = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with store.begin() as tx:
            await tx.conn.execute(select(tables.cases).where(tables.cases.c.id == 1).with_for_update())
            held.set()
            await let_go.wait()

    holding = asyncio.create_task(hold())
    await held.wait()
    done: list[int] = []

    def tell(count: int) -> None:
        done.append(count)
        if count == 1:
            let_go.set()  # the other case is through: only now may this one be had

    found = await rotate(store, BOTH, tell=tell)
    await holding

    assert (found, done[0] < 2) == (Rotated(done=2, unknown=0, left=0), True)


@proof
async def test_rotation_under_load_and_cancelled_loses_nothing(store: Store) -> None:
    """Two rotations at once, one of them cancelled in the middle, while rows come, are read and go."""
    await fill(store)
    faults: list[BaseException] = []
    stop = asyncio.Event()

    async def work() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                await write(store, opening(f"L-{number}"))
                assert open_warning(BOTH, await stored(store, f"L-{number}")) is not None
            except (CannotOpen, AssertionError) as fault:
                faults.append(fault)
            await asyncio.sleep(0)

    working = asyncio.create_task(work())
    reached = asyncio.Event()
    first = asyncio.create_task(
        rotate(store, BOTH, at_once=100, tell=lambda done: reached.set() if done >= 500 else None)
    )
    await reached.wait()
    first.cancel()
    await asyncio.wait([first])
    assert await waiting(store, BOTH) > 0

    again, beside = await asyncio.gather(rotate(store, BOTH, at_once=100), rotate(store, BOTH, at_once=100))
    stop.set()
    await working
    last = await rotate(store, BOTH)

    assert faults == []
    assert (again.unknown, beside.unknown, last.left) == (0, 0, 0)
    assert await waiting(store, BOTH) == 0
    async with store.read() as conn:
        found = (await conn.execute(select(tables.trail.c.wrapped_key, tables.trail.c.sealed))).all()
    assert len(found) == SOME
    assert {ALONE.unwrap(wrapped).open(sealed, bound_to=b"r") for wrapped, sealed in found} == {b"[]"}


@proof
async def test_a_killed_command_is_begun_again(postgres_store: Store, postgres_url: str) -> None:
    """The command itself, killed with −9 as soon as something is done."""
    store, rows = postgres_store, SOME
    await fill(store, rows)
    process = await asyncio.create_subprocess_exec(*_rotating(), env=_settings(postgres_url))
    while await waiting(store, BOTH) == rows:
        assert process.returncode is None
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    await process.wait()

    again = await asyncio.create_subprocess_exec(*_rotating(), env=_settings(postgres_url))

    assert await again.wait() == 0
    assert await waiting(store, BOTH) == 0
    async with store.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(tables.trail))).scalar_one() == rows


def _rotating() -> Sequence[str]:
    return sys.executable, "-m", "services.cli", "keys", "rotate"


def _settings(url: str) -> dict[str, str]:
    told = {"QUANZU_DATABASE": url, "QUANZU_PRODUCTION": "false"}
    told["QUANZU_MASTER_KEYS"] = ",".join(base64.b64encode(key).decode() for key in (NEW, OLD))
    return os.environ | told | {"QUANZU_INDEX_KEY": base64.b64encode(INDEX).decode()}
