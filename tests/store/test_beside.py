"""What is beside a case, on both databases: saved with it or not at all, due once, its money right to the fen (I8)."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from store_steps import NOW, SEALER, context, count, minutes, opening, rolled_back, stored, write

from schemas.stop_payment import StopPaymentResolved
from services.clock import MovedClock
from services.domain.actor import Actor
from services.domain.refusals import Refused
from services.domain.stop_order import EntryKind, adds_up
from services.domain.stopping import order_id_for
from services.domain.words import Role
from services.handlers.acknowledge import acknowledge
from services.handlers.command import Command
from services.handlers.deadline import fire_due
from services.handlers.stop_payment import Payment, request_stop
from services.handlers.stop_receipt import receive
from services.store import beside, deadlines, tables
from services.store.engine import Store

R1 = Actor(name="R1", role=Role.RESPONDER, unit="990102", responder="R1")
PAYMENT = Payment(
    payee_name="测试乙", account="TEST00000001", bank="虚构银行", amount_fen=1000, transferred_at=NOW - minutes(1)
)
HOUR = timedelta(hours=1)


async def asked(store: Store, number: str) -> UUID:
    """A case of R1 with one stop order; returns the order."""
    await write(store, opening(number))
    case_id = (await stored(store, number)).case.case_id
    async with store.begin() as tx:
        await acknowledge(tx, context("R1"), Command(name="a", case_id=case_id, key=f"a{number}", turn=None), by=R1)
        command = Command(name="s", case_id=case_id, key=f"s{number}", turn=None)
        await request_stop(tx, context("R1"), command, by=R1, payment=PAYMENT)
    return order_id_for(case_id, 1)


async def tell(store: Store, number: str, event: str, **said: object) -> None:
    case_id = (await stored(store, number)).case.case_id
    assert store.clock is not None
    given = {"order_id": order_id_for(case_id, 1), "case_id": case_id, "resolved_at": store.clock.now(), **said}
    async with store.begin() as tx:
        await receive(tx, context("R1"), StopPaymentResolved.model_validate(given), event=event)


async def right_to_the_fen(store: Store) -> None:
    """By the rows as they are: each order against the sums of its ledger, by SQL and by the domain."""
    async with store.read() as conn:
        rows = list(await conn.execute(select(tables.stop_order)))
        sums = {
            (UUID(int=order.int), kind): total
            for order, kind, total in await conn.execute(
                select(tables.ledger.c.order_id, tables.ledger.c.kind, func.sum(tables.ledger.c.amount_fen)).group_by(
                    tables.ledger.c.order_id, tables.ledger.c.kind
                )
            )
        }
        for row in rows:
            order = beside.to_order(row)
            assert sums[order.order_id, EntryKind.REQUESTED] == order.amount_fen
            assert sums.get((order.order_id, EntryKind.HELD), 0) == order.held_fen <= order.amount_fen
            assert order.frozen_fen + order.released_fen + order.expired_fen <= order.held_fen
            assert adds_up(order, await beside.ledger_of(conn, [order.order_id]))


async def test_order_ledger_due_time_and_message_come_together(store: Store) -> None:
    await write(store, opening("T-1"))
    case_id = (await stored(store, "T-1")).case.case_id
    async with store.begin() as tx:
        await acknowledge(tx, context("R1"), Command(name="a", case_id=case_id, key="a", turn=None), by=R1)
    command = Command(name="s", case_id=case_id, key="s", turn=None)

    async with rolled_back(store) as tx:
        await request_stop(tx, context("R1"), command, by=R1, payment=PAYMENT)
    after_the_crash = [await count(store, table) for table in ("stop_order", "ledger")]
    async with store.begin() as tx:
        await request_stop(tx, context("R1"), command, by=R1, payment=PAYMENT)
        await request_stop(tx, context("R1"), command, by=R1, payment=PAYMENT)

    assert after_the_crash == [0, 0]
    assert [await count(store, table) for table in ("stop_order", "ledger")] == [1, 1]
    async with store.read() as conn:
        sent = [row.topic for row in await conn.execute(select(tables.outbox))]
        (sealed,) = (await beside.sealed_of(conn, (await stored(store, "T-1")).id)).values()
        key = (await conn.execute(select(tables.stop_order.c.account_key))).scalar_one()
    assert sent.count("fraud.stop-payment.requested") == 1
    assert sealed is not None
    assert PAYMENT.account.encode() not in sealed
    assert key == SEALER.blind("account", PAYMENT.account)


async def test_the_case_takes_the_earliest_due_time_beside_it(store: Store, clock: MovedClock) -> None:
    await asked(store, "T-1")
    await tell(store, "T-1", "h", result="HELD", held_fen=1000, held_until=NOW + 48 * HOUR)

    case = (await stored(store, "T-1")).case

    assert case.side_due_at == NOW + 40 * HOUR
    assert case.next_due_at is not None
    assert case.next_due_at < NOW + HOUR  # a limit comes first
    async with store.read() as conn:
        assert await deadlines.earliest(conn) == case.next_due_at


async def test_a_tick_that_dies_leaves_the_hold_due(store: Store, clock: MovedClock) -> None:
    await asked(store, "T-1")
    await tell(store, "T-1", "h", result="HELD", held_fen=1000, held_until=NOW + 48 * HOUR)
    clock.move_to(NOW + 49 * HOUR)

    async with rolled_back(store) as tx:
        await fire_due(tx, context("R1"))
    async with store.begin() as tx:
        await fire_due(tx, context("R1"))
    async with store.begin() as tx:
        assert (await fire_due(tx, context("R1"))).changes == ()

    await right_to_the_fen(store)
    assert (await stored(store, "T-1")).case.side_due_at is None
    async with store.read() as conn:
        lines = await beside.ledger_of(conn, [order_id_for((await stored(store, "T-1")).case.case_id, 1)])
    assert [line.kind for line in lines] == ["REQUESTED", "HELD", "EXPIRED"]


async def test_three_timekeepers_expire_each_hold_once(postgres_store: Store, clock: MovedClock) -> None:
    store = postgres_store
    for number in range(12):
        await asked(store, f"T-{number}")
        await tell(store, f"T-{number}", f"h{number}", result="HELD", held_fen=1000, held_until=NOW + 48 * HOUR)
    clock.move_to(NOW + 60 * HOUR)

    async def keep() -> None:
        for _ in range(30):
            async with store.begin() as tx:
                fired = await fire_due(tx, context("R1"), limit=3)
            if not fired.changes and not fired.full:
                return

    await asyncio.gather(keep(), keep(), keep())
    await keep()

    await right_to_the_fen(store)
    async with store.read() as conn:
        expired = (
            await conn.execute(select(func.count()).where(tables.ledger.c.kind == EntryKind.EXPIRED))
        ).scalar_one()
    assert expired == 12


async def test_one_message_to_several_routers_counts_once(postgres_store: Store) -> None:
    await asked(postgres_store, "T-1")
    said = {"result": "HELD", "held_fen": 700, "held_until": NOW + 48 * HOUR}

    await asyncio.gather(*(tell(postgres_store, "T-1", "same", **said) for _ in range(4)))
    await asyncio.gather(*(tell(postgres_store, "T-1", f"f{part}", result="FROZEN", amount_fen=100) for part in (1, 2)))

    await right_to_the_fen(postgres_store)
    async with postgres_store.read() as conn:
        (order,) = [beside.to_order(row) for row in await conn.execute(select(tables.stop_order))]
    assert (order.held_fen, order.frozen_fen) == (700, 200)


@pytest.mark.parametrize("wrong", [{"held_fen": 1001}, {"frozen_fen": 1}, {"expired_fen": 5}])
async def test_the_database_itself_refuses_money_that_is_not_there(store: Store, wrong: dict[str, int]) -> None:
    await asked(store, "T-1")

    with pytest.raises(IntegrityError):
        async with store.begin() as tx:
            await tx.conn.execute(update(tables.stop_order).values(**wrong))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["HELD", "REJECTED", "EXTENDED", "FROZEN", "RELEASED", "time"]),
        st.none() | st.integers(0, 1200),
        st.integers(1, 30),
    ),
    max_size=8,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_any_messages_and_times_leave_the_money_right(
    store: Store, clock: MovedClock, steps: list[tuple[str, int | None, int]]
) -> None:
    number = f"T-{await count(store, 'cases')}"
    await asked(store, number)
    for index, (step, fen, hours) in enumerate(steps):
        if step == "time":
            clock.advance(hours * HOUR)
            async with store.begin() as tx:
                await fire_due(tx, context("R1"))
            continue
        said: dict[str, object] = {"result": step, "amount_fen": fen, "reason": "other"}
        if step == "HELD":
            said |= {"held_fen": fen or 0, "held_until": clock.now() + hours * HOUR}
        try:
            await tell(store, number, f"{number}-{index}", **said)
        except Refused:
            continue
    await right_to_the_fen(store)
