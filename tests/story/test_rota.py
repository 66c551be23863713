"""A unit's rota from the desk's side: who is on duty, and what changes it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from centre import START, Centre, shown
from rota_steps import done, hour, move_to, present, rotate, send, staff

from services.store.registry import on_duty


@pytest.fixture(autouse=True)
async def _staffed(centre: Centre) -> None:
    await staff(centre)


async def test_three_groups_turn_through_three_shifts(centre: Centre) -> None:
    changed = await rotate(centre)

    assert (changed["version"], changed["faults"]) == (1, [])
    watch = [await present(centre, hour(at)) for at in (0, 7.99, 8, 16, 24, 32, 40, 48)]
    assert watch == [["R11"], ["R11"], ["R12"], ["R11"], ["R13"], ["R11"], ["R13"], ["R12"]]


async def test_the_router_sees_what_the_rota_says(centre: Centre) -> None:
    await rotate(centre)

    for at in (0, 8, 16, 24, 40, 72):
        async with centre.store.read() as conn:
            seen = [one.responder.code for one in await on_duty(conn, hour(at))]
        assert seen == await present(centre, hour(at))
        assert len(seen) == 1


async def test_beyond_the_drawn_rows_the_rota_itself_answers(centre: Centre) -> None:
    await rotate(centre)

    near, far = START + timedelta(days=30), START + timedelta(days=120)

    assert await present(centre, far) == await present(centre, near)  # ninety days are thirty whole turns


async def test_leave_leaves_a_hole_that_is_told(centre: Centre) -> None:
    await rotate(centre)

    changed = await done(
        centre,
        "desk-1",
        "POST",
        "/units/P1/leave",
        {"responder": "R11", "starts_at": shown(hour(2)), "ends_at": shown(hour(5))},
    )
    gaps = (await centre.get("operator", "/rota/gaps")).json()

    assert [await present(centre, hour(at)) for at in (1, 2, 4.9, 5)] == [["R11"], [], [], ["R11"]]
    assert [(fault["flaw"], fault["starts_at"]) for fault in changed["faults"]] == [("HOLE", shown(hour(2)))]
    assert changed["faults"][0]["told"] == {
        "zh": "P1 11-20 18:00–11-20 21:00 无人当班",
        "en": "P1: nobody is on duty 11-20 18:00–11-20 21:00",
    }
    assert gaps["hours"] == {"P1": 3.0, "P2": 72.0}


async def test_a_withdrawn_leave_counts_no_more_from_then_on(centre: Centre) -> None:
    await rotate(centre)
    body = {"responder": "R11", "starts_at": shown(hour(1)), "ends_at": shown(hour(5))}
    (entry,) = (await done(centre, "desk-1", "POST", "/units/P1/leave", body))["ids"]
    await move_to(centre, hour(2))

    await done(centre, "desk-1", "POST", f"/units/P1/entries/{entry}/withdrawal")

    assert [await present(centre, hour(at)) for at in (0.5, 1.5, 2, 4)] == [["R11"], [], ["R11"], ["R11"]]


async def test_an_override_beats_leave_and_rotation(centre: Centre) -> None:
    await rotate(centre)
    span = {"starts_at": shown(hour(1)), "ends_at": shown(hour(5))}
    await done(centre, "desk-1", "POST", "/units/P1/leave", {"responder": "R12", **span})

    for who, put in (("R11", "OFF"), ("R12", "ON")):
        await done(centre, "desk-1", "POST", "/units/P1/overrides", {"responder": who, "put": put, **span})

    assert await present(centre, hour(3)) == ["R12"]


async def test_only_an_accepted_swap_moves_the_duty(centre: Centre) -> None:
    await rotate(centre)
    body = {
        "asker": "R11",
        "other": "R12",
        "gives": {"starts_at": shown(hour(0)), "ends_at": shown(hour(8))},
        "takes": {"starts_at": shown(hour(8)), "ends_at": shown(hour(16))},
    }
    before = [await present(centre, hour(at)) for at in (1, 9)]

    asked = await done(centre, "R11", "POST", "/units/P1/swaps", body)
    waiting = [await present(centre, hour(at)) for at in (1, 9)]
    own = await send(centre, "R11", "POST", f"/units/P1/swaps/{asked['id']}/acceptance")
    accepted = await done(centre, "R12", "POST", f"/units/P1/swaps/{asked['id']}/acceptance")
    again = await send(centre, "R12", "POST", f"/units/P1/swaps/{asked['id']}/refusal")

    assert before == waiting == [["R11"], ["R12"]]
    assert (own.status_code, accepted["state"], again.status_code) == (403, "ACCEPTED", 409)
    assert again.json()["type"] == "/problems/swap-over"
    assert [await present(centre, hour(at)) for at in (1, 9)] == [["R12"], ["R11"]]


async def test_a_past_duty_stays_as_it_was(centre: Centre) -> None:
    await rotate(centre)
    before = {at: await present(centre, hour(at)) for at in (0, 3, 9, 17)}
    await move_to(centre, hour(20))

    body = {"starts_on": "2026-11-21", "pattern": "24-48", "groups": [{"name": "A", "members": ["R13"]}]}
    await done(centre, "desk-1", "PUT", "/units/P1/rotation", body, seen=1)

    assert {at: await present(centre, hour(at)) for at in before} == before


async def test_a_holiday_follows_its_own_pattern(centre: Centre) -> None:
    watch = {"days": 1, "shifts": [{"day": 0, "name": "watch", "starts": "00:00", "ends": "24:00"}]}
    await done(centre, "operator", "PUT", "/patterns/all-day", watch)
    await rotate(centre, holiday_pattern="all-day")
    assert len(await present(centre, hour(20))) == 1

    await done(centre, "operator", "PUT", "/holidays/2026-11-21", {"off": True, "name": "测试节"})
    await move_to(centre, hour(1))

    assert await present(centre, hour(20)) == ["R11", "R12", "R13"]
    year = (await centre.get("desk-1", "/rota/holidays", params={"year": 2026})).json()
    assert year["holidays"]["2026-11-21"] == "测试节"
    assert "2026-10-01" in year["holidays"]


async def test_a_week_shows_each_shift_once(centre: Centre) -> None:
    await rotate(centre)

    shifts = (await centre.get("desk-1", "/rota/units/P1/shifts", params={"from": "2026-11-23"})).json()

    assert len(shifts["items"]) == 21
    first = shifts["items"][0]
    assert (first["shift"], first["starts_at"]) == ("night", "2026-11-22T16:00:00Z")


async def test_a_watch_over_midnight_is_shown_as_one(centre: Centre) -> None:
    await rotate(centre, pattern="24-48")

    shifts = (await centre.get("desk-1", "/rota/units/P1/shifts", params={"from": "2026-11-23", "days": 2})).json()

    zone = ZoneInfo("Asia/Shanghai")
    clocks = [datetime.fromisoformat(one["starts_at"]).astimezone(zone).strftime("%d %H:%M") for one in shifts["items"]]
    assert clocks == ["23 00:00", "23 08:00", "24 08:00"]


@pytest.mark.parametrize("who", ["desk-2", "R21"])
async def test_a_foreign_units_rota_is_not_there(centre: Centre, who: str) -> None:
    await rotate(centre)
    leave = {"responder": "R11", "starts_at": shown(hour(2)), "ends_at": shown(hour(5))}
    swap = {"asker": "R11", "other": "R12", "gives": {"starts_at": shown(hour(2)), "ends_at": shown(hour(5))}}

    answers = [
        await centre.get(who, "/rota/units/P1"),
        await centre.get(who, "/rota/units/P1/shifts"),
        await centre.get(who, "/rota/on-duty", params={"unit": "P1"}),
        await centre.get(who, "/rota/gaps", params={"unit": "P1"}),
        await centre.get(who, "/rota/handovers", params={"unit": "P1"}),
        await send(centre, who, "POST", "/units/P1/swaps", swap),
    ]
    if who == "desk-2":
        answers.append(await send(centre, who, "POST", "/units/P1/leave", leave))
    unknown = await centre.get("operator", "/rota/units/P9")

    assert {answer.status_code for answer in (*answers, unknown)} == {404}
    assert {answer.json()["type"] for answer in (*answers, unknown)} == {"/problems/rota-not-found"}
    assert {one["unit"] for one in (await centre.get(who, "/rota/on-duty")).json()["items"]} <= {"P2"}
    assert list((await centre.get(who, "/rota/gaps")).json()["hours"]) == ["P2"]


async def test_roles_without_a_part_in_the_rota_change_nothing(centre: Centre) -> None:
    leave = {"responder": "R11", "starts_at": shown(hour(2)), "ends_at": shown(hour(5))}

    for who in ("R11", "auditor", "reviewer", "bank", "integrator", "administrator"):
        assert (await send(centre, who, "POST", "/units/P1/leave", leave)).status_code == 403
    assert (await send(centre, "desk-1", "PUT", "/holidays/2026-11-21", {"off": True, "name": "x"})).status_code == 403


async def test_the_same_key_is_done_once(centre: Centre) -> None:
    await rotate(centre)
    leave = {"responder": "R11", "starts_at": shown(hour(2)), "ends_at": shown(hour(5))}

    twice = [await done(centre, "desk-1", "POST", "/units/P1/leave", leave, key="one") for _ in range(2)]
    other = await send(centre, "desk-1", "POST", "/units/P1/leave", leave | {"responder": "R12"}, key="one")

    assert twice[0] == twice[1]
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
    assert len((await centre.get("desk-1", "/rota/units/P1")).json()["entries"]) == 1


async def test_a_stale_rotation_is_refused(centre: Centre) -> None:
    await rotate(centre)
    body = {"starts_on": "2026-11-21", "pattern": "24-48"}

    stale = await send(centre, "operator", "PUT", "/units/P1/rotation", body, seen=0)
    blind = await send(centre, "operator", "PUT", "/units/P1/rotation", body)

    assert (stale.status_code, stale.json()["version"]) == (412, 1)
    assert blind.status_code == 428


@pytest.mark.parametrize(
    ("path", "method", "body", "field"),
    [
        ("leave", "POST", {"responder": "R11", "starts_at": shown(hour(5)), "ends_at": shown(hour(2))}, "ends_at"),
        ("leave", "POST", {"responder": "R21", "starts_at": shown(hour(2)), "ends_at": shown(hour(5))}, "responder"),
        ("leave", "POST", {"responder": "R11", "starts_at": shown(hour(-5)), "ends_at": shown(hour(-2))}, "ends_at"),
        ("rotation", "PUT", {"starts_on": "2026-11-19", "pattern": "24-48"}, "starts_on"),
        ("rotation", "PUT", {"starts_on": "2026-11-21", "pattern": "none"}, "pattern"),
        ("rotation", "PUT", {"starts_on": "2026-11-21", "pattern": "24-48", "minimum": {"nigth": 2}}, "minimum"),
        (
            "rotation",
            "PUT",
            {"starts_on": "2026-11-21", "pattern": "24-48", "groups": [{"name": "A", "members": ["R21"]}]},
            "groups",
        ),
        (
            "swaps",
            "POST",
            {"asker": "R11", "other": "R12", "gives": {"starts_at": shown(hour(9)), "ends_at": shown(hour(9.5))}},
            "gives",
        ),
    ],
)
async def test_what_can_not_be_is_named(
    centre: Centre, path: str, method: str, body: dict[str, object], field: str
) -> None:
    await rotate(centre)

    answer = await send(centre, "desk-1", method, f"/units/P1/{path}", body, seen=1)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/incomplete")
    assert answer.json()["field"] == field


@pytest.mark.parametrize(
    "shift",
    [
        {"day": 0, "name": "x", "starts": "20:00", "ends": "08:00"},
        {"day": 1, "name": "x", "starts": "08:00", "ends": "16:00"},
        {"day": 0, "name": "x", "starts": "26:00", "ends": "28:00"},
        {"day": 0, "name": "x", "starts": "08:00", "ends": "99:00"},
    ],
)
async def test_an_impossible_shift_is_refused_in_words(centre: Centre, shift: dict[str, object]) -> None:
    answer = await send(centre, "operator", "PUT", "/patterns/p", {"days": 1, "shifts": [shift]})

    assert (answer.status_code, answer.json()["field"]) == (422, "shifts/0")


async def test_a_responder_of_another_unit_never_stands_in(centre: Centre) -> None:
    """Somebody who moves to another precinct stays in the old one's groups until its desk sees to it."""
    await rotate(centre)
    async with centre.store.begin() as tx:
        await tx.conn.exec_driver_sql("UPDATE responder SET unit = 'P2' WHERE code = 'R13'")

    body = {"responder": "R12", "starts_at": shown(hour(60)), "ends_at": shown(hour(61))}
    changed = await done(centre, "desk-1", "POST", "/units/P1/leave", body)

    assert await present(centre, hour(25)) == []
    assert ("UNKNOWN_RESPONDER", "R13") in [(one["flaw"], one["responder"]) for one in changed["faults"]]
    assert "HOLE" in {one["flaw"] for one in changed["faults"]}
