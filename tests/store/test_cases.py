"""The case row: what is saved is what is loaded, to the microsecond, with its events and its messages."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError, StatementError
from store_steps import NOW, POLICY, SOURCE, count, minutes, opening, rolled_back, stored, write

from services.domain import moves, repeats
from services.domain.actor import ROUTER, Actor
from services.domain.case import Case, Change
from services.domain.states import Action, State, TimerKind
from services.domain.timers import Timer
from services.domain.words import Mode, Outcome, Risk, Role
from services.handlers.messages import messages_for
from services.store import cases, events, tables
from services.store.cases import Saving
from services.store.columns import micros, moment
from services.store.engine import Store

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
units = st.none() | texts
times = st.integers(0, 4_000_000_000_000_000).map(moment)
stamps = st.none() | times
amounts = st.none() | st.integers(-(2**62), 2**62)
documents = st.dictionaries(texts, st.none() | st.booleans() | st.integers(-(2**31), 2**31) | texts, max_size=4)
timers = st.builds(
    Timer,
    kind=st.sampled_from(TimerKind),
    round=st.integers(1, 9),
    started_at=times,
    due_at=times,
    at_risk_at=stamps,
    at_risk_fired=st.booleans(),
    breached_at=stamps,
    stopped_at=stamps,
)
any_case = st.builds(
    Case,
    id=st.none(),
    case_id=st.builds(uuid4),
    source=texts,
    instruction_number=texts,
    mode=st.sampled_from(Mode),
    risk=st.sampled_from(Risk),
    fraud_type=texts,
    state=st.sampled_from(State),
    responsible_unit=units,
    assigned_unit=units,
    responder=units,
    policy_version=st.integers(1, 2**31 - 1),
    version=st.integers(1, 2**31 - 1),
    turn=st.integers(1, 2**31 - 1),
    issued_at=times,
    received_at=times,
    outcome=st.none() | st.sampled_from(Outcome),
    late_on_arrival=st.booleans(),
    issued_ahead=st.booleans(),
    routing=documents,
    tried=st.lists(texts, max_size=3).map(tuple),
    submitter=units,
    assigned_at=stamps,
    acknowledged_at=stamps,
    feedback_at=stamps,
    closed_at=stamps,
    loss_before_fen=amounts,
    amount_saved_fen=amounts,
    timers=st.lists(timers, max_size=4).map(tuple),
)
fixtures_stay = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@fixtures_stay
@given(case=any_case)
async def test_a_stored_case_loads_equal(store: Store, case: Case) -> None:
    async with store.begin() as tx:
        made = insert(tables.cases).values(cases.columns(case)).returning(tables.cases.c.id)
        row_id = (await tx.conn.execute(made)).scalar_one()

    async with store.read() as conn:
        found = await cases.find(conn, case.case_id)

    assert found is not None
    assert found.case == replace(case, id=row_id)


@fixtures_stay
@given(first=any_case, second=any_case)
async def test_a_saved_change_loads_equal(store: Store, first: Case, second: Case) -> None:
    """Everything that has changed is written, whatever it was before."""
    async with store.begin() as tx:
        made = insert(tables.cases).values(cases.columns(first)).returning(tables.cases.c.id)
        row_id = (await tx.conn.execute(made)).scalar_one()
        fixed = {name: getattr(first, name) for name in cases.FIXED}
        after = replace(second, id=row_id, **fixed)
        before = replace(first, id=row_id)
        await cases.save(tx, [Saving(change=Change(case=after, facts=()), before=before)])
        computed = {"next_due_at", "total_due_at"}
        back = replace(after, **{name: getattr(first, name) for name in cases.OFTEN if name not in computed})
        await cases.save(tx, [Saving(change=Change(case=back, facts=()), before=after)])
        await cases.save(tx, [Saving(change=Change(case=after, facts=()), before=back)])

    async with store.read() as conn:
        found = await cases.find(conn, first.case_id)

    assert found is not None
    assert found.case == after


async def test_times_come_back_aware_and_exact(store: Store) -> None:
    exact = NOW + timedelta(microseconds=123_457)
    await write(store, opening("T-1", now=exact))

    case = (await stored(store, "T-1")).case

    assert case.received_at == exact
    assert case.received_at.utcoffset() == timedelta(0)


async def test_a_time_of_another_zone_is_the_same_moment(store: Store) -> None:
    in_china = NOW.astimezone(timezone(timedelta(hours=8)))
    async with store.begin() as tx:
        await tx.conn.execute(
            insert(tables.duty).values(responder="R1", starts_at=in_china, ends_at=in_china + minutes(1))
        )

    async with store.read() as conn:
        found = (await conn.execute(select(tables.duty.c.starts_at))).scalar_one()

    assert found == NOW
    assert micros(found) == micros(NOW)


async def test_a_naive_time_is_refused(store: Store) -> None:
    naive = datetime(2026, 3, 2, 12, 0)  # noqa: DTZ001 - that is what must not get in

    with pytest.raises(StatementError, match="naive"):
        async with store.begin() as tx:
            await tx.conn.execute(insert(tables.duty).values(responder="R1", starts_at=naive, ends_at=NOW))

    assert await count(store, "duty") == 0


async def test_a_change_is_written_whole(store: Store) -> None:
    await write(store, opening("T-1"))
    before = await stored(store, "T-1")
    desk = Actor(name="desk", role=Role.RESPONDER, unit=before.case.assigned_unit, responder="R1")
    change = moves.move(before.case, Action.ACKNOWLEDGE, by=desk, now=NOW + minutes(1), policy=POLICY)

    async with store.begin() as tx:
        saving = Saving(change=change, messages=messages_for(change, None, None), sealed_facts={3: b"sealed"})
        await cases.save(tx, [saving])

    after = await stored(store, "T-1")
    assert after.case == change.case
    assert (after.wrapped_key, after.sealed) == (before.wrapped_key, before.sealed)
    async with store.read() as conn:
        timeline = await events.timeline(conn, after.id)
    assert [(entry.version, entry.action) for entry in timeline] == [
        (1, Action.OPEN),
        (2, Action.ASSIGN),
        (3, Action.ACKNOWLEDGE),
    ]
    assert timeline[2].sealed == b"sealed"


async def test_events_of_a_case_are_unique_by_version(store: Store) -> None:
    """Two writers that both read version 2 can't both write version 3."""
    await write(store, opening("T-1"))
    found = await stored(store, "T-1")
    repeat = repeats.repeated(found.case, by=ROUTER, now=NOW, effect="REPEATED", risk=Risk.HIGH, source=SOURCE)
    async with store.begin() as tx:
        await cases.save(tx, [Saving(change=repeat)])

    with pytest.raises(IntegrityError):
        async with store.begin() as tx:
            await cases.save(tx, [Saving(change=repeat)])

    assert await count(store, "event") == 3


async def test_a_failing_transaction_leaves_nothing(store: Store) -> None:
    async with rolled_back(store) as tx:
        await tx.conn.execute(insert(tables.duty).values(responder="R1", starts_at=NOW, ends_at=NOW))

    assert await count(store, "duty") == 0
