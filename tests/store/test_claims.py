"""Due cases: each fires once, never early, never forgotten, however many claim."""

import asyncio
from collections import Counter
from datetime import datetime

import pytest
from sqlalchemy import select, update
from store_steps import NOW, WARNING, context, count, minutes, opening, rolled_back, stored, write

from services.clock import MovedClock
from services.domain.states import Action, State
from services.domain.words import Risk
from services.handlers.context import Context
from services.handlers.deadline import Fired, fire_due
from services.store import deadlines, tables
from services.store.engine import Store

MANY = 60
# Nobody ever answers: three responders are asked in turn while the hour passes.
EXPECTED = (
    ("AT_RISK", "ACK 1"),
    ("BREACH", "ACK 1"),
    ("BREACH", "ACK 2"),
    ("BREACH", "ACK 3"),
    ("AT_RISK", "TOTAL 1"),
    ("BREACH", "TOTAL 1"),
)


async def fire(store: Store, settled_with: Context, limit: int = 500) -> Fired:
    async with store.begin() as tx:
        return await fire_due(tx, settled_with, limit=limit)


async def fire_all(store: Store, settled_with: Context, *, limit: int) -> None:
    """What a timekeeper does until nothing is left; rows that another holds are looked for again."""
    while True:
        fired = await fire(store, settled_with, limit)
        if not fired.changes:
            async with store.read() as conn:
                at = await deadlines.earliest(conn)
            assert store.clock is not None
            if at is None or at > store.clock.now():
                return
            await asyncio.sleep(0)


async def marks(store: Store) -> Counter[tuple[int, str, str]]:
    """How often each limit of each case was marked."""
    async with store.read() as conn:
        rows = await conn.execute(
            select(tables.event).where(tables.event.c.action.in_([Action.AT_RISK, Action.BREACH]))
        )
        return Counter((row.case_id, row.action, f"{row.detail['timer']} {row.detail['round']}") for row in rows)


async def due_times(store: Store, action: Action) -> list[tuple[datetime, float]]:
    async with store.read() as conn:
        question = select(tables.event).where(tables.event.c.action == action).order_by(tables.event.c.id)
        return [(row.at, row.detail["late_s"]) for row in await conn.execute(question)]


async def test_nothing_fires_early(store: Store, clock: MovedClock) -> None:
    await write(store, opening("T-1"))
    at_risk = NOW + minutes(3 * 0.75)
    clock.move_to(at_risk - minutes(1 / 60e6))  # a microsecond

    assert (await fire(store, context("R1"))).changes == ()

    clock.move_to(at_risk)
    (change,) = (await fire(store, context("R1"))).changes
    assert [fact.action for fact in change.facts] == [Action.AT_RISK]


async def test_what_has_fired_does_not_fire_again(store: Store, clock: MovedClock) -> None:
    await write(store, opening("T-1"))
    clock.advance(minutes(2.5))
    await fire(store, context("R1"))

    assert (await fire(store, context("R1"))).changes == ()


async def test_an_unanswered_case_goes_to_the_next(store: Store, clock: MovedClock) -> None:
    await write(store, opening("T-1"))
    clock.advance(minutes(3))

    (change,) = (await fire(store, context("R1", "R2"))).changes

    assert [fact.action for fact in change.facts] == [Action.BREACH, Action.EXPIRE, Action.ASSIGN]
    after = (await stored(store, "T-1")).case
    assert (after.state, after.responder, after.tried) == (State.ASSIGNED, "R2", ("R1",))
    assert await count(store, "outbox") == 4  # of the opening two, of this two


async def test_a_case_that_nobody_can_take_waits_at_the_centre(store: Store, clock: MovedClock) -> None:
    await write(store, opening("T-1"))
    clock.advance(minutes(3))

    await fire(store, context("R1"))

    after = (await stored(store, "T-1")).case
    assert (after.state, after.responder) == (State.PENDING, None)


async def test_the_earliest_due_time_is_found(store: Store) -> None:
    async with store.read() as conn:
        assert await deadlines.earliest(conn) is None
    await write(store, opening("T-1", risk=Risk.LOW), opening("T-2", risk=Risk.URGENT))

    async with store.read() as conn:
        assert await deadlines.earliest(conn) == NOW + minutes(2 * 0.75)


async def test_a_claim_that_dies_is_claimed_again(store: Store, clock: MovedClock) -> None:
    await write(store, opening("T-1"))
    clock.advance(minutes(3))
    async with rolled_back(store) as tx:
        lost = await fire_due(tx, context("R1", "R2"))

    found = await fire(store, context("R1", "R2"))

    assert found.changes == lost.changes
    assert set((await marks(store)).values()) == {1}


async def test_a_held_case_does_not_stop_the_others(postgres_store: Store, clock: MovedClock) -> None:
    await write(postgres_store, opening("T-1"), opening("T-2"))
    clock.advance(minutes(3))

    async with postgres_store.begin() as tx:
        (held,) = await deadlines.claim_due(tx, limit=1)
        (change,) = (await fire(postgres_store, context("R1", "R2"))).changes

    assert change.case.id != held.id


@pytest.mark.parametrize("keepers", [1, 3])
async def test_one_timekeeper_and_three_do_the_same(postgres_store: Store, clock: MovedClock, keepers: int) -> None:
    """Small claims, so that they meet; every mark of every case once, whoever settled it."""
    await write(postgres_store, *(opening(f"T-{number}") for number in range(MANY)))

    for span in (2.25, 0.75, 45, 20):
        clock.advance(minutes(span))
        await asyncio.gather(*(fire_all(postgres_store, context("R1", "R2", "R3"), limit=7) for _ in range(keepers)))

    fired = await marks(postgres_store)
    assert set(fired.values()) == {1}
    assert Counter((action, timer) for _, action, timer in fired) == dict.fromkeys(EXPECTED, MANY)


async def test_missed_ones_fire_once_oldest_first_and_late(store: Store, clock: MovedClock) -> None:
    """Nobody kept the time for half an hour."""
    for number in range(10):
        await write(store, opening(f"T-{number}", now=clock.now()))
        clock.advance(minutes(0.1))
    clock.move_to(NOW + minutes(30))

    first = await fire(store, context("R1", "R2"), limit=4)
    rest = await fire(store, context("R1", "R2"))

    order = [change.case.instruction_number for change in (*first.changes, *rest.changes)]
    assert order == [f"T-{number}" for number in range(10)]
    assert [first.full, rest.full] == [True, False]
    breaches = await due_times(store, Action.BREACH)
    assert len(breaches) == 10
    for at, late_s in breaches:
        assert late_s == pytest.approx((clock.now() - at).total_seconds(), abs=0.001)
    assert await due_times(store, Action.AT_RISK) == []  # what is over needs no warning that it might be


async def test_a_case_that_fails_holds_up_no_other(store: Store, clock: MovedClock) -> None:
    """Its sealed warning does not open, so nobody can be told whom to find; it is tried again a minute later."""
    await write(store, opening("T-1"), opening("T-2"))
    async with store.begin() as tx:
        broken = tables.cases.c.instruction_number == "T-1"
        await tx.conn.execute(update(tables.cases).where(broken).values(sealed=WARNING))
    clock.advance(minutes(3))

    fired = await fire(store, context("R1", "R2"))

    assert (len(fired.changes), fired.failed) == (1, 1)
    assert (await fire(store, context("R1", "R2"))).failed == 0
    whole = await stored(store, "T-2")
    async with store.begin() as tx:
        await tx.conn.execute(update(tables.cases).where(broken).values(sealed=None, wrapped_key=None))
    clock.advance(minutes(1))
    (change,) = (await fire(store, context("R1", "R2"))).changes
    assert change.case.instruction_number == "T-1"
    assert change.facts[0].at == whole.case.issued_at + minutes(3)
    assert change.facts[0].detail["late_s"] == 60


async def test_a_due_time_without_a_limit_is_mended(store: Store, clock: MovedClock) -> None:
    """The column says due, the limits say not yet: look when they say."""
    await write(store, opening("T-1"))
    async with store.begin() as tx:
        await tx.conn.execute(update(tables.cases).values(next_due_at=NOW))

    assert (await fire(store, context("R1"))).changes == ()

    async with store.read() as conn:
        assert await deadlines.earliest(conn) == NOW + minutes(3 * 0.75)
