"""A new index key laid by the command itself: killed in the middle and begun again, others writing before, then and after."""

import asyncio
import base64
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import insert, select
from store_steps import NOW

from services.clock import MovedClock
from services.domain.states import State
from services.handlers.reindex import UnknownKeys, laid_sealer
from services.store import tables
from services.store.engine import Store
from services.store.sealing import Sealer
from tests.proofs import proof, sized

MASTER, OLD, NEW = bytes(32), bytes(reversed(range(32))), b"n" * 32
BEFORE, AFTER = Sealer([MASTER], OLD), Sealer([MASTER], OLD, NEW)
ROWS = sized(200, 100_000)
GATE = 77
# The last table of all waits at the gate: so the command is met in the middle.
GATED = f"""
    CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NEW; END $$;
    CREATE TRIGGER waits BEFORE UPDATE ON command FOR EACH ROW EXECUTE FUNCTION waits();
"""
AT_THE_GATE = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
WAITS_FOR_THE_END = "SELECT count(*) FROM pg_locks WHERE relation = 'index_print'::regclass AND NOT granted"


@asynccontextmanager
async def process(url: str, *keys: bytes) -> AsyncIterator[tuple[Store, Sealer]]:
    """What a process begins with: a store, and a sealer by the keys that are laid."""
    store = Store(url, name="router")
    store.clock = MovedClock(NOW)
    try:
        yield store, await laid_sealer(store, [MASTER], list(keys))
    finally:
        await store.close()


async def write(store: Store, sealer: Sealer, name: str, rows: int = 1) -> None:
    """Warnings and the answer to a command, as somebody with this sealer keeps them."""
    row = {"source": "/s", "case_id": 1, "effect": "OPENED", "received_at": NOW}
    names = [f"{name}-{n}" for n in range(rows)]
    answered = {"actor": "R1", "key": name, "fingerprint": sealer.fingerprint("command", name.encode()), "case_id": 1}
    async with store.begin() as tx:
        await tx.conn.execute(
            insert(tables.received), [row | {"ce_id": one, "subject_key": sealer.blind("id", one)} for one in names]
        )
        state = {"state": State.ASSIGNED, "version": 1, "turn": 1, "at": NOW}
        await tx.conn.execute(insert(tables.command).values(**answered, **state))


async def all_hashed_by(store: Store, sealer: Sealer) -> int:
    """How many rows there are, each hashed by exactly these keys."""
    received, command = tables.received, tables.command
    async with store.read() as conn:
        subjects = (await conn.execute(select(received.c.ce_id, received.c.subject_key))).all()
        answers = (await conn.execute(select(command.c.key, command.c.fingerprint))).all()
    assert [name for name, key in subjects if bytes(key) != sealer.blind("id", name)] == []
    assert [name for name, key in answers if bytes(key) != sealer.fingerprint("command", name.encode())] == []
    return len(subjects)


@proof
async def test_a_killed_reindexing_skips_and_doubles_nothing(postgres_url: str) -> None:
    """Killed with -9 half way while somebody starts; they write by the old key, until it is done by another try."""
    async with process(postgres_url, OLD) as (store, sealer):
        await write(store, sealer, "before", ROWS)
    gate = await asyncpg.connect(postgres_url)
    await gate.execute(GATED)
    await gate.execute(f"SELECT pg_advisory_lock({GATE})")

    killed = await asyncio.create_subprocess_exec(*_reindexing(), env=_settings(postgres_url))
    await _until(gate, AT_THE_GATE, killed)
    starting = asyncio.create_task(_start_and_write(postgres_url))
    await _until(gate, WAITS_FOR_THE_END, killed)
    killed.send_signal(signal.SIGKILL)
    await killed.wait()
    await gate.execute(f"SELECT pg_advisory_unlock({GATE})")

    assert await starting == ROWS + 5
    again = await asyncio.create_subprocess_exec(
        *_reindexing(), env=_settings(postgres_url), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await again.communicate()
    assert json.loads(told)["found"] == "DONE"
    async with process(postgres_url, NEW, OLD) as (store, sealer):
        await write(store, sealer, "after", 5)
        assert await all_hashed_by(store, AFTER) == ROWS + 10
    with pytest.raises(UnknownKeys):
        async with process(postgres_url, NEW):
            pass
    await gate.close()


async def _start_and_write(url: str) -> int:
    """A process that has the new key in its settings already."""
    async with process(url, NEW, OLD) as (store, sealer):
        await write(store, sealer, "beside", 5)
        return await all_hashed_by(store, BEFORE)


async def _until(conn: asyncpg.Connection, question: str, running: asyncio.subprocess.Process) -> None:
    while not await conn.fetchval(question):
        assert running.returncode is None
        await asyncio.sleep(0.01)


def _reindexing() -> tuple[str, ...]:
    return sys.executable, "-m", "services.cli", "--json", "keys", "reindex"


def _settings(url: str) -> dict[str, str]:
    told = {"QUANZU_DATABASE": url, "QUANZU_PRODUCTION": "false"}
    told["QUANZU_INDEX_KEY"] = ",".join(base64.b64encode(key).decode() for key in (NEW, OLD))
    return os.environ | told | {"QUANZU_MASTER_KEYS": base64.b64encode(MASTER).decode()}
