"""A small batch as one statement of its own: everything of it, or nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from store_steps import NOW, TOPIC, count, ids, opening, write

from services.store import intake, lanes
from services.store.engine import Store
from services.store.intake import Often, Opening, Progress

TABLES = ("cases", "event", "outbox", "received")


@pytest.fixture
async def driver(postgres_store: Store) -> AsyncIterator[asyncpg.Connection]:
    """What lies under a lane's connection."""
    async with postgres_store.engine.connect() as connection:
        yield (await connection.get_raw_connection()).driver_connection


@pytest.fixture
async def lane(postgres_store: Store) -> int:
    """A lane that owns partition 0 from offset 10 on."""
    async with postgres_store.begin() as tx:
        lane_id = await lanes.open_lane(tx, topic=TOPIC, process="test")
        await lanes.know(tx, topic=TOPIC, partitions=1, incarnation="one")
        await lanes.take(tx, topic=TOPIC, lane_id=lane_id, wanted=1)
        await lanes.start_at(tx, topic=TOPIC, lane_id=lane_id, offsets={0: 10}, incarnation="one")
    return lane_id


def read(lane: int, *, first: int = 10, following: int) -> Progress:
    return Progress(topic=TOPIC, lane=lane, moved=[(0, first, following)])


async def state(store: Store) -> list[int]:
    """Rows by table, and where the partition stands."""
    async with store.read() as conn:
        offset = (await lanes.positions(conn, [TOPIC]))[0].next_offset
    return [*[await count(store, table) for table in TABLES], offset]


async def test_what_is_all_new_is_written_at_once(postgres_store: Store, driver: asyncpg.Connection, lane: int) -> None:
    new: list[Opening] = [opening("T-1"), opening("T-2")]

    written = await intake.write_alone(driver, new, read(lane, following=12), now=NOW)

    assert written is not None
    assert written.opened == ids(new)
    assert len(written.outbox_ids) == 4
    assert await state(postgres_store) == [2, 4, 4, 2, 12]


async def test_one_repeat_leaves_the_whole_batch_unwritten(
    postgres_store: Store, driver: asyncpg.Connection, lane: int
) -> None:
    await write(postgres_store, opening("T-1"))
    batch = [opening("T-1", ce_id="again"), opening("T-2")]

    assert await intake.write_alone(driver, batch, read(lane, following=12), now=NOW) is None

    assert await state(postgres_store) == [1, 2, 2, 1, 10]


async def test_a_lane_that_is_over_writes_nothing(postgres_store: Store, driver: asyncpg.Connection, lane: int) -> None:
    async with postgres_store.begin() as tx:
        await lanes.close_lane(tx, lane)

    assert await intake.write_alone(driver, [opening("T-1")], read(lane, following=11), now=NOW) is None

    assert await state(postgres_store) == [0, 0, 0, 0, 10]


async def test_a_position_that_moved_meanwhile_stops_the_batch(
    postgres_store: Store, driver: asyncpg.Connection, lane: int
) -> None:
    await intake.write_alone(driver, [opening("T-1")], read(lane, following=11), now=NOW)

    assert await intake.write_alone(driver, [opening("T-2")], read(lane, following=11), now=NOW) is None

    assert await state(postgres_store) == [1, 2, 2, 1, 11]


async def test_the_connection_serves_on_after_a_refusal(
    postgres_store: Store, driver: asyncpg.Connection, lane: int
) -> None:
    await intake.write_alone(driver, [opening("T-1")], read(lane, first=9, following=10), now=NOW)

    assert await intake.write_alone(driver, [opening("T-1")], read(lane, following=11), now=NOW) is not None

    assert await state(postgres_store) == [1, 2, 2, 1, 11]


async def test_no_batch_reads_all_records_ever_received(postgres_store: Store) -> None:
    """A lane's plan is made while there are few, known to be few, and stays while they grow."""
    await write(postgres_store, opening("T-1"))
    batch = [opening(f"T-{number}") for number in range(200)]
    often = Often(since=NOW - timedelta(days=30), before=2)
    given = intake.arguments_of(batch, Progress(topic=TOPIC, lane=1, moved=()), now=NOW, often=often)
    async with postgres_store.engine.connect() as conn:
        async with postgres_store.begin(on=conn) as tx:
            await intake.by_keys(tx)
        driver: Any = (await conn.get_raw_connection()).driver_connection
        await driver.execute("ANALYZE received")
        for kind in ("custom", "generic"):
            await driver.execute(f"SET plan_cache_mode = force_{kind}_plan")
            plan = [row[0] for row in await driver.fetch(f"EXPLAIN {intake.STATEMENT}", *given)]

            assert not any("Seq Scan on received" in line for line in plan), plan
            assert sum("Index Cond: ((source = n.source)" in line for line in plan) == 1, plan
            assert sum("Index Cond: ((subject_key = o_3.subject_key)" in line for line in plan) == 1, plan
        await conn.invalidate()
