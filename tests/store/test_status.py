"""A responder's status on both databases: one row as it is now, one more for each change."""

from datetime import timedelta

from store_steps import NOW

from services.clock import MovedClock
from services.domain.actor import Actor
from services.domain.roster import Activity, Availability
from services.domain.words import Role
from services.store import status
from services.store.engine import Store

R1 = Actor(name="phone-1", role=Role.DEVICE, responder="R-1")
DESK = Actor(name="desk-1", role=Role.DESK, unit="P1")


async def test_a_status_is_who_said_what_when(store: Store) -> None:
    async with store.begin() as tx:
        await status.put(tx, "R-1", Availability.AVAILABLE, Activity.EN_ROUTE, by=R1)
        kept = await status.read(tx.conn)

    assert kept.keys() == {"R-1"}
    one = kept["R-1"]
    assert (one.availability, one.activity) == (Availability.AVAILABLE, Activity.EN_ROUTE)
    assert (one.changed_by, one.role, one.changed_at) == ("phone-1", Role.DEVICE, NOW)


async def test_who_can_not_be_sent_is_free_again_after_a_day(store: Store, clock: MovedClock) -> None:
    """Nobody else would ask somebody who forgot to say that they are back."""
    away, on_call, free = Availability.NOT_AVAILABLE, Availability.CONDITIONALLY_AVAILABLE, Availability.AVAILABLE
    async with store.begin() as tx:
        for code, said in {"R-1": away, "R-2": on_call, "R-3": free, "R-4": Availability.UNKNOWN}.items():
            await status.put(tx, code, said, None, by=DESK)
        assert await status.unfree(tx.conn, now=tx.now) == {"R-1": away, "R-2": on_call}
    clock.move_to(NOW + timedelta(hours=12))
    async with store.begin() as tx:
        await status.put(tx, "R-2", away, None, by=DESK)
        later = NOW + timedelta(hours=25)
        assert await status.unfree(tx.conn, now=later) == {"R-2": away}


async def test_only_a_change_is_written_down(store: Store, clock: MovedClock) -> None:
    """The same status again, by whomever, is no change; an activity that ends is one."""
    async with store.begin() as tx:
        await status.put(tx, "R-1", Availability.AVAILABLE, Activity.ON_SCENE, by=R1)
    clock.move_to(NOW + timedelta(minutes=1))
    async with store.begin() as tx:
        again = await status.put(tx, "R-1", Availability.AVAILABLE, Activity.ON_SCENE, by=DESK)
    clock.move_to(NOW + timedelta(minutes=2))
    async with store.begin() as tx:
        ended = await status.put(tx, "R-1", Availability.AVAILABLE, None, by=DESK)
        await status.put(tx, "R-1", Availability.AVAILABLE, None, by=DESK)
        await status.put(tx, "R-2", Availability.NOT_AVAILABLE, None, by=DESK)
        history = await status.changes(tx.conn, "R-1")

    assert (again.changed_by, again.changed_at) == ("phone-1", NOW)
    assert (ended.changed_by, ended.changed_at) == ("desk-1", NOW + timedelta(minutes=2))
    assert [(one.activity, one.changed_by) for one in history] == [(Activity.ON_SCENE, "phone-1"), (None, "desk-1")]
