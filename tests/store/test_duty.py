"""Duty rows: drawn from the rota, the same on both databases, and never changed once past."""

import asyncio
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, text
from store_steps import NOW

from services.clock import MovedClock
from services.domain.rota.pattern import pattern_from
from services.domain.rota.rota import Entry, Group, Kind, Rotation, on_duty
from services.handlers.rota import redraw
from services.store import duty, registry, rota, rota_entries, tables
from services.store.engine import Store

ZONE = ZoneInfo("Asia/Shanghai")
UNIT = "990102"
PEOPLE = ("R1", "R2", "R3")
THREE = pattern_from(
    "three",
    {
        "days": 3,
        "shifts": [
            {"day": 0, "name": "evening", "starts": "16:00", "ends": "24:00"},
            {"day": 1, "name": "day", "starts": "08:00", "ends": "16:00"},
            {"day": 2, "name": "night", "starts": "00:00", "ends": "08:00"},
        ],
    },
)
LONG = pattern_from("long", {"days": 2, "shifts": [{"day": 0, "name": "watch", "starts": "08:00", "ends": "40:00"}]})
ROTATION = Rotation(
    starts_on=date(2026, 1, 1),
    anchor=date(2026, 1, 1),
    pattern=THREE,
    groups=tuple(Group(name=str(number), offset=number, members=(who,)) for number, who in enumerate(PEOPLE)),
)


def hour(number: float) -> datetime:
    return NOW + timedelta(hours=number)


@pytest.fixture
async def staffed(store: Store) -> Store:
    """A unit of three people who turn through three shifts."""
    async with store.begin() as tx:
        for who in (*PEOPLE, "R9"):
            row = {"code": who, "unit": UNIT, "name": "测试", "grade": "officer", "post_lat": 19.0, "post_lon": 131.0}
            await tx.conn.execute(insert(tables.responder).values(**row))
        for pattern in (THREE, LONG):
            await rota.keep_pattern(tx, pattern, by="test")
        await rota.lock(tx, UNIT)
        await rota.add_rotation(tx, UNIT, ROTATION, by="test")
        await redraw(tx, UNIT, ZONE)
    return store


async def rows(store: Store) -> list[tuple[object, ...]]:
    async with store.read() as conn:
        question = select(tables.duty).order_by(tables.duty.c.starts_at, tables.duty.c.responder)
        return [tuple(row) for row in await conn.execute(question)]


async def drawn(store: Store, *entries: Entry) -> None:
    async with store.begin() as tx:
        await rota.lock(tx, UNIT)
        await rota_entries.add(tx, UNIT, entries, by="test")
        await redraw(tx, UNIT, ZONE)


async def present(store: Store, at: datetime) -> set[str]:
    async with store.read() as conn:
        return {one.responder.code for one in await registry.on_duty(conn, at)}


def entry(kind: Kind, who: str, starts: float, ends: float) -> Entry:
    return Entry(kind=kind, responder=who, starts_at=hour(starts), ends_at=hour(ends))


async def test_the_rows_say_what_the_rota_says(staffed: Store) -> None:
    await drawn(
        staffed,
        entry(Kind.LEAVE, "R1", 5, 40),
        entry(Kind.ON, "R9", 7, 300),
        entry(Kind.OFF, "R2", 50, 61),
        entry(Kind.PLAN, "R9", 400, 420),
    )
    async with staffed.read() as conn:
        whole = (await rota.load(conn, ZONE, NOW, hour(900), units=[UNIT]))[UNIT]

    for step in range(0, 34 * 24 * 2):
        at = hour(step / 2)
        assert await present(staffed, at) == set(on_duty(whole, at)), at


async def test_drawing_again_changes_no_row(staffed: Store, clock: MovedClock) -> None:
    before = await rows(staffed)
    clock.advance(timedelta(hours=3, minutes=7))

    await drawn(staffed)

    assert await rows(staffed) == before


async def test_a_past_row_never_changes(staffed: Store, clock: MovedClock) -> None:
    """Whatever is changed afterwards, what was is told as it was."""
    for span in (9, 20, 31):
        clock.move_to(hour(span))
        past = {step: await present(staffed, hour(step / 4)) for step in range(span * 4)}
        begun = [row for row in await rows(staffed) if row[3] <= hour(span)]  # type: ignore[operator]

        await drawn(staffed, entry(Kind.LEAVE, "R1", -50, span + 30), entry(Kind.ON, "R9", -50, span + 9))

        assert {step: await present(staffed, hour(step / 4)) for step in past} == past
        assert begun == [row for row in await rows(staffed) if row[3] <= hour(span)][: len(begun)]  # type: ignore[operator]


async def test_no_drawn_row_is_longer_than_a_day(staffed: Store) -> None:
    async with staffed.begin() as tx:
        await rota.lock(tx, UNIT)
        groups = (Group(name="A", offset=0, members=("R1",)),)
        made = Rotation(starts_on=date(2026, 3, 2), anchor=date(2026, 3, 1), pattern=LONG, groups=groups)
        await rota.add_rotation(tx, UNIT, made, by="test")
        await redraw(tx, UNIT, ZONE)

    lengths = {row[3] - row[2] for row in await rows(staffed)}  # type: ignore[operator]

    assert max(lengths) <= timedelta(days=1) < duty.LONGEST_ROW


async def test_a_row_knows_when_the_last_duty_ended(staffed: Store) -> None:
    await drawn(staffed, entry(Kind.ON, "R9", 2, 4), entry(Kind.ON, "R9", 10, 60))

    async with staffed.read() as conn:
        first, second = [
            next(one for one in await duty.people_at(conn, at, unit=UNIT) if one.responder == "R9")
            for at in (hour(3), hour(59))
        ]

    assert (first.last_ended_at, second.last_ended_at) == (None, hour(4))


async def by_hand(store: Store, who: str, unit: str) -> None:
    async with store.begin() as tx:
        row = {"code": who, "unit": unit, "name": "测试", "grade": "officer", "post_lat": 19.0, "post_lon": 131.0}
        await tx.conn.execute(insert(tables.responder).values(**row))
        await tx.conn.execute(insert(tables.duty).values(responder=who, starts_at=hour(-100), ends_at=hour(1000)))


async def test_rows_laid_by_hand_end_where_the_rotation_begins(store: Store) -> None:
    await by_hand(store, "R7", UNIT)
    await by_hand(store, "R8", "990103")
    groups = (Group(name="A", offset=0, members=("R7",)),)
    made = Rotation(starts_on=date(2026, 3, 4), anchor=date(2026, 3, 4), pattern=LONG, groups=groups)

    async with store.begin() as tx:
        await rota.keep_pattern(tx, LONG, by="test")
        await rota.lock(tx, UNIT)
        await rota.add_rotation(tx, UNIT, made, by="test")
        await redraw(tx, UNIT, ZONE)

    midnight = datetime(2026, 3, 4, tzinfo=ZONE)
    assert await present(store, midnight - timedelta(minutes=1)) == {"R7", "R8"}
    assert await present(store, midnight) == {"R8"}
    assert await present(store, midnight + timedelta(hours=8)) == {"R7", "R8"}


async def test_without_a_rotation_rows_laid_by_hand_count(store: Store) -> None:
    await by_hand(store, "R7", UNIT)

    await drawn(store, entry(Kind.PLAN, "R7", 5, 9))

    assert await present(store, hour(800)) == {"R7"}


async def test_a_unit_is_drawn_further_as_time_passes(staffed: Store, clock: MovedClock) -> None:
    async with staffed.read() as conn:
        assert await rota.to_draw(conn, hour(34 * 24)) == []
        assert await rota.to_draw(conn, hour(37 * 24)) == [UNIT]


async def test_a_changed_pattern_marks_the_units(staffed: Store) -> None:
    async with staffed.begin() as tx:
        await rota.keep_pattern(tx, LONG, by="test")

    async with staffed.read() as conn:
        assert await rota.to_draw(conn, NOW) == [UNIT]


async def test_two_changes_at_once_both_count(postgres_store: Store) -> None:
    """Each draws with the other's entry, or waits for it: none is drawn over."""
    async with postgres_store.begin() as tx:
        for who in PEOPLE:
            row = {"code": who, "unit": UNIT, "name": "测试", "grade": "officer", "post_lat": 19.0, "post_lon": 131.0}
            await tx.conn.execute(insert(tables.responder).values(**row))

    await asyncio.gather(*(drawn(postgres_store, entry(Kind.ON, who, 1, 9)) for who in PEOPLE))

    assert await present(postgres_store, hour(5)) == set(PEOPLE)


async def test_the_question_of_every_second_reads_one_day(postgres_store: Store) -> None:
    """With weeks drawn ahead for many people, the plan goes by the start and not through all that is to come."""
    async with postgres_store.begin() as tx:
        await tx.conn.execute(
            text(
                "INSERT INTO responder (code, unit, name, grade, post_lat, post_lon)"
                " SELECT 'R' || n, '990102', 'x', 'officer', 19, 131 FROM generate_series(1, 300) n"
            )
        )
        await tx.conn.execute(
            text(
                "INSERT INTO duty (responder, starts_at, ends_at, unit, shift) SELECT 'R' || n, s, s + interval '8 hours',"
                " '990102', 'x' FROM generate_series(1, 300) n, generate_series(CAST(:now AS timestamptz) - interval '1 day',"
                " CAST(:now AS timestamptz) + interval '35 days', interval '1 day') s"
            ),
            {"now": NOW},
        )
    async with postgres_store.engine.connect() as conn:
        await conn.execution_options(isolation_level="AUTOCOMMIT")
        await conn.execute(text("ANALYZE duty"))
        asked = duty.present(hour(1)).compile(conn.engine, compile_kwargs={"literal_binds": True})
        plan = [row[0] for row in await conn.execute(text(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {asked}"))]

    assert any("duty_from" in line for line in plan), plan
    assert not any("Seq Scan on duty" in line for line in plan), plan
