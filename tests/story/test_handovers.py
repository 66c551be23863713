"""What is open at a change of shift is listed, and stays visible until the next shift accepts it."""

from uuid import UUID

import pytest
from centre import Centre
from rota_steps import done, hour, move_to, rotate, send, staff

from services.timekeeper import metrics
from services.timekeeper.watch import tell_watch


@pytest.fixture(autouse=True)
async def _staffed(centre: Centre) -> None:
    await staff(centre)
    for unit, who in (("P1", "desk-1"), ("P2", "desk-2")):
        await rotate(centre, unit, who)
    await centre.look_round()


async def contacted(centre: Centre, at: float) -> UUID:
    """A case of R11, whose evening ends at hour 8, that is already with the person on the phone."""
    await move_to(centre, hour(at))
    case = await centre.warn(unit="P1")
    await centre.do("R11", case, "acknowledgement")
    await centre.do("R11", case, "attempts", {"result": "REACHED_VOICE", "channel": "call"})
    await centre.do("R11", case, "contact", {"mode": "voice"})
    return case


async def lists(centre: Centre, who: str = "operator", **params: object) -> list[dict[str, object]]:
    answer = await centre.get(who, "/rota/handovers", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, object]] = answer.json()["items"]
    return items


async def test_a_change_of_shift_lists_what_is_open(centre: Centre) -> None:
    case = await contacted(centre, 7.9)

    await move_to(centre, hour(8))
    await move_to(centre, hour(8.02))

    (listed,) = await lists(centre, unaccepted=True)
    assert (listed["unit"], listed["going"], listed["coming"]) == ("P1", ["R11"], ["R12"])
    assert listed["cases"] == [{"case_id": str(case), "state": "CONTACTED", "responder": "R11"}]
    assert await lists(centre, "desk-2") == []


async def test_a_change_with_nothing_open_gives_no_list(centre: Centre) -> None:
    await move_to(centre, hour(8))

    assert await lists(centre) == []


async def test_who_accepts_takes_over_what_is_too_late_to_ask(centre: Centre) -> None:
    case = await contacted(centre, 7.9)
    await move_to(centre, hour(8))
    (listed,) = await lists(centre)
    before = await centre.case(case)

    told = await done(centre, "R12", "POST", f"/handovers/{listed['id']}/acceptance", key="one")
    again = await done(centre, "R12", "POST", f"/handovers/{listed['id']}/acceptance", key="one")
    late = await send(centre, "desk-1", "POST", f"/handovers/{listed['id']}/acceptance")

    after = await centre.case(case)
    assert (told["moved"], told["left"], told["accepted_by"]) == (1, [], "R12")
    assert told == again
    assert (late.status_code, late.json()["holder"]) == (409, "R12")
    assert (after["state"], after["responder"], after["turn"]) == ("CONTACTED", "R12", before["turn"] + 1)
    assert await centre.limit(case, "DISSUADE") == before["limits"][-1] | {
        name: (await centre.limit(case, "DISSUADE"))[name] for name in ("left_s", "late_s", "on_time")
    }
    await centre.do("R12", case, "conclusion", {"outcome": "DISSUADED_NO_LOSS"})
    assert await lists(centre, unaccepted=True) == []


async def test_a_desk_names_who_takes_over(centre: Centre) -> None:
    case = await contacted(centre, 7.9)
    await move_to(centre, hour(8))
    (listed,) = await lists(centre)
    path = f"/handovers/{listed['id']}/acceptance"

    off_duty = await send(centre, "desk-1", "POST", path, {"responder": "R13"})
    await done(centre, "desk-1", "POST", path, {"responder": "R12"})

    assert off_duty.json()["type"] == "/problems/nobody-fits"
    assert (await centre.case(case))["responder"] == "R12"


async def test_only_the_next_shift_of_the_unit_accepts(centre: Centre) -> None:
    await contacted(centre, 7.9)
    await move_to(centre, hour(8))
    (listed,) = await lists(centre)
    path = f"/handovers/{listed['id']}/acceptance"

    answers = {who: (await send(centre, who, "POST", path)).status_code for who in ("R11", "R22", "desk-2", "operator")}

    assert answers == {"R11": 403, "R22": 404, "desk-2": 404, "operator": 403}


async def test_what_can_still_be_asked_is_left_to_its_own_limits(centre: Centre) -> None:
    await move_to(centre, hour(7.99))
    case = await centre.warn(unit="P1")
    await centre.do("R11", case, "acknowledgement")
    await move_to(centre, hour(8))
    (listed,) = await lists(centre)

    told = await done(centre, "R12", "POST", f"/handovers/{listed['id']}/acceptance")

    assert (told["moved"], told["left"]) == (0, [str(case)])
    assert (await centre.case(case))["responder"] == "R11"


async def test_lists_nobody_accepts_and_gaps_are_counted(centre: Centre) -> None:
    await contacted(centre, 7.9)
    await move_to(centre, hour(8))
    body = {"responder": "R12", "starts_at": hour(9).isoformat(), "ends_at": hour(11).isoformat()}
    await done(centre, "desk-1", "POST", "/units/P1/leave", body)
    await move_to(centre, hour(8.5))

    await tell_watch(centre.parts)

    assert _values(metrics.UNACCEPTED) == {"P1": 1, "P2": 0}
    assert _values(metrics.GAP_HOURS) == {"P1": 2, "P2": 0}


def _values(gauge: object) -> dict[str, float]:
    (family,) = gauge.collect()  # type: ignore[attr-defined]  # a Gauge
    return {sample.labels["unit"]: sample.value for sample in family.samples}
