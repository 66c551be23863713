"""Send warnings as one source as fast as it goes until stopped; or, paced, as another one, and say how long each took.

`python -m tests.bench.flooding PORT CONNECTIONS RATE COUNT`; RATE 0 is as fast as it goes, COUNT 0 until stopped.
"""

import asyncio
import itertools
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import uvloop

from tests.bench.rows import say

HEAD = (
    "POST /warnings HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\nidempotency-key: {key}\r\n"
    "content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
)
WARM = 20


def requests(token: str) -> Iterator[bytes]:
    for number in itertools.count():
        body = json.dumps(
            {
                "instruction_number": f"B-{os.getpid()}-{number}",
                "issued_at": datetime.now(UTC).isoformat(),
                "risk": "URGENT",
                "subject": {"phone": f"199-0000-{number:06}"},
            }
        )
        yield HEAD.format(token=token, key=f"{os.getpid()}-{number}", length=len(body), body=body).encode()


async def run(port: int, connections: int, rate: float, count: int) -> None:
    numbered = enumerate(itertools.islice(requests(os.environ["BENCH_TOKEN"]), count or None))
    took_ms: list[float] = []
    began = time.perf_counter() + 0.2
    await asyncio.gather(*(_one(port, numbered, began, rate, took_ms) for _ in range(connections)))
    cuts = statistics.quantiles(took_ms[WARM:], n=100)
    say(json.dumps({"p50_ms": cuts[49], "p99_ms": cuts[98]}))


async def _one(
    port: int, numbered: Iterator[tuple[int, bytes]], began: float, rate: float, took_ms: list[float]
) -> None:
    """A wait counts from the moment at which the warning was due. Paced, each must be taken."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, request in numbered:
        due = began + number / rate if rate else time.perf_counter()
        if (ahead := due - time.perf_counter()) > 0:
            await asyncio.sleep(ahead)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert not rate or head.startswith(b"HTTP/1.1 202"), head
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]))
        if rate:
            took_ms.append((time.perf_counter() - due) * 1e3)
    writer.close()


if __name__ == "__main__":
    PORT, CONNECTIONS, RATE, COUNT = sys.argv[1:]
    uvloop.run(run(int(PORT), int(CONNECTIONS), float(RATE), int(COUNT)))
