"""What is switched off for a named unit, and who leads it."""

import pytest
from centre import Centre, minute
from sqlalchemy import select

from services.domain.switches import Switch
from services.domain.words import Role
from services.store import tables, unit_settings


async def put(centre: Centre, who: str, path: str, body: object) -> tuple[int, dict[str, object]]:
    answer = await centre.client.put(path, headers=centre.headers(who), json=body)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("what", "field"), [("routing", "routing"), ("notify", "notify"), ("follow-ups", "follow_ups")]
)
async def test_a_switch_is_off_for_the_named_unit_only(centre: Centre, what: str, field: str) -> None:
    for _ in range(2):
        status, answer = await put(centre, "administrator", f"/units/P1/switches/{what}", {"on": False})
        assert (status, answer["switches"]) == (
            200,
            {"routing": True, "notify": True, "follow_ups": True, field: False},
        )

    shown = {unit["code"]: unit["switches"] for unit in (await centre.get("desk-2", "/units")).json()["items"]}
    assert (shown["P1"][field], shown["P2"][field]) == (False, True)
    async with centre.store.read() as conn:
        assert await unit_settings.switched_off(conn, Switch(what)) == {"P1"}
        assert not await unit_settings.is_on(conn, "P1", Switch(what))
        assert await unit_settings.is_on(conn, "P2", Switch(what))


async def test_each_change_of_a_switch_says_who_and_when(centre: Centre) -> None:
    for who, on in (("supervisor", False), ("supervisor", False), ("administrator", True), ("administrator", True)):
        await put(centre, who, "/units/P1/switches/routing", {"on": on})
        centre.clock.move_to(minute(1))

    async with centre.store.read() as conn:
        row = tables.unit_switch
        told = (await conn.execute(select(row.c.on, row.c.by, row.c.at).order_by(row.c.id))).all()
        assert [tuple(one) for one in told] == [(False, "supervisor", minute(0)), (True, "administrator", minute(1))]
        assert await unit_settings.switched_off(conn, Switch.ROUTING) == frozenset()


async def test_a_head_is_shown_and_changed_and_removed(centre: Centre) -> None:
    seen = []
    for responder in ("R11", "R12", None):
        status, answer = await put(centre, "supervisor", "/units/P1/head", {"responder": responder})
        async with centre.store.read() as conn:
            seen.append((status, answer["head"], await unit_settings.heads(conn, centre.clock.now())))

    assert seen == [(200, "R11", {"P1": "R11"}), (200, "R12", {"P1": "R12"}), (200, None, {})]


async def test_a_head_who_left_the_unit_leads_no_more(centre: Centre) -> None:
    await put(centre, "supervisor", "/units/P1/head", {"responder": "R11"})
    async with centre.store.begin() as tx:
        await tx.conn.execute(tables.responder.update().where(tables.responder.c.code == "R11").values(unit="P2"))

    async with centre.store.read() as conn:
        assert await unit_settings.heads(conn, centre.clock.now()) == {}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/units/P1/head", {"responder": "R21"}, 422),  # of another unit
        ("/units/P1/head", {"responder": "R99"}, 422),
        ("/units/P1/head", {}, 422),
        ("/units/P9/head", {"responder": "R11"}, 404),
        ("/units/P9/switches/routing", {"on": False}, 404),
        ("/units/P1/switches/siren", {"on": False}, 422),
        ("/units/P1/switches/routing", {"on": "no"}, 422),
        ("/units/P1/switches/routing", {"on": False, "more": 1}, 422),
    ],
)
async def test_a_setting_that_can_not_be_is_refused(centre: Centre, path: str, body: object, status: int) -> None:
    assert (await put(centre, "supervisor", path, body))[0] == status


@pytest.mark.parametrize("who", ["operator", "desk-1", "R11", "auditor", "integrator"])
async def test_others_may_not_change_a_unit(centre: Centre, who: str) -> None:
    assert (await put(centre, who, "/units/P1/switches/routing", {"on": False}))[0] == 403
    assert (await put(centre, who, "/units/P1/head", {"responder": "R11"}))[0] == 403


async def test_with_routing_off_a_warning_waits_for_the_centre(centre: Centre) -> None:
    await put(centre, "administrator", "/units/P1/switches/routing", {"on": False})
    await centre.look_round()

    waiting, elsewhere = await centre.warn(unit="P1"), await centre.warn(unit="P2")

    seen = await centre.case(waiting)
    assert (seen["state"], seen["responsible_unit"], seen["routing"]["decided"]) == ("PENDING", "P1", "ROUTING_OFF")
    assert (await centre.case(elsewhere))["state"] == "ASSIGNED"
    await centre.do("operator", waiting, "assignment", {"unit": "P1", "responder": "R11", "reason": "人工"})

    await put(centre, "administrator", "/units/P1/switches/routing", {"on": True})
    await centre.look_round()
    assert (await centre.case(await centre.warn(unit="P1")))["state"] == "ASSIGNED"


async def test_a_head_off_duty_is_asked_when_nobody_is_left(centre: Centre) -> None:
    async with centre.store.begin() as tx:
        head = {
            "code": "R19",
            "unit": "P1",
            "name": "测试所长",
            "grade": "officer",
            "post_lat": 10.0,
            "post_lon": -149.9,
        }
        await tx.conn.execute(tables.responder.insert().values(head))
    await centre.token("R19", Role.RESPONDER, "P1")
    await put(centre, "supervisor", "/units/P1/head", {"responder": "R19"})
    await centre.look_round()
    case = await centre.warn(unit="P1")
    for who in ("R11", "R12"):
        await centre.do(who, case, "decline", {"reason": "不在"})

    seen = await centre.case(case)

    assert (seen["responder"], seen["routing"]["decided"]) == ("R19", "HEAD")
    await centre.do("R19", case, "acknowledgement")
