"""The registry over time on both databases: what is in force when, and a change for everything that was done."""

from datetime import UTC, datetime, timedelta

import pytest
import shapely
from sqlalchemy import select
from store_steps import NOW

from services.handlers.ground_map import draw_map
from services.store import registry, tables
from services.store.engine import Store
from services.store.registry import Area, Duty, RegionCode, Responder, Station, Unit, Village
from services.store.registry_changes import Change, ChangedMeanwhile, Work, carry_out, last_change

LATER = NOW + timedelta(days=30)


def _area(unit: str, column: int) -> Area:
    return Area(unit=unit, polygon=shapely.to_wkb(shapely.box(131 + column, 19, 132 + column, 20)))


def _unit(code: str, *, kind: str = "precinct", parent: str | None = None) -> Unit:
    return Unit(code=code, kind=kind, name_zh=code, name_en=code, parent=parent)


def _planned(area: Area, begins: datetime) -> Area:
    return Area(unit=area.unit, polygon=area.polygon, valid_from=begins)


async def test_a_planned_boundary_comes_into_force_by_itself(store: Store) -> None:
    """Nothing is written on its day, and the question asked every second has another answer from then on."""
    async with store.begin() as tx:
        await registry.replace_all(tx, [_unit("A"), _unit("B")], [_area("A", 0)])
        (first,) = await registry.read(tx.conn, Area)
        ended = {Area: [first.id]}
        await carry_out(tx, Work(added=[_planned(_area("B", 0), LATER)], ended=ended, at=LATER), by="t")

    async with store.read() as conn:
        before, day = LATER - timedelta(seconds=1), LATER
        assert [area.unit for area in (await registry.ground(conn, before)).areas] == ["A"]
        assert [area.unit for area in (await registry.ground(conn, day)).areas] == ["B"]
        assert await registry.map_stamp(conn, before) == await registry.map_stamp(conn, NOW)
        assert await registry.map_stamp(conn, before) != await registry.map_stamp(conn, day)


async def test_grids_are_a_level_of_their_own(store: Store) -> None:
    async with store.begin() as tx:
        units = [_unit("A"), _unit("G1", kind="grid", parent="A")]
        stations = [Station(unit="G1", name="G1", lat=19.5, lon=131.5)]
        await registry.replace_all(tx, units, [_area("A", 0), _area("G1", 0)], stations)

    async with store.read() as conn:
        ground = await registry.ground(conn, NOW)
        drawn = await draw_map(conn, at=NOW)

    assert [area.unit for area in ground.areas] == ["A"]
    assert [(area.unit, parent) for area, parent in ground.grids] == [("G1", "A")]
    assert ground.stations == []
    assert drawn.areas.keys() == {"A", "G1"}


async def test_every_kind_is_kept_and_comes_back(store: Store) -> None:
    rows = [
        _unit("A"),
        RegionCode(code="990121", unit="A"),
        Village(
            village_code="990121101201",
            village="柳岗村民委员会",
            township_code="990121101",
            township="柳湾镇",
            county_code="990121",
            county="墨汀县",
        ),
        Responder(
            code="R1",
            unit="A",
            name="测试甲",
            grade="officer",
            post_lat=19.0,
            post_lon=131.0,
            skills=("谈判",),
            languages=("ug", "zh"),
            family_liaison=True,
        ),
    ]

    for _ in range(2):  # what is there already is brought up to date
        async with store.begin() as tx:
            await carry_out(tx, Work(kept=rows), by="t")

    async with store.read() as conn:
        for row in rows:
            assert await registry.read(conn, type(row)) == [row]


async def test_a_responder_who_left_is_on_duty_no_more(store: Store) -> None:
    left = Responder(code="R1", unit="A", name="测试甲", grade="officer", post_lat=19.0, post_lon=131.0, valid_to=LATER)
    async with store.begin() as tx:
        duty = [Duty(responder="R1", starts_at=NOW, ends_at=LATER + timedelta(days=9))]
        await registry.replace_all(tx, [_unit("A")], [left], duty)

    async with store.read() as conn:
        assert [one.responder.code for one in await registry.on_duty(conn, LATER - timedelta(seconds=1))] == ["R1"]
        assert await registry.on_duty(conn, LATER) == []
        assert await registry.read(conn, Responder) == [left]


async def test_each_change_says_who_and_when(store: Store) -> None:
    work = Work(changes=[Change(kind="unit", code="A", what={"done": "added"})], kept=[_unit("A")])
    async with store.begin() as tx:
        stamp = await registry.map_stamp(tx.conn, NOW)
        await carry_out(tx, work, by="admin-1")

    async with store.read() as conn:
        (row,) = (await conn.execute(select(tables.registry_change))).all()
        assert await registry.map_stamp(conn, NOW) != stamp
    assert (row.by, row.at, row.kind, row.code, row.what) == ("admin-1", NOW, "unit", "A", {"done": "added"})
    assert row.at.tzinfo is UTC


async def test_what_never_was_in_force_leaves_no_row(store: Store) -> None:
    async with store.begin() as tx:
        await registry.replace_all(tx, [_unit("A")], [_planned(_area("A", 0), LATER)])
        (planned,) = await registry.read(tx.conn, Area)
        await carry_out(tx, Work(dropped={Area: [planned.id]}), by="t")

    async with store.read() as conn:
        assert await registry.read(conn, Area) == []


async def test_work_decided_by_an_older_registry_is_refused(store: Store) -> None:
    """Two administrators who import at once would lay the same ground twice."""
    work = Work(changes=[Change(kind="area", code="A", what={"done": "added"})], added=[_area("A", 0)])
    async with store.read() as conn:
        seen = await last_change(conn)
    async with store.begin() as tx:
        await carry_out(tx, work, by="admin-1", seen=seen)

    with pytest.raises(ChangedMeanwhile):
        async with store.begin() as tx:
            await carry_out(tx, work, by="admin-2", seen=seen)

    async with store.read() as conn:
        assert len(await registry.read(conn, Area)) == 1
