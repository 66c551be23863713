"""How many requests of one asker are at work at once: what comes on top waits for its turn, and takes no connection of
the database from anybody else meanwhile. In this process alone.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.problems import Problem, answer

MOST_WAITING: Final = 100
EVENTS: Final = "/events"
FULL: Final = Problem(code="too-many", headers={"retry-after": "1"})


@dataclass(slots=True)
class _Line:
    turn: asyncio.Semaphore
    here: int = 0


class Turns:
    """One line for each name that is asked for; it is gone with the last who stands in it."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lines: dict[str, _Line] = {}

    async def pass_on(self, name: str, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let `app` answer in its turn; too long a line is refused at once."""
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = _Line(asyncio.Semaphore(self._at_once))
        if line.here >= self._at_once + MOST_WAITING:
            await answer(FULL, scope)(scope, receive, send)
            return
        line.here += 1
        try:
            async with line.turn:
                await app(scope, receive, send)
        finally:
            line.here -= 1
            if not line.here:
                del self._lines[name]


def takes_long(path: str) -> bool:
    """What lasts as long as a line does is in nobody's way: a stream, a photo that comes or goes."""
    return path == EVENTS or "/evidence" in path
