"""What the router makes of good records: cases, places, times and repeats."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from router_steps import Centre, event
from sqlalchemy import select

from schemas.topics import WARNING_ISSUED, WARNING_URGENT
from services.store import tables


async def test_a_warning_becomes_a_case_with_an_instruction(either_centre: Centre) -> None:
    centre = either_centre
    async with centre.router() as parts:
        await centre.send(centre.warning("MT-A"), broker=parts.broker.bootstrap)

        (case,) = await centre.count(tables.cases, 1)
        await centre.all_sent()

    assert (case.state, case.version) == ("ASSIGNED", 2)
    assert case.responder.startswith(case.responsible_unit)
    sent = await centre.messages(parts.broker.bootstrap) if parts.settings.kafka else []
    assert [(one["case_id"], one["version"]) for one in sent] == [(str(case.case_id), 2)] * bool(parts.settings.kafka)


@pytest.mark.parametrize(
    ("point", "why"),
    [
        ({"lat": 0, "lon": 0}, "ZERO_ZERO"),
        ({"lat": 131.0, "lon": 19.0}, "LOOKS_SWAPPED"),
        ({"lat": 200.5, "lon": -900}, "OUTSIDE_WORLD"),
        ({"lat": -60.0, "lon": -30.0}, "OUTSIDE_LIMITS"),
        (None, "NO_POINT"),
    ],
)
async def test_an_unusable_place_goes_to_the_centre(small_centre: Centre, point: Any, why: str) -> None:
    centre = small_centre
    async with centre.router() as parts:
        await centre.send(centre.warning(places={"current": {"point": point}}), broker=parts.broker.bootstrap)

        (case,) = await centre.count(tables.cases, 1)

    assert (case.state, case.assigned_unit, case.routed_by) == ("PENDING", None, "CENTRE")
    assert case.routing["why"][0] == why


async def test_an_hour_that_began_too_early_or_late_is_marked(centre: Centre) -> None:
    """One minute ahead is clamped, ten are refused, two hours ago is late and its limits are over at once."""
    now = centre.now()
    times = {"AHEAD": timedelta(minutes=1), "FAR": timedelta(minutes=10), "LATE": -timedelta(hours=2)}
    async with centre.router():
        await centre.send(*(centre.warning(name, issued_at=(now + by).isoformat()) for name, by in times.items()))

        await centre.count(tables.cases, 2)
        (letter,) = await centre.count(tables.dead_letter, 1)

    cases = await centre.cases()
    assert cases["AHEAD"].issued_ahead
    assert cases["AHEAD"].issued_at == cases["AHEAD"].received_at
    assert (letter.error_class, letter.reason) == ("issued_at", "issued_at: too far ahead")
    late = cases["LATE"]
    assert late.late_on_arrival
    assert late.next_due_at < late.received_at
    breached = [row.detail["timer"] for row in await centre.rows(tables.event) if row.action == "BREACH"]
    assert breached == ["ASSIGN"]


async def test_repeats_are_counted_and_redeliveries_are_not(either_centre: Centre) -> None:
    centre = either_centre
    first = centre.warning("MT-1")
    same_person = centre.warning("MT-2", subject=first["subject"])
    body = json.dumps(first).encode()
    async with centre.router() as parts:
        for record in (
            event(body, id="one"),
            event(body, id="one"),  # a redelivery
            event(body, id="two"),  # the same instruction again
            event(json.dumps(same_person).encode(), id="three"),
        ):
            await centre.put([record], broker=parts.broker.bootstrap)
        rows = await centre.count(tables.received, 3)

    (case,) = await centre.rows(tables.cases)
    assert case.repeat_count == 2
    assert {row.ce_id: row.effect for row in rows} == {"one": "OPENED", "two": "REPEATED", "three": "ATTACHED"}


async def test_an_attached_instruction_amended_at_once_holds_nothing_up(either_centre: Centre) -> None:
    """Its first record goes to the subject's open case, so the second, of another subject, finds none to amend."""
    centre = either_centre
    known = centre.warning("MT-1")
    attached = centre.warning("MT-2", subject=known["subject"])
    amended = centre.warning("MT-2")
    async with centre.router() as parts:
        await centre.send(known, broker=parts.broker.bootstrap)
        await centre.count(tables.cases, 1)
    async with centre.router() as parts:
        records = [event(json.dumps(one).encode()) for one in (attached, amended, centre.warning("MT-3"))]
        await centre.put(records, partition=1, broker=parts.broker.bootstrap)
        await centre.count(tables.cases, 3)

    assert {number: case.repeat_count for number, case in (await centre.cases()).items()} == {
        "MT-1": 1,
        "MT-2": 0,
        "MT-3": 0,
    }


async def test_fifty_copies_under_three_routers_make_one_case(centre: Centre) -> None:
    """Copies with ids of their own and with one id, on every partition at once: the database decides who is first."""
    body = json.dumps(centre.warning("MT-1")).encode()
    copies = [event(body, id=f"copy-{number % 40}") for number in range(50)]
    async with centre.router(), centre.router(), centre.router():
        await asyncio.gather(*(centre.put([copy], partition=index % 12) for index, copy in enumerate(copies)))

        await centre.count(tables.received, 40)
        await centre.read_up()

    (case,) = await centre.rows(tables.cases)
    assert case.repeat_count == 39
    assert await centre.rows(tables.dead_letter) == []


async def test_urgent_warnings_do_not_wait_for_ordinary_ones(centre: Centre) -> None:
    """The ordinary lane is held up by a lock on its positions."""
    position = tables.position
    async with centre.router():
        await centre.until(lambda: centre.shared([12]))
        await centre.until(lambda: centre.shared([6], WARNING_URGENT))
        async with centre.store.begin() as tx:
            await tx.conn.execute(select(position).where(position.c.topic == WARNING_ISSUED).with_for_update())
            await centre.send(*(centre.warning() for _ in range(50)))
            await centre.send(centre.warning("NOW", risk="URGENT"), topic=WARNING_URGENT)
            (case,) = await centre.count(tables.cases, 1)
        await centre.count(tables.cases, 51)

    assert case.instruction_number == "NOW"


async def test_partitions_are_shared_out_and_handed_on(centre: Centre) -> None:
    async with centre.router():
        await centre.until(lambda: centre.shared([12]))
        async with centre.router(), centre.router():
            await centre.until(lambda: centre.shared([4, 4, 4]))
            await centre.send(*(centre.warning() for _ in range(200)))
            await centre.count(tables.cases, 200)
        await centre.until(lambda: centre.shared([12]))
        await centre.send(*(centre.warning() for _ in range(200)))
        await centre.count(tables.cases, 400)

    positions = [row for row in await centre.rows(tables.position) if row.topic == WARNING_ISSUED]
    assert [row.lane for row in positions] == [None] * 12
