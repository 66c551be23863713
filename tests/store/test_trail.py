"""The trail of positions on both databases: sealed, read by one, forgotten after a day, written by one."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from store_steps import NOW

from services.clock import MovedClock
from services.domain.fix import Fix
from services.handlers import trail as trails
from services.store import tables, trail
from services.store.engine import Store
from services.store.sealing import CannotOpen, Sealer
from services.store.trail import KEPT, Stretch

SEALER = Sealer([b"m" * 32], b"i" * 32)
AT_S = NOW.timestamp()


def walked(responder: str, *fixes: Fix) -> trails.Gathered:
    waiting = trails.Waiting()
    for fix in fixes:
        waiting.add(responder, fix, now_s=AT_S)
    return waiting.all()


async def test_a_trail_comes_back_as_it_was_walked(store: Store, clock: MovedClock) -> None:
    first, second, third = (Fix(AT_S + step, 19.0 + step, 131.0, 8.0) for step in (1, 2, 90))
    async with store.begin() as tx:
        await trails.store(tx, SEALER, walked("R-1", second, first) | walked("R-2", third))
    clock.move_to(NOW + timedelta(minutes=2))
    async with store.begin() as tx:
        await trails.store(tx, SEALER, walked("R-1", third))

    async with store.read() as conn:
        kept = await trail.of(conn, "R-1", since=NOW)
        later = await trail.of(conn, "R-1", since=NOW + timedelta(minutes=1))

    assert trails.opened(SEALER, kept) == [first, second, third]
    assert trails.opened(SEALER, later) == [third]


async def test_no_position_is_stored_in_the_clear(store: Store) -> None:
    async with store.begin() as tx:
        await trails.store(tx, SEALER, walked("R-1", Fix(AT_S, 19.123456, 131.654321)))

    async with store.read() as conn:
        (row,) = (await conn.execute(select(tables.trail))).all()

    assert b"19.12" not in row.sealed
    assert b"131.65" not in row.sealed
    moved = Stretch(responder="R-2", stored_at=row.stored_at, wrapped_key=row.wrapped_key, sealed=row.sealed)
    with pytest.raises(CannotOpen):
        trails.opened(SEALER, [moved])


async def test_a_trail_is_forgotten_after_a_day(store: Store, clock: MovedClock) -> None:
    for hours in (0, 23, 25):
        clock.move_to(NOW + timedelta(hours=hours))
        async with store.begin() as tx:
            await trails.store(tx, SEALER, walked("R-1", Fix(AT_S + hours, 19.0, 131.0)))

    async with store.begin() as tx:
        forgotten = await trail.forget_old(tx)
        kept = await trail.of(tx.conn, "R-1", since=NOW)

    assert forgotten == 1
    assert [one.stored_at for one in kept] == [NOW + timedelta(hours=23), NOW + timedelta(hours=25)]
    assert all(tx.now - one.stored_at <= KEPT for one in kept)


async def test_nothing_that_waits_stores_nothing(store: Store) -> None:
    async with store.begin() as tx:
        await trails.store(tx, SEALER, {})
        assert await trail.count(tx.conn) == 0


async def test_one_connection_writes_until_it_is_gone(postgres_store: Store) -> None:
    first, second = await postgres_store.engine.connect(), await postgres_store.engine.connect()
    async with postgres_store.begin(on=first) as tx:
        assert await trail.may_write(tx)
    async with postgres_store.begin(on=second) as tx:
        assert not await trail.may_write(tx)

    await first.invalidate()
    await first.close()

    async with postgres_store.begin(on=second) as tx:
        assert await trail.may_write(tx)
    await second.invalidate()
    await second.close()
