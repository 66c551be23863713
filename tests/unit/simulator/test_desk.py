"""A simulated person at the API: keys, turns, and what happens when somebody was first."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import httpx2
import pytest

from services.clock import SteadyClock
from services.simulator.behaviour import Step
from services.simulator.desk import Desk, Errand

CASE = UUID("00000000-0000-5000-8000-000000000001")
STEPS = (
    Step(after_s=1, command="acknowledgement"),
    Step(after_s=1, command="attempts", body={"result": "REACHED_VOICE", "channel": "call"}),
    Step(after_s=1, command="contact", body={"mode": "voice"}),
)
ERRAND = Errand(name="MT01-01:1", case_id=CASE, turn=2, token="qz_test", steps=STEPS)


class Api:
    """Stands where the API would: writes down each request and answers what it is told to."""

    def __init__(self, answer: Callable[[int], httpx2.Response]) -> None:
        self.requests: list[httpx2.Request] = []
        self._answer = answer

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return self._answer(len(self.requests))


async def do(api: Api) -> tuple[bool, Desk]:
    clock = SteadyClock(datetime.now(UTC), speed=1000)
    async with httpx2.AsyncClient(base_url="http://api.test", transport=httpx2.MockTransport(api)) as client:
        desk = Desk(client, clock, pause_s=0)
        return await desk.do(ERRAND), desk


def ok(number: int) -> httpx2.Response:
    return httpx2.Response(200, json={"turn": 2 + number})


async def test_each_step_names_the_turn_that_the_last_left() -> None:
    api = Api(ok)

    done, desk = await do(api)

    assert done
    assert [request.headers["if-match"] for request in api.requests] == ['"2"', '"3"', '"4"']
    assert [request.url.path for request in api.requests] == [f"/cases/{CASE}/{step.command}" for step in STEPS]
    assert len({request.headers["idempotency-key"] for request in api.requests}) == len(STEPS)
    assert {request.headers["authorization"] for request in api.requests} == {"Bearer qz_test"}
    assert desk.answers == {200: 3}


@pytest.mark.parametrize("status", [404, 409, 412])
async def test_who_comes_second_leaves_the_case_alone(status: int) -> None:
    api = Api(lambda number: ok(number) if number == 1 else httpx2.Response(status, json={}))

    done, desk = await do(api)

    assert not done
    assert desk.answers == {200: 1, status: 1}


async def test_a_lost_answer_is_asked_for_under_the_same_key() -> None:
    def answer(number: int) -> httpx2.Response:
        if number == 1:
            raise httpx2.ConnectError("away")
        return httpx2.Response(503, json={}) if number == 2 else ok(number)

    api = Api(answer)

    done, _ = await do(api)

    assert done
    assert len({request.headers["idempotency-key"] for request in api.requests[:3]}) == 1
    assert len(api.requests) == len(STEPS) + 2


async def test_a_person_takes_the_time_of_the_plan() -> None:
    clock = SteadyClock(datetime.now(UTC), speed=1000)
    api = Api(ok)
    began_at = clock.now()

    async with asyncio.timeout(10):
        async with httpx2.AsyncClient(base_url="http://api.test", transport=httpx2.MockTransport(api)) as client:
            await Desk(client, clock).do(ERRAND)

    assert (clock.now() - began_at).total_seconds() >= sum(step.after_s for step in STEPS)


async def test_what_is_beside_the_case_names_no_turn() -> None:
    api, beside = Api(ok), replace(ERRAND, steps=(Step(after_s=0, command="/follow-ups/1/result"),))
    async with httpx2.AsyncClient(base_url="http://api.test", transport=httpx2.MockTransport(api)) as client:
        assert await Desk(client, SteadyClock(datetime.now(UTC), speed=1000), pause_s=0).do(beside)

    (request,) = api.requests
    assert (request.url.path, request.headers.get("if-match")) == ("/follow-ups/1/result", None)
