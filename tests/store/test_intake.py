"""The write of a batch: all or nothing, each warning once, positions only moved by their owner."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select
from store_steps import FREE_LANE, NOW, SOURCE, TOPIC, count, ids, nothing_moved, opening, stored, write

from services.domain.words import Mode
from services.store import intake, lanes, outbox, tables
from services.store.engine import Store
from services.store.intake import Progress
from services.store.lanes import LaneOver

SUBJECT = b"somebody"


@pytest.fixture
async def lane(store: Store) -> int:
    """A lane that owns partition 0 from offset 10 on."""
    async with store.begin() as tx:
        lane_id = await lanes.open_lane(tx, topic=TOPIC, process="test")
        await lanes.know(tx, topic=TOPIC, partitions=2, incarnation="one")
        await lanes.take(tx, topic=TOPIC, lane_id=lane_id, wanted=1)
        await lanes.start_at(tx, topic=TOPIC, lane_id=lane_id, offsets={0: 10}, incarnation="one")
    return lane_id


async def next_offset(store: Store) -> int:
    async with store.read() as conn:
        return (await lanes.positions(conn, [TOPIC]))[0].next_offset


async def test_a_case_comes_with_events_messages_and_key(store: Store) -> None:
    one = opening("T-1")

    written = await write(store, one)

    assert written.opened == ids([one])
    assert (await stored(store, "T-1")).case.timers == one.change.case.timers
    assert [await count(store, table) for table in ("cases", "event", "outbox", "received")] == [1, 2, 2, 1]
    async with store.begin() as tx:
        rows = (await tx.conn.execute(select(tables.outbox).order_by(tables.outbox.c.id))).all()
    assert tuple(row.id for row in rows) == tuple(sorted(written.outbox_ids))
    assert {row.writer for row in rows} == {FREE_LANE}
    assert {row.ce_id for row in rows} == {message.ce_id for message in one.messages}


async def test_the_same_instruction_twice_opens_one_case(store: Store) -> None:
    await write(store, opening("T-1"))

    written = await write(store, opening("T-1", ce_id="another"))

    assert written.opened == frozenset()
    assert [await count(store, table) for table in ("cases", "event", "outbox", "received")] == [1, 2, 2, 1]


async def test_a_redelivered_event_has_no_effect(store: Store) -> None:
    """Even where the record claims another instruction number."""
    await write(store, opening("T-1", ce_id="once"))

    written = await write(store, opening("T-2", ce_id="once"))

    assert written.opened == frozenset()
    assert await count(store, "cases") == 1
    async with store.begin() as tx:
        assert await intake.redelivered(tx, [(SOURCE, "once"), (SOURCE, "new")]) == {(SOURCE, "once")}


async def test_one_batch_opens_only_what_is_new(store: Store) -> None:
    await write(store, opening("T-1"))
    new = opening("T-2")

    written = await write(store, opening("T-1", ce_id="again"), new)

    assert written.opened == ids([new])
    assert len(written.outbox_ids) == len(new.messages)


async def test_one_subject_has_one_open_case(store: Store) -> None:
    await write(store, opening("T-1", subject_key=SUBJECT))

    written = await write(store, opening("T-2", subject_key=SUBJECT))

    assert written.opened == frozenset()


async def test_an_exercise_stands_in_no_warnings_way(store: Store) -> None:
    await write(store, opening("T-1", subject_key=SUBJECT, mode=Mode.EXERCISE))

    written = await write(store, opening("T-2", subject_key=SUBJECT))

    assert len(written.opened) == 1


async def test_a_subject_without_a_key_stands_in_nobodys_way(store: Store) -> None:
    written = await write(store, opening("T-1"), opening("T-2"))

    assert len(written.opened) == 2


async def test_two_openings_of_one_subject_make_one_case(postgres_store: Store) -> None:
    """Two real connections, both past every look that they could take first."""
    opened: list[frozenset[UUID]] = []
    ready = asyncio.Barrier(2)

    async def open_one(number: str) -> None:
        async with postgres_store.begin() as tx:
            await ready.wait()
            opened.append((await intake.write(tx, [opening(number, subject_key=SUBJECT)], nothing_moved())).opened)

    await asyncio.gather(open_one("T-1"), open_one("T-2"))

    assert sorted(len(one) for one in opened) == [0, 1]
    assert await count(postgres_store, "cases") == 1


async def test_positions_move_with_their_cases(store: Store, lane: int) -> None:
    async with store.begin() as tx:
        await intake.write(tx, [opening("T-1")], Progress(topic=TOPIC, lane=lane, moved=[(0, 10, 12)]))

    assert await next_offset(store) == 12


@pytest.mark.parametrize("moved", [[(0, 9, 12)], [(1, -1, 3)], [(0, 10, 12), (1, -1, 3)], [(7, 0, 1)]])
async def test_a_position_of_another_writes_nothing(store: Store, lane: int, moved: list[tuple[int, int, int]]) -> None:
    """Somebody else moved it, or owns it, or it does not exist."""
    with pytest.raises(LaneOver):
        async with store.begin() as tx:
            await intake.write(tx, [opening("T-1")], Progress(topic=TOPIC, lane=lane, moved=moved))

    assert await next_offset(store) == 10
    assert [await count(store, table) for table in ("cases", "event", "outbox", "received")] == [0, 0, 0, 0]


async def test_a_lane_without_the_partition_writes_nothing(store: Store, lane: int) -> None:
    progress = Progress(topic=TOPIC, lane=lane + 1, moved=[(0, 10, 12)])

    with pytest.raises(LaneOver):
        async with store.begin() as tx:
            await intake.write(tx, [opening("T-1")], progress)

    assert await count(store, "cases") == 0


async def test_confirmed_messages_go_with_the_next_batch(store: Store) -> None:
    first = await write(store, opening("T-1"))

    async with store.begin() as tx:
        progress = Progress(topic=TOPIC, lane=FREE_LANE, moved=(), confirmed=first.outbox_ids)
        second = await intake.write(tx, [opening("T-2")], progress)

    async with store.begin() as tx:
        left = (await tx.conn.execute(select(tables.outbox.c.id))).scalars().all()
    assert set(left) == set(second.outbox_ids)


async def test_five_hundred_warnings_are_one_write(store: Store, lane: int) -> None:
    batch = [opening(f"T-{number}") for number in range(500)]

    async with store.begin() as tx:
        written = await intake.write(tx, batch, Progress(topic=TOPIC, lane=lane, moved=[(0, 10, 510)]))

    assert written.opened == ids(batch)
    assert len(written.outbox_ids) == len(set(written.outbox_ids)) == 1000
    assert [await count(store, table) for table in ("cases", "event", "received")] == [500, 1000, 500]
    assert (await stored(store, "T-499")).case.received_at == NOW
    async with store.read() as conn:
        assert await outbox.count(conn) == 1000
