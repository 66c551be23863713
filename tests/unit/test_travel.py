"""Travel times from a service: used when they come in time, never waited for, and left alone after a failure."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx2

from services.domain.choice import Measured
from services.domain.ways import Start, Way
from services.travel import Service

WAY = Way(
    lat=19.0,
    lon=131.0,
    codes=("A",),
    starts=(Start("A1", 19.1, 131.1, ("A",)), Start("A2", 19.2, 131.2, ("A",)), Start("A3", 19.3, 131.3, ("A",))),
)


class Answers:
    """A service that gives one answer after the other, and remembers what it was asked."""

    def __init__(self, *answers: Callable[[], Awaitable[httpx2.Response]] | httpx2.Response) -> None:
        self.asked: list[httpx2.URL] = []
        self._answers = list(answers)

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url)
        answer = self._answers.pop(0)
        return answer if isinstance(answer, httpx2.Response) else await answer()

    def service(self) -> Service:
        return Service("http://127.0.0.1:5000/table/v1/driving/", transport=httpx2.MockTransport(self))


def ok(*rows: float | None) -> httpx2.Response:
    return httpx2.Response(200, json={"code": "Ok", "durations": [[seconds] for seconds in rows]})


async def never() -> httpx2.Response:
    await asyncio.Event().wait()
    raise AssertionError


async def test_each_way_has_its_seconds_but_where_no_road_leads() -> None:
    answers = Answers(ok(300.5, None, 90))
    service = answers.service()

    assert await service.seconds([WAY]) == (Measured.SERVICE, [{"A1": 300.5, "A3": 90.0}])

    (url,) = answers.asked
    assert url.path.startswith("/table/v1/driving/131.000000,19.000000;131.100000,19.100000;")
    assert dict(url.params) == {"sources": "1;2;3", "destinations": "0", "annotations": "duration"}
    await service.close()


async def test_a_late_answer_is_not_waited_for_and_not_asked_again() -> None:
    answers = Answers(never)
    service = answers.service()

    assert await service.seconds([WAY, WAY][:1]) == (Measured.NO_ANSWER, [{}])
    assert await service.seconds([WAY, WAY]) == (Measured.NO_ANSWER, [{}, {}])

    assert len(answers.asked) == 1
    await service.close()


async def test_a_broken_service_is_left_alone() -> None:
    for broken in (
        httpx2.Response(502),
        httpx2.Response(200, text="<html>"),
        httpx2.Response(200, json={"code": "Ok"}),
    ):
        answers = Answers(broken)
        service = answers.service()

        assert await service.seconds([WAY]) == (Measured.NO_ANSWER, [{}])
        assert (await service.seconds([WAY]))[0] is Measured.NO_ANSWER
        assert len(answers.asked) == 1
        await service.close()


async def test_one_way_that_is_refused_spoils_no_other() -> None:
    answers = Answers(httpx2.Response(400, json={"code": "NoSegment"}), ok(1, 2, 3))
    service = answers.service()

    assert await service.seconds([WAY, WAY]) == (Measured.SERVICE, [{}, {"A1": 1.0, "A2": 2.0, "A3": 3.0}])
    await service.close()
