"""Who owns a partition, decided by PostgreSQL also where two decide at once."""

import json

from router_steps import Centre, event

from schemas.topics import WARNING_ISSUED
from services.broker.producer import Sender
from services.router.lane import Lane
from services.store import lanes, tables
from services.wiring import opened


async def test_a_lane_that_ends_meanwhile_takes_no_partition(centre: Centre) -> None:
    """The watch looks, the lane closes, the watch goes on: what it took would never be free again."""
    async with centre.store.begin() as tx:
        await lanes.know(tx, topic=WARNING_ISSUED, partitions=2, incarnation="test")
        lane_id = await lanes.open_lane(tx, topic=WARNING_ISSUED, process="test/1")

    async with centre.store.begin() as watch:
        assert [known.id for known in await lanes.current(watch, [WARNING_ISSUED])] == [lane_id]
        async with centre.store.begin() as closing:
            await lanes.close_lane(closing, lane_id)
        assert await lanes.take(watch, topic=WARNING_ISSUED, lane_id=lane_id, wanted=2) == []

    async with centre.store.read() as conn:
        assert [position.lane for position in await lanes.positions(conn, [WARNING_ISSUED])] == [None, None]


async def test_two_lanes_with_the_same_people_do_not_wait_in_a_ring(centre: Centre) -> None:
    """Two sources warn of the same people at the same time, one in the opposite order."""
    warnings = [centre.warning() for _ in range(600)]
    again = [warning | {"instruction_number": f"{warning['instruction_number']}-B"} for warning in reversed(warnings)]
    for partition, some in ((0, warnings), (11, again)):
        await centre.put([event(json.dumps(one).encode()) for one in some], partition=partition)
    async with centre.router():
        await centre.count(tables.received, 1_200, within=10)

    assert sum(row.repeat_count for row in await centre.count(tables.cases, 600)) == 600


async def test_a_lane_gains_only_what_is_its_own(centre: Centre) -> None:
    """The watch is told of a moment ago: by now the lane reads it, or has begun again as another."""
    async with opened(centre.settings, name="router") as parts:
        lane = Lane(parts, WARNING_ISSUED, Sender(parts.broker), name="test/1")
        lane.id, lane.owned = 2, {0: 40}
        taken = [
            lanes.Position(topic=WARNING_ISSUED, partition=number, incarnation="test", next_offset=10, lane=2)
            for number in (0, 1)
        ]

        lane.gain(1, taken)
        assert lane.gained == {}
        lane.gain(2, taken)
        assert lane.gained == {1: taken[1]}
