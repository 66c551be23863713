"""The outbox: claimed once, forgotten when the broker has it, adopted when its lane is over."""

import asyncio
from datetime import timedelta

from store_steps import FREE_LANE, count, opening, rolled_back, write

from services.clock import MovedClock
from services.store import outbox
from services.store.engine import Store
from services.store.outbox import Message
from services.store.signals import Signal


def message(number: int) -> Message:
    return Message(ce_id=f"ce-{number}", ce_type="test", topic="test.out", key=f"k{number}", value=b"{}")


async def leave(store: Store, *numbers: int) -> None:
    async with store.begin() as tx:
        await outbox.add(tx, [message(number) for number in numbers])


async def test_messages_are_claimed_oldest_first(store: Store) -> None:
    await leave(store, 1, 2, 3)

    async with store.begin() as tx:
        claimed = await outbox.claim(tx, limit=2)

    assert [one.message for one in claimed] == [message(1), message(2)]


async def test_a_forgotten_message_is_gone(store: Store) -> None:
    await leave(store, 1, 2)
    async with store.begin() as tx:
        first, _ = await outbox.claim(tx, limit=2)
        await outbox.forget(tx, [first.id])

    async with store.begin() as tx:
        assert [one.message.ce_id for one in await outbox.claim(tx, limit=9)] == ["ce-2"]


async def test_a_claim_that_dies_is_free_again(store: Store) -> None:
    await leave(store, 1)
    async with rolled_back(store) as tx:
        (lost,) = await outbox.claim(tx, limit=9)
        await outbox.forget(tx, [lost.id])

    async with store.begin() as tx:
        assert await outbox.claim(tx, limit=9) == [lost]


async def test_a_claim_skips_what_another_holds(postgres_store: Store) -> None:
    await leave(postgres_store, 1, 2, 3)

    async with postgres_store.begin() as one, postgres_store.begin() as other:
        first = await outbox.claim(one, limit=2)
        second = await outbox.claim(other, limit=9)

    assert [len(first), len(second)] == [2, 1]
    assert {row.id for row in first}.isdisjoint(row.id for row in second)


async def test_a_lanes_messages_are_its_own_at_first(store: Store, clock: MovedClock) -> None:
    await write(store, opening("T-1"))

    async with store.begin() as tx:
        assert await outbox.claim(tx, limit=9) == []
        assert await outbox.claim(tx, limit=9, older_than=timedelta(seconds=5)) == []
    clock.advance(timedelta(seconds=5))
    async with store.begin() as tx:
        assert len(await outbox.claim(tx, limit=9, older_than=timedelta(seconds=5))) == 2


async def test_a_dead_lanes_messages_go_to_the_relay(store: Store) -> None:
    await write(store, opening("T-1"))

    async with store.begin() as tx:
        assert await outbox.adopt(tx, [FREE_LANE]) == 2

    async with store.begin() as tx:
        assert len(await outbox.claim(tx, limit=9)) == 2


async def test_rows_left_out_stay_where_they_are(store: Store) -> None:
    await leave(store, 1, 2)
    async with store.begin() as tx:
        first, second = await outbox.claim(tx, limit=9)

    async with store.begin() as tx:
        assert await outbox.claim(tx, limit=9, without={first.id}) == [second]

    assert await count(store, "outbox") == 2


async def test_how_much_waits_and_since_when(store: Store, clock: MovedClock) -> None:
    async with store.read() as conn:
        assert (await outbox.count(conn), await outbox.oldest(conn)) == (0, None)
    began = clock.now()
    await leave(store, 1)
    clock.advance(timedelta(seconds=9))
    await leave(store, 2)

    async with store.read() as conn:
        assert (await outbox.count(conn), await outbox.oldest(conn)) == (2, began)


async def test_a_committed_message_wakes_the_relay(store: Store) -> None:
    await store.signals.wait(Signal.OUTBOX, seconds=0)  # from here on it listens

    await leave(store, 1)

    async with asyncio.timeout(5):
        await store.signals.wait(Signal.OUTBOX, seconds=60)


async def test_a_rolled_back_message_wakes_nobody(store: Store) -> None:
    await store.signals.wait(Signal.OUTBOX, seconds=0)
    async with rolled_back(store) as tx:
        await outbox.add(tx, [message(1)])

    waiting = asyncio.create_task(store.signals.wait(Signal.OUTBOX, seconds=60))
    done, _ = await asyncio.wait({waiting}, timeout=0.1)

    waiting.cancel()
    assert not done


async def test_many_waiters_share_one_listener(postgres_store: Store) -> None:
    signals = postgres_store.signals

    await asyncio.gather(*(signals.wait(signal, seconds=0.01) for signal in Signal))

    async with postgres_store.read() as conn:
        listening = await conn.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
        )
        assert listening.scalar_one() == 1


async def test_a_cancelled_waiter_leaves_no_deaf_listener(postgres_store: Store) -> None:
    """Cancelled at any step of its connecting, the next waiter still hears."""
    signals = postgres_store.signals
    for milliseconds in range(12):
        waiting = asyncio.create_task(signals.wait(Signal.OUTBOX, seconds=60))
        await asyncio.wait({waiting}, timeout=milliseconds / 1000)
        waiting.cancel()
        await asyncio.wait({waiting})
    await signals.wait(Signal.OUTBOX, seconds=0)

    await leave(postgres_store, 1)

    async with asyncio.timeout(5):
        await signals.wait(Signal.OUTBOX, seconds=60)
