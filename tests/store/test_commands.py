"""Idempotency keys: the same command again gets the first answer, for seven days."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from store_steps import count, opening, remembered, stored, until, write

from services.clock import MovedClock
from services.domain.refusals import KeyReused
from services.store import commands, locking
from services.store.engine import Store

SAME, OTHER = b"1" * 32, b"2" * 32


async def answer(store: Store) -> commands.Answer:
    await write(store, opening("T-1"))
    case = (await stored(store, "T-1")).case
    async with store.begin() as tx:
        return await remembered(tx, case, fingerprint=SAME)


async def test_the_same_key_gives_the_first_answer(store: Store, clock: MovedClock) -> None:
    first = await answer(store)
    clock.advance(timedelta(minutes=5))

    async with store.begin() as tx:
        assert await commands.answered(tx, actor="a", key="k", fingerprint=SAME) == first


async def test_a_key_belongs_to_one_actor(store: Store) -> None:
    await answer(store)

    async with store.begin() as tx:
        assert await commands.answered(tx, actor="b", key="k", fingerprint=SAME) is None


async def test_a_key_for_another_command_is_refused(store: Store) -> None:
    await answer(store)

    async with store.begin() as tx:
        with pytest.raises(KeyReused):
            await commands.answered(tx, actor="a", key="k", fingerprint=OTHER)


async def test_who_waited_for_a_case_sees_what_was_done(store: Store) -> None:
    """The same command twice at once: the second asks while the first holds the case, and must find its answer."""
    await write(store, opening("T-1"))
    case = (await stored(store, "T-1")).case

    async def begun() -> locking.Held | None:
        async with store.begin() as tx:
            return await locking.hold(tx, case.case_id, scope=None, actor="a", key="k", with_beside=True)

    async with store.begin() as tx:
        alone = await locking.hold(tx, case.case_id, scope=None, actor="a", key="k", with_beside=True)
        second = asyncio.create_task(begun())
        await until(lambda: _somebody_waits(store))
        first = await remembered(tx, replace(case, version=case.version + 1), fingerprint=SAME)
    held = await second

    assert alone is not None
    assert (alone.done, alone.beside) == (None, [])
    assert held is not None
    assert held.done is not None
    assert held.done.answer_to(SAME) == first
    assert held.stored.case.version == case.version + 1


async def _somebody_waits(store: Store) -> bool:
    if not store.postgres:  # its one writer is waited for in this process
        return True
    async with store.read() as conn:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool((await conn.execute(text(waiting))).scalar())


@pytest.mark.parametrize(("days", "left"), [(7, 1), (7.01, 0)])
async def test_keys_are_kept_for_seven_days(store: Store, clock: MovedClock, days: float, left: int) -> None:
    await answer(store)
    clock.advance(timedelta(days=days))

    async with store.begin() as tx:
        assert await commands.forget_old(tx) == 1 - left

    assert await count(store, "command") == left
