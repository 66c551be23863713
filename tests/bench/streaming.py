"""The api with two ways to tell of changes: its own stream, and a queue a client. A program of its own.

`python -m tests.bench.streaming PORT WAY CLIENTS SINGLES BURSTS BURST`: once so many listen, one change after the other is
told, a second apart, then bursts. Says when each single one was told, what a client holds and what a burst costs.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from uuid import uuid4

import uvloop
from fastapi import Request
from fastapi.responses import StreamingResponse

from schemas.case import CaseChanged, Happened
from services import log
from services.api.access import ACCESS
from services.api.app import make_app
from services.api.events import Broadcaster
from services.health import served
from services.settings import read_settings
from services.wiring import opened
from tests.bench.inside import as_served
from tests.bench.memory import resident_mb
from tests.bench.rows import say

FIRST = 50  # clients after whom the caches are full
APART_S, SETTLED_S = 1.0, 2.0


class Queues:
    """The way it is usually written: each client has a queue, its task takes from there and sends."""

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[bytes]] = set()

    async def stream(self) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.queues.add(queue)
        try:
            yield b"retry: 1000\n\n"
            while True:
                yield await queue.get()
        finally:
            self.queues.discard(queue)

    def tell(self, changed: CaseChanged) -> None:
        frame = f"event: case\ndata: {changed.model_dump_json()}\n\n".encode()  # encoded once here, too
        for queue in self.queues:
            queue.put_nowait(frame)


async def run(port: int, way: str, *, clients: int, singles: int, bursts: int, burst: int) -> None:
    log.set_up(process="api")
    broadcaster, queues = Broadcaster(), Queues()
    async with opened(read_settings(), name="api") as parts:
        app = make_app(parts, broadcaster)

        async def by_queue(request: Request) -> StreamingResponse:
            request.state.streamed = True
            return StreamingResponse(queues.stream(), media_type="text/event-stream")

        app.get("/queues")(by_queue)
        app.state.access = {**app.state.access, "GET /queues": ACCESS["GET /events"]}
        broadcaster.begin("bench", {0: 0})
        as_served()
        async with served(app, host="127.0.0.1", port=port):
            how_many = (lambda: broadcaster.streams) if way == "events" else (lambda: len(queues.queues))
            tell = _telling(broadcaster) if way == "events" else queues.tell
            before_mb = await _until(how_many, FIRST)
            after_mb = await _until(how_many, clients)
            told_at = []
            for number in range(singles):
                change = _changed(number)
                told_at.append(time.monotonic())
                tell(change)
                await asyncio.sleep(APART_S)
            changes = [_changed(number) for number in range(burst)]
            before_s = time.process_time()
            for _ in range(bursts):
                for change in changes:
                    tell(change)
                await asyncio.sleep(APART_S)
            await asyncio.sleep(SETTLED_S)
            cpu_ms = (time.process_time() - before_s) / bursts * 1e3
            kept_kb = (after_mb - before_mb) * 1e3 / (clients - FIRST)
            broadcaster.close()
    say(json.dumps({"told_at": told_at, "kept_kb": kept_kb, "cpu_ms": cpu_ms}))


def _telling(broadcaster: Broadcaster) -> Callable[[CaseChanged], None]:
    offsets = iter(range(1 << 40))
    return lambda changed: broadcaster.tell(changed, partition=0, offset=next(offsets))


async def _until(how_many: Callable[[], int], wanted: int) -> float:
    """Wait for so many clients; what the process holds then, in MB."""
    async with asyncio.timeout(240):
        while how_many() < wanted:
            await asyncio.sleep(0.02)
    await asyncio.sleep(SETTLED_S)
    gc.collect()
    return resident_mb("self")


def _changed(number: int) -> CaseChanged:
    return CaseChanged(
        case_id=uuid4(),
        version=number + 1,
        turn=1,
        changes=(Happened(action="OPEN", by="router"),),
        state="PENDING",
        risk="HIGH",
        mode="actual",
        responsible_unit="MT01",
        at=datetime.now(UTC),
    )


if __name__ == "__main__":
    PORT, WAY, CLIENTS, SINGLES, BURSTS, BURST = sys.argv[1:]
    told = {"clients": int(CLIENTS), "singles": int(SINGLES), "bursts": int(BURSTS), "burst": int(BURST)}
    uvloop.run(run(int(PORT), WAY, **told))
