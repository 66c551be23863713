"""The registry changes while cases are open: none is moved by a boundary, none is orphaned by a responder who left."""

from dataclasses import replace
from datetime import datetime

import shapely
from centre import INSIDE, Centre, minute

from services.store import registry
from services.store.registry import Area, Responder, Unit, Village
from services.store.registry_changes import Change, Work, carry_out
from services.timekeeper.watch import pass_on_departed


async def test_a_responder_who_left_gets_no_case_and_loses_none(centre: Centre) -> None:
    """Nobody acknowledges for R11 any more, so that the case goes on to the next by its own limit."""
    held = await centre.warn()
    await _leave(centre, "R11", at=minute(0.5))

    fresh = await centre.warn()

    assert (await centre.case(fresh))["responder"] == "R12"
    assert (await centre.case(held))["responder"] == "R11"
    await centre.pass_time(minute(3.1))
    seen = await centre.case(held)
    assert (seen["state"], seen["responder"], seen["assigned_unit"]) == ("ASSIGNED", "R12", "P1")


async def test_whoever_left_holds_no_case_any_more(centre: Centre) -> None:
    """Asked or at it: the next one is asked at once. Already talking with the person: somebody else goes on from there."""
    asked, begun, talking = [await centre.warn() for _ in range(3)]
    for case in (begun, talking):
        await centre.do("R11", case, "acknowledgement")
        await centre.do("R11", case, "attempts", {"result": "NO_ANSWER", "channel": "call"})
    await centre.do("R11", talking, "contact", {"mode": "voice"})
    dissuade_by = (await centre.limit(talking, "DISSUADE"))["due_at"]
    await _leave(centre, "R11", at=minute(0.5))

    assert await pass_on_departed(centre.parts) == 3
    assert await pass_on_departed(centre.parts) == 0

    seen = [await centre.case(case) for case in (asked, begun, talking)]
    assert [(one["state"], one["responder"]) for one in seen] == [
        ("ASSIGNED", "R12"),
        ("ASSIGNED", "R12"),
        ("CONTACTED", "R12"),
    ]
    assert (await centre.limit(talking, "DISSUADE"))["due_at"] == dissuade_by
    items = (await centre.get("supervisor", f"/cases/{begun}/timeline")).json()["items"]
    assert [item["actor"] for item in items if item["action"] == "HAND_OVER"] == ["registry"]
    await centre.do("R12", talking, "conclusion", {"outcome": "REFUSED"})


async def test_a_planned_boundary_moves_new_cases_only(centre: Centre) -> None:
    before = await centre.warn(unit="P2")
    async with centre.store.begin() as tx:
        old = [area for area in await registry.read(tx.conn, Area) if area.unit == "P2"]
        lat, lon = INSIDE["P2"]
        taken = shapely.to_wkb(shapely.box(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01))
        added = [Area(unit="P1", polygon=taken, valid_from=minute(10))]
        ended = {Area: [area.id for area in old if area.id is not None]}
        await carry_out(tx, Work(added=added, ended=ended, at=minute(10)), by="admin-1")
    await centre.pass_time(minute(9.9))
    still = await centre.warn(unit="P2")
    await centre.pass_time(minute(10))
    await centre.look_round()

    after = await centre.warn(unit="P2")

    units = [(await centre.case(case))["responsible_unit"] for case in (before, still, after)]
    assert units == ["P2", "P2", "P1"]


async def test_an_address_in_words_finds_its_precinct(centre: Centre) -> None:
    village = Village(
        village_code="990102101201",
        village="测试村民委员会",
        township_code="990102101",
        township="测试镇",
        county_code="990102",
        county="测试县",
        unit="P2",
    )
    async with centre.store.begin() as tx:
        change = Change(kind="village", code=village.village_code, what={"done": "added"})
        await carry_out(tx, Work(kept=[village], changes=[change]), by="admin-1")
    await centre.look_round()

    seen = await centre.case(await centre.warn(unit=None))

    assert (seen["responsible_unit"], seen["responder"]) == ("P2", "R21")
    assert seen["routing"]["rule"] == "ADDRESS"
    assert "990102101" in seen["routing"]["reason_zh"]


async def test_whoever_has_the_beat_goes_first(centre: Centre) -> None:
    """R12 is farther away than R11, but the place is in R12's own grid."""
    lat, lon = INSIDE["P1"]
    async with centre.store.begin() as tx:
        (row,) = [one for one in await registry.read(tx.conn, Responder) if one.code == "R12"]
        grid = Unit(code="G1", kind="grid", name_zh="一格", name_en="Grid 1", parent="P1")
        kept = [grid, replace(row, unit="G1")]
        ground = shapely.to_wkb(shapely.box(lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01))
        changes = [Change(kind="unit", code="G1", what={"done": "added"})]
        work = Work(kept=kept, changes=changes, added=[Area(unit="G1", polygon=ground)])
        await carry_out(tx, work, by="admin-1")
    await centre.look_round()

    seen = await centre.case(await centre.warn())

    assert (seen["responsible_unit"], seen["responder"]) == ("P1", "R12")


async def _leave(centre: Centre, code: str, *, at: datetime) -> None:
    await centre.pass_time(at)
    async with centre.store.begin() as tx:
        (row,) = [one for one in await registry.read(tx.conn, Responder) if one.code == code]
        change = Change(kind="responder", code=code, what={"done": "ended"})
        await carry_out(tx, Work(kept=[replace(row, valid_to=tx.now)], changes=[change]), by="admin-1")
    await centre.look_round()
