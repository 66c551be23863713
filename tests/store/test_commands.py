"""Idempotency keys: the same command again gets the first answer, for seven days."""

from datetime import timedelta

import pytest
from store_steps import count, opening, remembered, stored, write

from services.clock import MovedClock
from services.domain.refusals import KeyReused
from services.store import commands
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


@pytest.mark.parametrize(("days", "left"), [(7, 1), (7.01, 0)])
async def test_keys_are_kept_for_seven_days(store: Store, clock: MovedClock, days: float, left: int) -> None:
    await answer(store)
    clock.advance(timedelta(days=days))

    async with store.begin() as tx:
        assert await commands.forget_old(tx) == 1 - left

    assert await count(store, "command") == left
