"""Many clients of one stream, each a bare socket, in one process. A program of its own.

`python -m tests.bench.listening PORT PATH CLIENTS FIRST SINGLES`: FIRST of them come first, the others three seconds later.
Says when the last of all clients had each of the single events, by the clock that all processes of a machine share.
"""

import asyncio
import json
import os
import sys
import time

import uvloop

from tests.bench.rows import say

MARK = b"event: case"
AT_ONCE = 100


class Client(asyncio.Protocol):
    """Counts events; an event is heard by all when the last of them has counted it."""

    heard: list[int]  # by event: how many have it
    last_at: list[float]

    def __init__(self, request: bytes, over: asyncio.Event) -> None:
        self.count, self.tail, self.request, self.over = 0, b"", request, over

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        text = self.tail + data
        at = time.monotonic()
        for _ in range(text.count(MARK)):
            if self.count < len(self.heard):
                self.heard[self.count] += 1
                self.last_at[self.count] = at
            self.count += 1
        self.tail = text[-(len(MARK) - 1) :] if not text.endswith(b"\n") else b""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's own signature
        self.over.set()


async def run(port: int, path: str, clients: int, first: int, singles: int) -> None:
    request = f"GET {path} HTTP/1.1\r\nhost: b\r\nauthorization: Bearer {os.environ['BENCH_TOKEN']}\r\n\r\n".encode()
    Client.heard, Client.last_at = [0] * singles, [0.0] * singles
    loop, over = asyncio.get_running_loop(), asyncio.Event()

    async def come(count: int) -> None:
        for begin in range(0, count, AT_ONCE):
            made = range(begin, min(count, begin + AT_ONCE))
            await asyncio.gather(
                *(loop.create_connection(lambda: Client(request, over), "127.0.0.1", port) for _ in made)
            )

    await come(first)
    await asyncio.sleep(4)
    await come(clients - first)
    await over.wait()
    say(json.dumps({"heard": Client.heard, "last_at": Client.last_at}))


if __name__ == "__main__":
    PORT, PATH, *NUMBERS = sys.argv[1:]
    uvloop.run(run(int(PORT), PATH, *map(int, NUMBERS)))
