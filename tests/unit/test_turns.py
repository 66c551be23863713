"""Requests of one asker at work at once: a few, the rest in line, too long a line refused; nobody else waits for them."""

import asyncio
from typing import Any

from starlette.types import Receive, Scope, Send

from services.api.turns import MOST_WAITING, Turns, takes_long

AT_ONCE = 4
SCOPE: dict[str, Any] = {"type": "http", "headers": [], "state": {}}


class Slow:
    """An app that answers nobody before it may."""

    def __init__(self) -> None:
        self.at_work = 0
        self.may = asyncio.Event()

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        self.at_work += 1
        try:
            await self.may.wait()
        finally:
            self.at_work -= 1


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_flood_waits_in_line_and_nobody_else() -> None:
    turns, slow, sent = Turns(AT_ONCE), Slow(), list[int]()

    async def receive() -> Any: ...

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    def ask(name: str) -> asyncio.Task[None]:
        return asyncio.create_task(turns.pass_on(name, slow, SCOPE, receive, send))

    flood = [ask("change bank") for _ in range(AT_ONCE + MOST_WAITING + 3)]
    await _settled()
    assert (slow.at_work, sent) == (AT_ONCE, [429] * 3)

    other = ask("change R11")
    await _settled()
    assert slow.at_work == AT_ONCE + 1

    for gone in flood[: AT_ONCE + 2]:  # who hangs up gives the place on
        gone.cancel()
    await _settled()
    assert slow.at_work == AT_ONCE + 1
    slow.may.set()
    await asyncio.gather(other, *flood, return_exceptions=True)
    assert (slow.at_work, turns._lines) == (0, {})


def test_what_takes_as_long_as_a_line_waits_for_no_turn() -> None:
    assert takes_long("/events")
    assert takes_long("/cases/x/evidence")
    assert not takes_long("/cases/x/acknowledgement")
