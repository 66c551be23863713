"""Who owns a partition, decided by PostgreSQL also where two decide at once."""

from router_steps import Centre

from schemas.topics import WARNING_ISSUED
from services.store import lanes


async def test_a_lane_that_ends_meanwhile_takes_no_partition(centre: Centre) -> None:
    """The watch looks, the lane closes, the watch goes on: what it took would never be free again."""
    async with centre.store.begin() as tx:
        await lanes.know(tx, topic=WARNING_ISSUED, partitions=2, incarnation="test")
        lane_id = await lanes.open_lane(tx, topic=WARNING_ISSUED, process="test/1")

    async with centre.store.begin() as watch:
        assert [known.id for known in await lanes.current(watch, WARNING_ISSUED)] == [lane_id]
        async with centre.store.begin() as closing:
            await lanes.close_lane(closing, lane_id)
        assert await lanes.take(watch, topic=WARNING_ISSUED, lane_id=lane_id, wanted=2) == []

    async with centre.store.read() as conn:
        assert [position.lane for position in await lanes.positions(conn, WARNING_ISSUED)] == [None, None]
