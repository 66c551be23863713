"""Handovers: one list for each change of shift, however many look for it."""

import asyncio
from datetime import timedelta

from sqlalchemy import insert
from store_steps import NOW, UNIT, count, opening, write

from services.clock import MovedClock
from services.handlers.handover import open_due
from services.store import handovers, tables
from services.store.engine import Store

LOOKED_BACK = timedelta(hours=1)


async def staffed(store: Store) -> None:
    """R1 until an hour from now, then R2; R3 over the change."""
    change = NOW + timedelta(hours=1)
    spans = {"R1": (NOW, change), "R2": (change, change + timedelta(hours=8)), "R3": (NOW, change)}
    async with store.begin() as tx:
        for who, (starts_at, ends_at) in spans.items():
            row = {"code": who, "unit": UNIT, "name": "测试", "grade": "officer", "post_lat": 19.0, "post_lon": 131.0}
            await tx.conn.execute(insert(tables.responder).values(**row))
            await tx.conn.execute(
                insert(tables.duty).values(responder=who, starts_at=starts_at, ends_at=ends_at, unit=UNIT)
            )
        stays = {"responder": "R3", "starts_at": change, "ends_at": change + timedelta(hours=8), "unit": UNIT}
        await tx.conn.execute(insert(tables.duty).values(**stays))


async def look(store: Store) -> int:
    async with store.begin() as tx:
        return await open_due(tx, tx.now - LOOKED_BACK)


async def test_two_who_look_at_once_write_one_list(postgres_store: Store, clock: MovedClock) -> None:
    await staffed(postgres_store)
    await write(postgres_store, opening("T-1"))
    clock.advance(timedelta(hours=1))

    assert sum(await asyncio.gather(*(look(postgres_store) for _ in range(4)))) == 1
    assert await count(postgres_store, "handover") == 1


async def test_who_goes_on_is_neither_going_nor_coming(store: Store, clock: MovedClock) -> None:
    await staffed(store)
    await write(store, opening("T-1"))
    assert await look(store) == 0
    clock.advance(timedelta(hours=1))

    assert await look(store) == 1

    async with store.read() as conn:
        (listed,) = await handovers.page(conn, unit=UNIT, before=None, limit=10, unaccepted=True)
        assert await handovers.unaccepted(conn, before=clock.now()) == {UNIT: 1}
    assert (listed.going, listed.coming) == (["R1"], ["R2"])


async def test_a_case_after_the_change_is_not_in_its_list(store: Store, clock: MovedClock) -> None:
    await staffed(store)
    clock.advance(timedelta(hours=1, minutes=1))
    await write(store, opening("T-1", now=clock.now()))

    assert await look(store) == 0
