"""Where responders are now, and what they say of themselves, decides who gets a case."""

from types import SimpleNamespace

from centre import INSIDE, Centre, minute, shown

from schemas.envelope import EventType, headers_for
from schemas.fields import Point
from schemas.position import ResponderPosition


def seen(centre: Centre, responder: str, lat: float, lon: float) -> None:
    """A position from the topic, as a process that chooses takes it."""
    at = centre.clock.now()
    told = ResponderPosition(responder=responder, point=Point(lat=lat, lon=lon, datum="WGS84"), at=at)
    headers = headers_for(id="1", source="/t", type=EventType.RESPONDER_POSITION, time=at, key=responder)
    record = SimpleNamespace(headers=headers, value=told.model_dump_json().encode())
    centre.parts.positions.take([record])


async def test_a_fix_beats_the_post_while_it_is_fresh(centre: Centre) -> None:
    """By their posts R11 is nearer; R12 was seen at the very place."""
    seen(centre, "R12", *INSIDE["P1"])
    await centre.look_round()
    by_fix = await centre.case(await centre.warn())
    centre.clock.move_to(minute(16))
    await centre.look_round()
    by_post = await centre.case(await centre.warn())

    assert (by_fix["responder"], by_post["responder"]) == ("R12", "R11")
    (first, *_) = by_fix["routing"]["candidates"]
    assert first["distance_m"] < 1
    assert first["fix_age_s"] == 0


async def test_who_says_not_available_is_not_asked(centre: Centre) -> None:
    said = {"availability": "NOT_AVAILABLE", "activity": "OFF_DUTY"}
    answer = await centre.client.put("/responders/R11/status", headers=centre.headers("R11"), json=said)
    assert (answer.status_code, answer.json()["changed_at"]) == (200, shown(minute(0)))
    await centre.look_round()

    case = await centre.case(await centre.warn())

    assert case["responder"] == "R12"
