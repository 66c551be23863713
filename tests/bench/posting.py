"""Ask for each case of a file once over kept connections; bare sockets, so that little but the api is measured.

`python -m tests.bench.posting PORT VERB WHAT CONNECTIONS RATE FILE`; VERB is POST, a command, or GET; RATE 0 is as fast
as it goes. Paced, a wait counts from the moment at which the command was due.
"""

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from tests.bench.rows import say

HEAD = "{verb} /cases/{case}/{what} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n"
REST = {
    "POST": (
        'idempotency-key: {case}\r\nif-match: "2"\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}'
    ),
    "GET": "\r\n",
}


async def run(port: int, asked: tuple[str, str], connections: int, rate: float, cases: list[str]) -> None:
    verb, what = asked
    token, wording = os.environ["BENCH_TOKEN"], HEAD + REST[verb]
    requests = [wording.format(verb=verb, case=case, what=what, token=token).encode() for case in cases]
    waiting, took_ms = iter(enumerate(requests)), list[float]()
    began = time.perf_counter() + 0.2
    await asyncio.gather(*(_one(port, waiting, began, rate, took_ms) for _ in range(connections)))
    cuts = statistics.quantiles(took_ms, n=100)
    say(json.dumps({"rate": len(cases) / (time.perf_counter() - began), "p50_ms": cuts[49], "p99_ms": cuts[98]}))


async def _one(
    port: int, waiting: Iterator[tuple[int, bytes]], began: float, rate: float, took_ms: list[float]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, request in waiting:
        due = began + (number / rate if rate else 0)
        if (ahead := due - time.perf_counter()) > 0:
            await asyncio.sleep(ahead)
        sent = due if rate else time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        took_ms.append((time.perf_counter() - sent) * 1e3)
    writer.close()


if __name__ == "__main__":
    PORT, VERB, WHAT, CONNECTIONS, RATE, FILE = sys.argv[1:]
    uvloop.run(run(int(PORT), (VERB, WHAT), int(CONNECTIONS), float(RATE), Path(FILE).read_text().split()))
