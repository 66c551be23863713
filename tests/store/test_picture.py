"""A picture that is followed is the same as one drawn anew, whatever happened in between; on both databases."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert, update
from store_steps import NOW, UNIT, context, opening, write

from services.domain.fix import Fix
from services.domain.roster import NOT_RESTED, Roster
from services.handlers import picture
from services.handlers.context import Context
from services.store import registry, tables
from services.store.engine import Store

PEOPLE = ("R1", "R2", "R3")


def hour(number: float) -> datetime:
    return NOW + timedelta(hours=number)


async def put_on_duty(store: Store, who: str, starts: float, ends: float, *, last_ended: float | None = None) -> None:
    async with store.begin() as tx:
        row = {
            "responder": who,
            "unit": UNIT,
            "starts_at": hour(starts),
            "ends_at": hour(ends),
            "last_ended_at": None if last_ended is None else hour(last_ended),
        }
        await tx.conn.execute(insert(tables.duty).values(**row))


@pytest.fixture
async def watched(store: Store) -> Store:
    """Two of three people are on duty for nine hours; the second has not yet rested."""
    async with store.begin() as tx:
        for who in PEOPLE:
            row = {"code": who, "unit": UNIT, "name": "测试", "grade": "officer", "post_lat": 19.0, "post_lon": 131.0}
            await tx.conn.execute(insert(tables.responder).values(**row))
    await put_on_duty(store, "R1", -1, 9)
    await put_on_duty(store, "R2", -1, 9, last_ended=-2)
    return store


async def followed(store: Store, known: Context, at: datetime) -> Roster:
    """The picture that follows the one before; it is held against one that is drawn anew."""
    async with store.read() as conn:
        await picture.redraw(conn, known, now=at)
        anew = await picture.draw_roster(conn, known.picture.units, now=at, rules=known.rules, fixes=known.fixes)
    assert columns(known.picture.roster) == columns(anew)
    return known.picture.roster


def columns(roster: Roster) -> dict[str, Any]:
    shown = {name: value for name, value in vars(roster).items() if not name.startswith("_")}
    return {name: repr(value.tolist()) if isinstance(value, np.ndarray) else value for name, value in shown.items()}


async def test_a_followed_picture_knows_who_holds_what(watched: Store) -> None:
    known = context()
    first = await followed(watched, known, NOW)

    await write(watched, opening("T-1"), opening("T-2"), opening("T-3", responder="R2"))
    then = await followed(watched, known, hour(0.1))

    assert first.open_cases == [0, 0]
    assert then.open_cases == [2, 1]
    assert then.post is first.post, "what stays is shared"


async def test_a_case_that_is_over_is_held_no_more(watched: Store) -> None:
    known = context()
    await write(watched, opening("T-1"))
    assert (await followed(watched, known, NOW)).open_cases == [1, 0]

    async with watched.begin() as tx:
        await tx.conn.execute(update(tables.cases).values(state="CLOSED"))

    assert (await followed(watched, known, hour(0.1))).open_cases == [0, 0]


async def test_who_has_rested_is_rested_in_the_next_picture(watched: Store) -> None:
    known = context()
    rested_after = known.rules.rest / timedelta(hours=1) - 2
    first = await followed(watched, known, hour(rested_after - 0.01))

    then = await followed(watched, known, hour(rested_after))

    assert first.lacking == [0, NOT_RESTED]
    assert then.lacking == [0, 0]
    assert then.post is first.post


async def test_whoever_comes_or_goes_is_in_the_next_picture(watched: Store) -> None:
    known = context()
    await put_on_duty(watched, "R3", 4, 12)
    assert (await followed(watched, known, hour(3.99))).responders == ["R1", "R2"]
    assert (await followed(watched, known, hour(4))).responders == ["R1", "R2", "R3"]

    async with watched.begin() as tx:
        mine = tables.duty.c.responder == "R1"
        await tx.conn.execute(update(tables.duty).where(mine).values(ends_at=hour(5)))

    assert (await followed(watched, known, hour(4.99))).responders == ["R1", "R2", "R3"]
    assert (await followed(watched, known, hour(5))).responders == ["R2", "R3"]
    assert (await followed(watched, known, hour(9))).responders == ["R3"]


async def test_one_for_one_at_the_same_moment_is_seen(watched: Store) -> None:
    """The number of people stays the same."""
    known = context()
    await put_on_duty(watched, "R3", 9, 12)
    await put_on_duty(watched, "R2", 9, 12)

    assert (await followed(watched, known, hour(8.99))).responders == ["R1", "R2"]
    assert (await followed(watched, known, hour(9))).responders == ["R2", "R3"]


async def test_a_responder_who_leaves_during_duty_is_gone(watched: Store) -> None:
    known = context()
    async with watched.begin() as tx:
        mine = tables.responder.c.code == "R1"
        await tx.conn.execute(update(tables.responder).where(mine).values(valid_to=hour(2)))

    assert (await followed(watched, known, hour(1.99))).responders == ["R1", "R2"]
    assert (await followed(watched, known, hour(2))).responders == ["R2"]


async def test_a_picture_before_stays_as_it_was(watched: Store) -> None:
    """A batch may still choose by it."""
    known = context()
    first = await followed(watched, known, NOW)
    before = columns(first)

    await write(watched, opening("T-1"))
    await followed(watched, known, hour(8))

    assert columns(first) == before


async def test_the_question_every_second_has_one_answer_for_one_watch(watched: Store) -> None:
    async with watched.read() as conn:
        stamps = {await registry.watch_stamp(conn, hour(at)) for at in (-1, 0, 3, 8.99)}
        others = {await registry.watch_stamp(conn, hour(at)) for at in (-1.01, 9)}

    assert len(stamps) == 1
    assert not stamps & others


async def test_who_has_moved_is_elsewhere_in_the_next_picture(watched: Store) -> None:
    known = context()
    fixes: dict[str, Fix] = {}
    known.fixes = fixes
    assert np.isnan((await followed(watched, known, NOW)).fix).all()

    fixes["R2"] = Fix(NOW.timestamp(), 19.5, 131.5)
    known.moved.add("R2")
    moved = await followed(watched, known, hour(0.1))

    assert moved.fix[1].tolist() == [19.5, 131.5]
    assert known.moved == set(), "the next picture looks at nobody twice"
