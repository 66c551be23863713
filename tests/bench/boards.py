"""So many boards without a screen: each hears the stream and reads the case it is told of, as the page does.

A program of its own: `python -m tests.bench.boards PORT BOARDS CASES SECONDS FILE`, the token in BENCH_TOKEN. The file tells
when which case was read, by whom.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.bench.rows import say

GATHERS_S = 0.03  # the page waits as long for others that come together
AGAIN_S = 1.0  # and as long before it asks a busy server again


class Board:
    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._head = f"host: 127.0.0.1\r\nauthorization: Bearer {token}\r\n"
        self.seen: list[tuple[str, float]] = []
        self.refused = 0

    async def listen(self, count: int, ready: asyncio.Semaphore) -> None:
        """Until so many new cases were read."""
        async for told in self._events(ready):
            if any(one["action"] == "OPEN" for one in told["changes"]):
                await asyncio.sleep(GATHERS_S)
                while not await self._read(told["case_id"]):
                    self.refused += 1
                    await asyncio.sleep(AGAIN_S)
                self.seen.append((told["case_id"], time.time()))
                if len(self.seen) == count:
                    return

    async def _events(self, ready: asyncio.Semaphore) -> AsyncIterator[dict[str, Any]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**20)
        writer.write(f"GET /events HTTP/1.1\r\n{self._head}accept: text/event-stream\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        ready.release()
        event = b""
        async for line in reader:  # pieces of a chunked body end at line ends, as the api sends them
            if line.startswith(b"event: "):
                event = line[7:].strip()
            elif line.startswith(b"data: ") and event == b"case":
                yield json.loads(line[6:])

    async def _read(self, case_id: str) -> bool:
        """Whether the server had an answer; busy, it says so."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"GET /cases?case_id={case_id}&limit=100 HTTP/1.1\r\n{self._head}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith(("http/1.1 200", "http/1.1 429", "http/1.1 503")), head
        await reader.readexactly(int(head.partition("content-length:")[2].split("\r\n", 1)[0]))
        writer.close()
        return head.startswith("http/1.1 200")


async def main(port: int, boards: int, count: int, seconds: float) -> str:
    made = [Board(port, os.environ["BENCH_TOKEN"]) for _ in range(boards)]
    ready = asyncio.Semaphore(0)
    listening = [asyncio.create_task(one.listen(count, ready)) for one in made]
    for _ in made:
        await ready.acquire()
    say("ready")
    done, _ = await asyncio.wait(listening, timeout=seconds)
    for one in done:
        one.result()
    return json.dumps({"seen": [one.seen for one in made], "refused": sum(one.refused for one in made)})


if __name__ == "__main__":
    Path(sys.argv[5]).write_text(
        asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
    )
