"""The kept counts on both databases: they follow whatever happens to a case, and are what a recount gives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from store_steps import NOW, context, minutes, opening, stored, until, write

from services.broker.link import BrokerAddress
from services.clock import MovedClock
from services.domain.actor import Actor
from services.domain.corrections import Stamp
from services.domain.counted import Count
from services.domain.refusals import Refused
from services.domain.words import Mode, Outcome, Risk, Role
from services.handlers.acknowledge import acknowledge
from services.handlers.attempt import attempt, contact, lose_contact
from services.handlers.command import Command
from services.handlers.conclude import Money, conclude, report
from services.handlers.counting import check, count_on, recount
from services.handlers.deadline import fire_due
from services.handlers.follow_up import record_loss
from services.handlers.review import cancel, close, reopen, return_
from services.handlers.risk import correct, set_risk
from services.handlers.stop_payment import Payment, request_stop
from services.health import Health
from services.relay.figures import keep_figures
from services.relay.metrics import LAG
from services.settings import Settings
from services.store import figures, tables
from services.store.engine import Store, Transaction
from services.store.figure_tables import Span
from services.store.figures import Position
from services.wiring import Parts

ZONE = ZoneInfo("Asia/Shanghai")
R1 = Actor(name="R1", role=Role.RESPONDER, unit="990102", responder="R1")
OPERATOR = Actor(name="operator-1", role=Role.OPERATOR)
SUPERVISOR = Actor(name="supervisor-1", role=Role.SUPERVISOR)
PAYMENT = Payment(
    payee_name="测试乙", account="TEST00000001", bank="虚构银行", amount_fen=900, transferred_at=NOW - minutes(1)
)
HERE = context("R1")
ENDINGS = [outcome for outcome in Outcome if outcome is not Outcome.NOT_REACHED]  # that is a supervisor's word


async def counted(store: Store, *, limit: int = 500, zone: ZoneInfo = ZONE) -> int:
    """Count until nothing is left; gives how many cases were different."""
    changed = 0
    while True:
        step = await count_on(store, zone, limit=limit)
        changed += step.changed
        if step.done:
            return changed


async def total(store: Store, count: Count, span: Span = Span.HOUR) -> int:
    async with store.read() as conn:
        kept = tables.figure_count
        found = (await conn.execute(select(func.sum(kept.c[count.value])).where(kept.c.span == span))).scalar()
    return int(found or 0)


Step = Callable[[Transaction, Command], Awaitable[object]]
STEPS: dict[str, Step] = {
    "acknowledge": lambda tx, command: acknowledge(tx, HERE, command, by=R1),
    "attempt": lambda tx, command: attempt(tx, HERE, command, by=R1),
    "contact": lambda tx, command: contact(tx, HERE, command, by=R1),
    "lose": lambda tx, command: lose_contact(tx, HERE, command, by=R1),
    "conclude": lambda tx, command: conclude(
        tx,
        HERE,
        command,
        by=R1,
        outcome=ENDINGS[len(command.key) % len(ENDINGS)],
        money=Money(loss_before_fen=5, loss_after_fen=len(command.key) % 3, amount_saved_fen=7),
    ),
    "report": lambda tx, command: report(tx, HERE, command, by=R1),
    "close": lambda tx, command: close(tx, HERE, command, by=OPERATOR),
    "return": lambda tx, command: return_(tx, HERE, command, by=OPERATOR, text_only=False),
    "reopen": lambda tx, command: reopen(tx, HERE, command, by=SUPERVISOR),
    "cancel": lambda tx, command: cancel(tx, HERE, command, by=SUPERVISOR),
    "stop": lambda tx, command: request_stop(tx, HERE, command, by=R1, payment=PAYMENT),
    "risk": lambda tx, command: set_risk(tx, HERE, command, by=SUPERVISOR, to=Risk.URGENT),
    "correct": lambda tx, command: correct(
        tx, HERE, command, by=SUPERVISOR, stamp=Stamp.FEEDBACK, at=tx.now - timedelta(seconds=1)
    ),
    "lost": lambda tx, command: record_loss(
        tx, HERE, command, by=OPERATOR, loss_after_fen=11 * len(command.key), lost_at=None
    ),
}
SAID = {
    "attempt": {"result": "NO_ANSWER", "channel": "call"},
    "contact": {"mode": "in_person"},
    "conclude": {"awakened": True},
}
STRAIGHT = ("acknowledge", "attempt", "contact", "conclude", "report", "close")


async def do(store: Store, number: str, what: str, key: str) -> None:
    """One command; what is not its turn is refused, and nothing happens."""
    case_id = (await stored(store, number)).case.case_id
    command = Command(name=what, case_id=case_id, key=key, turn=None, detail=SAID.get(what))
    try:
        async with store.begin() as tx:
            await STEPS[what](tx, command)
    except Refused:
        pass


async def lived(store: Store, number: str) -> UUID:
    """A case that went the straight way, one step a minute."""
    assert isinstance(store.clock, MovedClock)
    await write(store, opening(number, now=store.clock.now()))
    for index, what in enumerate(STRAIGHT):
        store.clock.advance(minutes(1))
        await do(store, number, what, f"{number}-{index}")
    return (await stored(store, number)).case.case_id


async def test_a_case_is_counted_once_however_often_it_changes(store: Store) -> None:
    await write(store, opening("T-1"))
    await counted(store)
    waiting = await total(store, Count.WAITING)

    await lived(store, "T-2")
    first = await counted(store, limit=3)  # some of its events are counted before it is over
    again = await counted(store)

    assert (waiting, again) == (1, 0)
    assert first >= 1
    assert [await total(store, Count.CASES, span) for span in Span] == [2, 2]
    assert [await total(store, one) for one in (Count.WAITING, Count.FED_BACK, Count.CLOSED)] == [1, 1, 1]
    assert (await check(store, ZONE)).right


async def test_an_exercise_is_in_no_figure(store: Store) -> None:
    await write(store, opening("E-1", mode=Mode.EXERCISE))
    await do(store, "E-1", "acknowledge", "e")

    assert await counted(store) == 0
    assert await total(store, Count.CASES) == 0
    assert (await check(store, ZONE)).right


async def test_one_that_ended_early_is_taken_out_again(store: Store, clock: MovedClock) -> None:
    await write(store, opening("T-1"), opening("T-2"))
    await counted(store)
    before = await total(store, Count.CASES)
    await do(store, "T-1", "cancel", "c-1")
    clock.advance(minutes(4))  # a limit of the other is over by then
    async with store.begin() as tx:
        await fire_due(tx, HERE)
    await do(store, "T-2", "cancel", "c-2")

    await counted(store)

    assert (before, await total(store, Count.CASES)) == (2, 1)
    assert (await check(store, ZONE)).right


async def test_another_time_zone_counts_everything_by_its_own_days(store: Store) -> None:
    await lived(store, "T-1")
    await counted(store)

    await counted(store, zone=ZoneInfo("America/New_York"))

    async with store.read() as conn:
        days = (await conn.execute(select(tables.figure_case.c.day_at))).scalars().all()
    assert days == [datetime.fromisoformat("2026-03-01T05:00:00+00:00")]  # NOW is still the evening before there
    assert await total(store, Count.CASES, Span.DAY) == 1
    assert (await check(store, ZoneInfo("America/New_York"))).right


@pytest.mark.parametrize("table", ["figure_case", "figure_count", "figure_position"])
async def test_a_crash_at_any_write_counts_nothing_twice(store: Store, table: str) -> None:
    await lived(store, "T-1")
    await counted(store)
    await lived(store, "T-2")

    async with broken(store, table):
        with pytest.raises(DBAPIError):
            await counted(store)
    assert await total(store, Count.CASES) == 1
    await counted(store)

    assert await total(store, Count.CASES) == 2
    assert (await check(store, ZONE)).right


@asynccontextmanager
async def broken(store: Store, table: str) -> AsyncIterator[None]:
    """No row of this table can be written meanwhile."""
    how = (
        ("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$",)
        if store.postgres
        else ()
    )
    does = "EXECUTE FUNCTION no()" if store.postgres else "BEGIN SELECT RAISE(ABORT, 'no'); END"
    events = ("INSERT", "UPDATE")
    make = [f"CREATE TRIGGER no_{event} BEFORE {event} ON {table} FOR EACH ROW {does}" for event in events]
    undo = [f"DROP TRIGGER no_{event}" + (f" ON {table}" if store.postgres else "") for event in events]
    for statements in ([*how, *make], [*undo, *(("DROP FUNCTION no()",) if store.postgres else ())]):
        async with store.begin() as tx:
            for statement in statements:
                await tx.conn.execute(text(statement))
        if statements[0].startswith("CREATE"):
            yield


async def test_an_event_committed_late_under_a_lower_number_counts(postgres_store: Store) -> None:
    store = postgres_store
    await write(store, opening("T-1"), opening("T-2"))
    await counted(store)
    case_id = (await stored(store, "T-1")).case.case_id
    async with store.begin() as late:
        await cancel(late, HERE, Command(name="c", case_id=case_id, key="c", turn=None), by=SUPERVISOR)
        await do(store, "T-2", "cancel", "other")  # its event has the higher number and is committed first
        counting = asyncio.create_task(counted(store))
        _, waiting = await asyncio.wait({counting}, timeout=0.3)
        assert waiting
    await counting

    assert await total(store, Count.CASES) == 0
    assert (await check(store, ZONE)).right


async def test_several_that_count_at_once_count_once(postgres_store: Store) -> None:
    store = postgres_store
    await write(store, *(opening(f"T-{number}") for number in range(30)))

    async def count() -> None:
        for _ in range(20):
            try:
                await count_on(store, ZONE, limit=7)
            except DBAPIError:  # another had counted meanwhile
                continue

    await asyncio.gather(count(), count(), count())
    await counted(store)

    assert await total(store, Count.CASES) == 30
    assert (await check(store, ZONE)).right


async def test_a_check_names_what_is_kept_otherwise(store: Store) -> None:
    case_id = await lived(store, "T-1")
    await counted(store)
    kept, added = tables.figure_count, tables.figure_case
    async with store.begin() as tx:
        await tx.conn.execute(update(kept).where(kept.c.span == Span.DAY).values(met=kept.c.met + 3, loops=b""))
        await tx.conn.execute(update(added).values(loop_s=1))

    checked = await check(store, ZONE)

    assert checked.wrong_cases == [case_id]
    assert {(key[0], tuple(sorted(off.items()))) for key, off in checked.wrong_sums} == {
        (Span.DAY, (("loops", 1), ("met", 3))),
        (Span.HOUR, (("loops", 2),)),
    }


async def test_a_recount_from_nothing_gives_the_same(store: Store) -> None:
    await lived(store, "T-1")
    await write(store, opening("T-2", now=NOW + minutes(20)))
    await counted(store)
    async with store.begin() as tx:
        await tx.conn.execute(update(tables.figure_count).values(cases=7))

    assert await recount(store, ZONE) == 2

    assert [await total(store, Count.CASES, span) for span in Span] == [2, 2]
    assert (await check(store, ZONE)).right


async def test_a_warning_from_another_century_stops_nothing(store: Store, clock: MovedClock) -> None:
    first = datetime(1800, 1, 1, 0, 30, tzinfo=UTC)
    await write(store, opening("T-1", issued_at=first), opening("T-2"))
    for what in STRAIGHT[:-1]:
        clock.advance(minutes(1))
        await do(store, "T-1", what, f"old-{what}")

    await counted(store)

    assert [await total(store, one) for one in (Count.CASES, Count.FED_BACK)] == [2, 1]
    assert (await check(store, ZONE)).right


async def test_the_relay_keeps_the_counts_up_by_itself(store: Store) -> None:
    assert store.clock is not None
    parts = Parts(
        settings=Settings(),
        store=store,
        clock=store.clock,
        context=HERE,
        broker=BrokerAddress(bootstrap="nowhere:1"),
        health=Health(),
    )
    LAG.set(-1.0)  # whatever counted before in this process
    await write(store, opening("T-1"))
    keeping = asyncio.create_task(keep_figures(parts))

    async def is_counted() -> bool:
        return await total(store, Count.CASES) == 1 and REGISTRY.get_sample_value("quanzu_figures_lag_seconds") == 0.0

    await until(is_counted)
    keeping.cancel()
    await asyncio.wait({keeping})

    async with store.read() as conn:
        assert await figures.find_position(conn) == Position(event_id=2, as_of=NOW, zone=ZONE.key)


LIVES = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([*STEPS, *STRAIGHT, "time", "count"]), st.integers(1, 50)), max_size=25
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(straight=st.lists(st.integers(0, 6), min_size=2, max_size=2), lives=LIVES)
async def test_any_lives_leave_what_a_recount_gives(
    store: Store, clock: MovedClock, straight: list[int], lives: list[tuple[int, str, int]]
) -> None:
    """Two cases, each brought some way along the straight way, then anything in any order, counted in between."""
    async with store.read() as conn:
        already = (await conn.execute(select(func.count()).select_from(tables.cases))).scalar_one()
    numbers = [f"T-{already + index}" for index in range(2)]
    for number, far in zip(numbers, straight, strict=True):
        await write(store, opening(number, now=clock.now()))
        for what in STRAIGHT[:far]:
            clock.advance(minutes(1))
            await do(store, number, what, f"{number}-{what}")
    for index, (which, what, size) in enumerate(lives):
        if what == "time":
            clock.advance(minutes(size * 20))
            async with store.begin() as tx:
                await fire_due(tx, HERE)
        elif what == "count":
            await count_on(store, ZONE, limit=size)
        else:
            await do(store, numbers[which], what, f"{numbers[which]}-{index}{'x' * (size % 9)}")
    await counted(store)

    checked = await check(store, ZONE)
    assert checked.right, (checked.wrong_cases, checked.wrong_sums)
    assert checked.not_judged == 0
    await tied_to_the_rows(store)


async def tied_to_the_rows(store: Store) -> None:
    """The plain sums, by another way: straight from the cases' own rows."""
    cases, orders = tables.cases, tables.stop_order
    async with store.read() as conn:
        inside = select(tables.figure_case.c.case_id)
        rows = list(await conn.execute(select(cases).where(cases.c.id.in_(inside))))
        held = list(
            await conn.execute(select(orders).where(orders.c.case_id.in_(inside), orders.c.sent_at.is_not(None)))
        )
        by_loop: dict[int, int] = {}
        for key, cell in (await figures.kept_and_fresh(conn, NOW - timedelta(days=2), NOW + timedelta(days=4000)))[
            0
        ].items():
            if key[0] is Span.DAY:
                for second, many in cell.loops.items():
                    by_loop[second] = by_loop.get(second, 0) + many
    for count, column in (
        (Count.LOSS_AFTER_FEN, "loss_after_fen"),
        (Count.LOSS_BEFORE_FEN, "loss_before_fen"),
        (Count.SAVED_FEN, "amount_saved_fen"),
    ):
        assert await total(store, count) == sum(getattr(row, column) or 0 for row in rows)
    assert await total(store, Count.CASES) == len(rows)
    assert await total(store, Count.FED_BACK) == sum(row.feedback_at is not None for row in rows)
    assert await total(store, Count.REQUESTED_FEN) == sum(row.amount_fen for row in held)
    assert sum(by_loop.values()) == await total(store, Count.FED_BACK)
    assert all(many > 0 for many in by_loop.values())
