"""Notices: each cause is told once to whom it concerns; an inbox by role and scope; nobody sees another unit's."""

from typing import Any

import pytest
from beside_steps import DAY, HOUR, from_bank, listed, orders, stop_asked, tell, told_ok, work_on
from centre import Centre, minute, shown
from notice_steps import go_off_duty, head, inbox, leave, told
from prometheus_client import REGISTRY

from services.domain.notice import NoticeKind
from services.domain.rota.gaps import Gap
from services.domain.switches import Switch
from services.handlers.watch import tell_gaps
from services.store import unit_settings


async def test_a_case_that_nobody_can_take_is_told_at_once(centre: Centre) -> None:
    before = _made("UNASSIGNED")
    lost = await centre.warn(unit=None)
    await go_off_duty(centre)
    unwatched = await centre.warn()

    assert await told(centre, lost) == await told(centre, unwatched) == [("UNASSIGNED", "", "OPERATOR", "")]
    seen = (await centre.case(lost))["told"][0]
    assert (seen["created_at"], seen["due_at"], seen["is_loud"]) == (shown(minute(0)), shown(minute(1)), True)
    assert seen["people"] == ["operator"]
    assert (await centre.get("operator", "/notices/open")).json() == {"open": 2, "loud": 2}
    assert _made("UNASSIGNED") == before + 2


async def test_the_last_one_who_declines_leaves_it_to_the_centre(centre: Centre) -> None:
    case = await centre.warn()
    for who in ("R11", "R12", "R21", "R22"):
        await centre.do(who, case, "decline", {"reason": "不在辖区"})

    seen = await centre.case(case)
    assert seen["state"] == "PENDING"
    assert (await inbox(centre, "operator"))[0] == ("UNASSIGNED", "")
    body = {"unit": "P2", "responder": "R21", "reason": "指定"}
    await centre.do("operator", case, "assignment", body)

    (unassigned,) = [one for one in (await centre.case(case))["told"] if one["kind"] == "UNASSIGNED"]
    assert unassigned["answered_by"] == "ASSIGN"


async def test_both_units_are_told_when_a_boundary_is_crossed(centre: Centre) -> None:
    case = await centre.warn()
    await centre.do("R11", case, "decline", {"reason": "忙"})
    await centre.do("R12", case, "decline", {"reason": "忙"})

    assert (await centre.case(case))["assigned_unit"] == "P2"
    assert await inbox(centre, "desk-1") == [("BOUNDARY_CROSSED", "")]
    assert await inbox(centre, "desk-2") == [("RESPONDER_TAKEN", "")]
    (home,) = await listed(centre, "/notices", "desk-1")
    assert (home["given"]["by_unit"], home["given"]["by_responder"]) == ("P2", "R21")


async def test_who_joins_and_who_is_called_off_is_told(centre: Centre) -> None:
    case = await centre.warn()
    body = {"unit": "P2", "responder": "R21", "reason": "家属在二所辖区"}
    await centre.do("operator", case, "co-assignments", body)
    await centre.do("supervisor", case, "cancellation", {"reason": "重复下发"})

    assert await told(centre, case) == [
        ("CO_ASSIGNED", "", "RESPONDER", "R21"),
        ("CO_ASSIGNED", "", "DUTY_DESK", "P2"),
        ("CALLED_OFF", "", "RESPONDER", "R11"),
    ]
    assert [one["answered_by"] for one in (await centre.case(case))["told"]] == ["CANCEL", "CANCEL", None]


async def test_a_repeat_is_told_to_its_responder_once(centre: Centre) -> None:
    case = await centre.warn(number="T-same")

    await centre.warn(number="T-same")

    assert await told(centre, case) == [("REPEATED", "", "RESPONDER", "R11")]


async def test_money_that_is_held_is_chased(centre: Centre) -> None:
    case = await stop_asked(centre)
    await centre.do("R11", case, "attempts", {"result": "NO_ANSWER", "channel": "call"})
    (order,) = await orders(centre, case)
    held: dict[str, Any] = {"result": "HELD", "held_fen": 200_000, "held_until": minute(5) + 48 * HOUR}
    await from_bank(centre, case, order["order_id"], "bank-1", at=minute(5), **held)

    assert ("REVIEW_OPENED", "", "SUPERVISOR", "") in await told(centre, case)
    await centre.pass_time(minute(5) + 49 * HOUR)

    kinds = [one for one in await told(centre, case) if one[0].startswith("STOP")]
    assert kinds == [
        ("STOP_WARNED", "", "RESPONDER", "R11"),
        ("STOP_WARNED", "", "OPERATOR", ""),
        ("STOP_EXPIRED", "", "OPERATOR", ""),
        ("STOP_EXPIRED", "", "SUPERVISOR", ""),
    ]
    (order,) = await orders(centre, case)
    warned = next(one for one in (await centre.case(case))["told"] if one["kind"] == "STOP_WARNED")
    assert (warned["due_at"], warned["answered_by"]) == (order["held_until"], "CHASE_STOP")


async def test_follow_ups_and_holds_are_told_to_their_owners(centre: Centre) -> None:
    case = await centre.warn()
    await work_on(centre, case, outcome="REFUSED")
    await told_ok(centre, f"/cases/{case}/protective-hold", {"reason": "仍要转账"}, "operator")
    await centre.pass_time(minute(30) + 13 * HOUR)

    assert [one[0] for one in await inbox(centre, "R11", open="true")] == [
        "FOLLOW_UP_MISSED",
        "HOLD_PLACED",
        "FOLLOW_UP_DUE",
    ]
    at_once = next(one for one in await listed(centre, f"/follow-ups?case_id={case}") if one["mark"] == "AT_ONCE")
    await told_ok(centre, f"/follow-ups/{at_once['id']}/result", {"result": "SAFE"}, "R11")

    assert await inbox(centre, "R11", open="true") == [("HOLD_PLACED", "")]
    assert ("FOLLOW_UP_MISSED", "") in await inbox(centre, "desk-1", open="false")


async def test_an_inbox_shows_ones_own_and_nothing_foreign(centre: Centre) -> None:
    await head(centre, "P1", "R12")
    case = await centre.warn(risk="HIGH")
    await centre.pass_time(minute(3))

    assert await inbox(centre, "desk-1") == [("BREACHED", "ACK"), ("AT_RISK", "ACK"), ("AT_RISK", "ACK")]
    assert await inbox(centre, "R12") == [("BREACHED", "ACK")]
    assert await inbox(centre, "operator") == []
    assert len(await inbox(centre, "operator", of="all", unit="P1")) == 3
    assert len(await inbox(centre, "auditor", case_id=case)) == 3
    for foreign in ("desk-2", "R21"):
        assert await inbox(centre, foreign, of="all", unit="P1") == await inbox(centre, foreign, case_id=case) == []
    for nobody in ("bank", "integrator", "administrator"):
        assert (await centre.get(nobody, "/notices")).status_code == 403


async def test_seen_and_acknowledged_mark_ones_own_alone(centre: Centre) -> None:
    await head(centre, "P1", "R12")
    await centre.warn(risk="HIGH")
    await centre.pass_time(minute(3))
    ids = [one["id"] for one in await listed(centre, "/notices", "desk-1")]
    body = {"notices": ids}

    assert (await tell(centre, "/notices/seen", body, "desk-2")).json() == {"notices": []}
    assert (await tell(centre, "/notices/seen", body, "auditor")).status_code == 403
    assert (await tell(centre, "/notices/seen", body, "R12")).json() == {"notices": [max(ids)]}
    assert (await tell(centre, "/notices/acknowledgements", body, "desk-1")).json() == {"notices": sorted(ids)}
    assert (await tell(centre, "/notices/acknowledgements", body, "desk-1")).json() == {"notices": sorted(ids)}

    (of_head,) = await listed(centre, "/notices", "R12")
    assert (of_head["seen_by"], of_head["acknowledged_by"], of_head["open"]) == ("R12", "desk-1", False)
    assert (await centre.get("desk-1", "/notices/open")).json() == {"open": 0, "loud": 0}
    for bad in ({"notices": []}, {"notices": ["x"]}, {"notices": [0]}, {"notices": [2**63]}, {}, None):
        assert (await tell(centre, "/notices/acknowledgements", bad, "desk-1")).status_code == 422


async def test_pages_go_from_the_open_ones_to_the_others(centre: Centre) -> None:
    for _ in range(4):
        await centre.warn(unit=None)
    ids = [one["id"] for one in await listed(centre, "/notices", "operator")]
    await tell(centre, "/notices/acknowledgements", {"notices": [ids[0], ids[2]]}, "operator")

    pages, cursor = [], ""
    while cursor is not None:
        answer = (await centre.get("operator", f"/notices?limit=1{cursor and '&cursor='}{cursor}")).json()
        pages += [one["id"] for one in answer["items"]]
        cursor = answer["next"]
    assert pages == [ids[1], ids[3], ids[0], ids[2]]
    for bad in ("x", "cm93OjE=", "cm93Oi0x"):
        assert (await centre.get("operator", f"/notices?cursor={bad}")).status_code == 422


async def test_a_unit_that_is_muted_is_told_nothing_and_no_level_is_empty(centre: Centre) -> None:
    async with centre.store.begin() as tx:
        await unit_settings.add_switch(tx, "P1", Switch.NOTIFY, on=False, by="administrator")
    await centre.look_round()
    case = await centre.warn(risk="HIGH")

    await centre.pass_time(minute(3))

    assert await told(centre, case) == []


async def test_a_gap_in_the_watch_is_told_once_a_day(centre: Centre) -> None:
    start = minute(0) + 2 * DAY
    gap = Gap(unit="P1", shift="night", starts_at=start, ends_at=start + 8 * HOUR, present=0, needed=2)
    for _ in range(2):
        async with centre.store.begin() as tx:
            await tell_gaps(tx, centre.context, [gap])

    assert await inbox(centre, "desk-1") == await inbox(centre, "operator") == [("WATCH_GAP", "")]
    (told_of,) = await listed(centre, "/notices", "desk-1")
    assert (told_of["case_id"], told_of["due_at"], told_of["given"]["needed"]) == (None, shown(start), 2)
    assert "2" in told_of["why_zh"]


async def test_a_notice_holds_nothing_of_the_person(centre: Centre) -> None:
    case = await centre.warn(risk="HIGH")
    await centre.pass_time(minute(70))
    await leave(centre, "desk-2")

    shown_to_all = (await centre.get("supervisor", f"/notices?of=all&case_id={case}")).text
    assert "199-0000" not in shown_to_all
    assert "测试甲" not in shown_to_all
    assert "测试村" not in shown_to_all


async def test_the_total_goes_up_to_the_county(centre: Centre) -> None:
    """Without a county the head of the centre leads; nobody there: the centre hears which level was empty."""
    case = await centre.warn(risk="HIGH")

    await centre.pass_time(minute(60))

    total = [one for one in await told(centre, case) if one[1] == "TOTAL"]
    assert total == [
        ("AT_RISK", "TOTAL", "SUPERVISOR", ""),
        ("NOBODY_LEFT", "TOTAL", "OPERATOR", ""),
        ("NOBODY_LEFT", "TOTAL", "SUPERVISOR", ""),
    ]


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_kind_has_its_counter(kind: NoticeKind) -> None:
    assert REGISTRY.get_sample_value("quanzu_notices_made_total", {"kind": kind.value}) is not None


def _made(kind: str) -> float:
    return REGISTRY.get_sample_value("quanzu_notices_made_total", {"kind": kind}) or 0.0
