"""On a real Kafka and PostgreSQL, every process at work: a case that nobody takes moves on in time, and each step is told."""

from typing import Any

from moving_steps import BOUND, HOME, NEXT, Stack, at_work, led_by, only_on_duty, people, soon_over
from router_steps import Centre

FIRST, SECOND, HEAD = people(HOME)[:3]
NEIGHBOUR = people(NEXT)[0]


async def test_a_declined_case_is_with_the_next_in_time(centre: Centre) -> None:
    await only_on_duty(centre, FIRST, SECOND)
    async with at_work(centre) as stack:
        number = await stack.warn()
        case = await centre.until(lambda: _assigned(centre, number))
        other = SECOND if case.responder == FIRST else FIRST

        said_at = await stack.decline(case)

        case = await stack.asked(number, other)
        declined, asked = (await stack.timeline(case))[-2:]
        assert (declined.action, asked.action) == ("DECLINE", "ASSIGN")
        assert asked.recorded_at - said_at <= BOUND
        assert len(await stack.instructed(case)) == 2
        assert centre.now() - said_at <= BOUND  # and the instruction is on its topic


async def test_an_unanswered_case_is_with_the_next_in_time(centre: Centre) -> None:
    await only_on_duty(centre, FIRST, SECOND)
    await soon_over(centre, ack_s=2)
    async with at_work(centre) as stack:
        number = await stack.warn()
        case = await centre.until(lambda: _assigned(centre, number))

        told = await centre.until(lambda: _after(stack, case, "EXPIRE"))

        before = next(event for event in await stack.timeline(case) if event.action == "ASSIGN")
        breach, expire, asked = told[0], told[1], told[2]
        assert [event.action for event in told[:3]] == ["BREACH", "EXPIRE", "ASSIGN"]
        assert {before.detail["responder"], asked.detail["responder"]} == {FIRST, SECOND}
        assert expire.recorded_at >= breach.at  # when the limit was over
        assert asked.recorded_at - breach.at <= BOUND


async def test_a_case_of_an_empty_precinct_moves_on_in_time(centre: Centre) -> None:
    await only_on_duty(centre, NEIGHBOUR)
    async with at_work(centre) as stack:
        sent_at = centre.now()

        case = await stack.asked(await stack.warn(), NEIGHBOUR)

        opened, asked = await stack.timeline(case)
        assert (case.responsible_unit, case.assigned_unit) == (HOME, NEXT)
        assert asked.detail["why"]["decided"] == "NEIGHBOUR"
        assert asked.recorded_at - opened.recorded_at <= BOUND
        assert await stack.instructed(case) == [NEIGHBOUR]
        assert centre.now() - sent_at <= BOUND


async def test_an_empty_county_leaves_it_to_the_centre(centre: Centre) -> None:
    await only_on_duty(centre)
    async with at_work(centre) as stack:
        sent_at = centre.now()

        case = await stack.asked(await stack.warn(), None)

        told = await stack.told(case)
        assert (told[-1]["state"], case.routing["choice"]["decided"]) == ("PENDING", "NOBODY_ON_DUTY")
        assert centre.now() - sent_at <= BOUND


async def test_head_then_neighbour_then_centre_each_told(centre: Centre) -> None:
    """The head is asked off duty, the neighbour across the boundary, and then the centre has to decide."""
    await only_on_duty(centre, FIRST, NEIGHBOUR)
    await led_by(centre, HEAD)
    async with at_work(centre) as stack:
        number = await stack.warn()
        case = await stack.asked(number, FIRST)
        why = []
        for following in (HEAD, NEIGHBOUR, None):
            said_at = await stack.decline(case)
            case = await stack.asked(number, following)
            last = (await stack.timeline(case))[-1]
            why.append((case.assigned_unit, case.routing["choice"]["decided"]))
            assert last.recorded_at - said_at <= BOUND
            told = (await stack.told(case))[-1]
            assert (told["state"], told["responder"]) == ("ASSIGNED" if following else "PENDING", following)
            assert told["assigned_unit"] == case.assigned_unit
            assert centre.now() - said_at <= BOUND

        assert why == [(HOME, "HEAD"), (NEXT, "NEIGHBOUR"), (None, "ALL_EXCLUDED")]
        assert await stack.instructed(case) == [FIRST, HEAD, NEIGHBOUR]
        told = await stack.told(case)
        assert [[change["action"] for change in one["changes"]] for one in told] == [
            ["OPEN", "ASSIGN"],
            ["DECLINE", "ASSIGN"],
            ["DECLINE", "ASSIGN"],
            ["DECLINE"],
        ]
        assert told[-1]["left_units"] == [NEXT]


async def _after(stack: Stack, case: Any, action: str) -> Any:
    """The timeline from just before `action` first happened; nothing while it has not."""
    events = await stack.timeline(case)
    found = next((index for index, event in enumerate(events) if event.action == action), None)
    return None if found is None else events[found - 1 :]


async def _assigned(centre: Centre, number: str) -> Any:
    case = (await centre.cases()).get(number)
    return case if case is not None and case.responder is not None else None
