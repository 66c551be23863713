"""Lanes: partitions shared out evenly, freed when their owner is dead, and never written by two."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from store_steps import TOPIC, count, opening, until

from services.clock import MovedClock
from services.store import intake, lanes, outbox
from services.store.engine import Store
from services.store.intake import Progress
from services.store.lanes import LaneOver

PARTITIONS = 5
FROZEN_AFTER = timedelta(seconds=2)


async def open_lane(store: Store, on: AsyncConnection | None = None) -> int:
    async with store.begin(on=on) as tx:
        lane_id = await lanes.open_lane(tx, topic=TOPIC, process="test")
        await lanes.know(tx, topic=TOPIC, partitions=PARTITIONS, incarnation="one")
    return lane_id


async def take(store: Store, lane_id: int, wanted: int = PARTITIONS) -> list[int]:
    async with store.begin() as tx:
        taken = await lanes.take(tx, topic=TOPIC, lane_id=lane_id, wanted=wanted)
    return [position.partition for position in taken]


async def owners(store: Store) -> list[int | None]:
    async with store.read() as conn:
        return [position.lane for position in await lanes.positions(conn, [TOPIC])]


async def end_dead(store: Store) -> list[int]:
    async with store.begin() as tx:
        return [one.id for one in await lanes.end_dead(tx, topics=[TOPIC], ours=[], frozen_after=FROZEN_AFTER)]


@pytest.fixture
async def connection(postgres_store: Store) -> AsyncIterator[AsyncConnection]:
    """A lane's own connection."""
    async with postgres_store.engine.connect() as connection:
        yield connection


def test_every_lane_has_its_even_share() -> None:
    for partitions in range(20):
        for count_ in range(1, 8):
            shares = [lanes.quota(partitions, list(range(count_)), lane) for lane in range(count_)]
            assert sum(shares) == partitions
            assert max(shares) - min(shares) <= 1


async def test_two_lanes_share_the_partitions(postgres_store: Store, connection: AsyncConnection) -> None:
    first = await open_lane(postgres_store, connection)
    assert await take(postgres_store, first) == [0, 1, 2, 3, 4]

    second = await open_lane(postgres_store)
    alive = [first, second]
    surplus = (await take_all(postgres_store, first))[lanes.quota(PARTITIONS, alive, first) :]
    async with postgres_store.begin() as tx:
        await lanes.release(tx, topic=TOPIC, lane_id=first, partitions=surplus)
    await take(postgres_store, second, lanes.quota(PARTITIONS, alive, second))

    assert await owners(postgres_store) == [first, first, first, second, second]


async def take_all(store: Store, lane_id: int) -> list[int]:
    return [number for number, owner in enumerate(await owners(store)) if owner == lane_id]


async def test_what_is_taken_says_where_it_stands(store: Store) -> None:
    """Whoever takes over reads on from there and asks nobody; one that was never read stands nowhere."""
    first = await open_lane(store)
    await take(store, first)
    async with store.begin() as tx:
        await lanes.start_at(tx, topic=TOPIC, lane_id=first, offsets={1: 40}, incarnation="one")
        await lanes.close_lane(tx, first)

    async with store.begin() as tx:
        second = await lanes.open_lane(tx, topic=TOPIC, process="test")
        taken = await lanes.take(tx, topic=TOPIC, lane_id=second, wanted=2)

    assert [(one.partition, one.next_offset, one.lane) for one in taken] == [(0, lanes.UNREAD, second), (1, 40, second)]
    assert [one.stands_in("one") for one in taken] == [False, True]
    assert not taken[1].stands_in("two")


async def test_nobody_takes_an_owned_partition(store: Store) -> None:
    first = await open_lane(store)
    await take(store, first)

    assert await take(store, first + 1) == []


async def test_nobody_releases_anothers_partition(store: Store) -> None:
    first = await open_lane(store)
    await take(store, first)

    async with store.begin() as tx:
        await lanes.release(tx, topic=TOPIC, lane_id=first + 1, partitions=[0, 1])

    assert await owners(store) == [first] * PARTITIONS


async def test_knowing_partitions_again_changes_nothing(store: Store) -> None:
    first = await open_lane(store)
    await take(store, first, 2)

    async with store.begin() as tx:
        await lanes.know(tx, topic=TOPIC, partitions=PARTITIONS + 1, incarnation="one")

    assert await owners(store) == [first, first, None, None, None, None]


async def test_a_lane_that_leaves_frees_everything(store: Store) -> None:
    first = await open_lane(store)
    await take(store, first)
    async with store.begin() as tx:
        progress = Progress(topic=TOPIC, lane=first, moved=[(0, lanes.UNREAD, 1)])
        await intake.write(tx, [opening("T-1")], progress)

    async with store.begin() as tx:
        await lanes.close_lane(tx, first)

    assert await owners(store) == [None] * PARTITIONS
    async with store.begin() as tx:
        assert len(await outbox.claim(tx, limit=9)) == 2
        await lanes.beat(tx, [first])
        assert await lanes.current(tx, [TOPIC]) == []  # a beat brings no lane back


async def test_a_new_lane_on_a_file_ends_the_old(sqlite_url: str, clock: MovedClock) -> None:
    """On SQLite there is one holder: whoever opens comes after a crash."""
    store = Store(sqlite_url, name="test")
    store.clock = clock
    first = await open_lane(store)
    await take(store, first)

    second = await open_lane(store)

    assert await owners(store) == [None] * PARTITIONS
    assert await take(store, second) == [0, 1, 2, 3, 4]
    await store.close()


async def test_a_living_lane_is_left_alone(postgres_store: Store, connection: AsyncConnection) -> None:
    first = await open_lane(postgres_store, connection)
    await take(postgres_store, first)

    assert await end_dead(postgres_store) == [first]
    assert await owners(postgres_store) == [first] * PARTITIONS


async def test_a_lane_without_its_connection_is_ended(postgres_store: Store) -> None:
    connection = await postgres_store.engine.connect()
    first = await open_lane(postgres_store, connection)
    await take(postgres_store, first)
    async with postgres_store.begin(on=connection) as tx:
        progress = Progress(topic=TOPIC, lane=first, moved=[(0, lanes.UNREAD, 1)])
        await intake.write(tx, [opening("T-1")], progress)
    await connection.invalidate()
    await connection.close()

    async def ended() -> bool:
        return not await end_dead(postgres_store)

    await until(ended)  # the server takes a moment to see it go

    assert await owners(postgres_store) == [None] * PARTITIONS
    async with postgres_store.begin() as tx:
        assert len(await outbox.claim(tx, limit=9)) == 2


async def test_a_frozen_lanes_later_write_is_refused(
    postgres_store: Store, connection: AsyncConnection, clock: MovedClock
) -> None:
    """Its backend is ended: what it holds is free at once and what it still sends never lands."""
    first = await open_lane(postgres_store, connection)
    await take(postgres_store, first)
    clock.advance(FROZEN_AFTER + timedelta(milliseconds=1))

    assert await end_dead(postgres_store) == []

    assert await owners(postgres_store) == [None] * PARTITIONS
    progress = Progress(topic=TOPIC, lane=first, moved=[(0, lanes.UNREAD, 1)])
    with pytest.raises(DBAPIError):
        async with postgres_store.begin(on=connection) as tx:
            await intake.write(tx, [opening("T-1")], progress)
    with pytest.raises(LaneOver):  # nor on a new connection
        async with postgres_store.begin() as tx:
            await intake.write(tx, [opening("T-1")], progress)
    assert await count(postgres_store, "cases") == 0


async def test_a_frozen_lanes_open_batch_is_not_waited_for(
    postgres_store: Store, connection: AsyncConnection, clock: MovedClock
) -> None:
    """It froze inside its transaction, with its position row locked."""
    first = await open_lane(postgres_store, connection)
    await take(postgres_store, first)
    progress = Progress(topic=TOPIC, lane=first, moved=[(0, lanes.UNREAD, 1)])

    async def freeze_in_a_batch() -> None:
        async with postgres_store.begin(on=connection) as tx:
            await intake.write(tx, [opening("T-1")], progress)
            clock.advance(FROZEN_AFTER + timedelta(milliseconds=1))
            assert await end_dead(postgres_store) == []

    with pytest.raises(DBAPIError):
        await freeze_in_a_batch()

    assert await owners(postgres_store) == [None] * PARTITIONS
    assert await count(postgres_store, "cases") == 0


async def test_a_beating_lane_is_not_frozen(
    postgres_store: Store, connection: AsyncConnection, clock: MovedClock
) -> None:
    first = await open_lane(postgres_store, connection)
    clock.advance(FROZEN_AFTER + timedelta(milliseconds=1))
    async with postgres_store.begin() as tx:
        await lanes.beat(tx, [first])

    assert await end_dead(postgres_store) == [first]


async def test_the_situation_changes_only_when_somebody_does(store: Store, clock: MovedClock) -> None:
    lane_id = await open_lane(store)

    async def seen() -> lanes.Situation:
        async with store.read() as conn:
            return await lanes.situation(conn, [TOPIC], alive_since=clock.now() - FROZEN_AFTER)

    quiet = await seen()
    assert await seen() == quiet
    await take(store, lane_id, wanted=1)
    owned = await seen()
    assert owned != quiet
    clock.move_to(clock.now() + timedelta(seconds=3))
    assert await seen() != owned  # its heart stands still
