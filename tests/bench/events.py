"""Lines `events`: one change to four thousand clients of the stream: how soon, at what memory, at what cost in bursts."""

import asyncio
import statistics
import time
from typing import Any

from deploy.native.ports import answers, free_port
from services.clock import SteadyClock
from services.domain.words import Role
from services.store import tokens
from services.store.engine import Store
from tests.bench.ground import Ground, finished
from tests.bench.rows import Row, ratios_of, row_of, say
from tests.bench.streaming import FIRST

CLIENTS, SINGLES, BURSTS, BURST = 4_000, 5, 2, 50
LAST_MS, LAST_AIM_MS = 100.0, 50.0
KEPT_KB = 10.0
CPU, CPU_AIM = 0.1, 0.05
PATHS = {"events": "/events", "queues": "/queues"}


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """The clients share the cores with the api, and read what they get. The floor is a queue and a task a client."""
    bursts = BURSTS * 3 if full else BURSTS
    lasts: list[tuple[float, float | None]] = []
    kept: list[tuple[float, float | None]] = []
    costs: list[tuple[float, float | None]] = []
    with ground.fresh_database() as database:
        secret = asyncio.run(_auditor(database))
        for number in range(rounds):
            ours, floor = (_told(ground, database, secret, way, bursts) for way in PATHS)
            say(
                f"    round {number + 1}: last of {CLIENTS:,} after {ours['last_ms']:.0f} ms (queues"
                f" {floor['last_ms']:.0f}), {ours['kept_kb']:.1f} KB a client ({floor['kept_kb']:.1f}), a burst of"
                f" {BURST} takes {ours['cpu_ms']:.0f} ms of a core ({floor['cpu_ms']:.0f})"
            )
            lasts.append((ours["last_ms"], floor["last_ms"]))
            kept.append((ours["kept_kb"], floor["kept_kb"]))
            costs.append((ours["cpu_ms"], floor["cpu_ms"]))
    return [
        row_of(
            f"events: one change until the last of {CLIENTS:,} clients has it",
            "ms",
            lasts,
            required=f"≤ {LAST_MS:g} ms",
            aim=f"≤ {LAST_AIM_MS:g} ms",
            met=statistics.median(last for last, _ in lasts) <= LAST_MS,
        ),
        row_of(
            "events: memory of a client",
            "KB",
            kept,
            required=f"≤ {KEPT_KB:g} KB",
            aim=f"≤ {KEPT_KB:g} KB",
            met=statistics.median(one for one, _ in kept) <= KEPT_KB,
        ),
        row_of(
            f"events: a burst of {BURST} to {CLIENTS:,} clients, of a queue a client",
            "ms of a core",
            costs,
            required=f"≤ {CPU}",
            aim=f"≤ {CPU_AIM}",
            met=statistics.median(ratios_of(costs)) <= CPU,
        ),
    ]


def _told(ground: Ground, database: str, secret: str, way: str, bursts: int) -> dict[str, Any]:
    """What both programs say of one way."""
    port = free_port()
    numbers = map(str, (CLIENTS, SINGLES, bursts, BURST))
    order = ("-m", "tests.bench.streaming", str(port), way, *numbers)
    api = ground.run("streaming", order, database, QUANZU_AT_ONCE=str(CLIENTS))  # one token stands for all clients
    limit = time.monotonic() + 60
    while not answers(f"http://127.0.0.1:{port}/livez"):
        assert api.alive, api.tail()
        assert time.monotonic() < limit, "the api does not answer"
        time.sleep(0.1)
    order = ("-m", "tests.bench.listening", str(port), PATHS[way], str(CLIENTS), str(FIRST), str(SINGLES))
    listening = ground.run("listening", order, "sqlite:///none", BENCH_TOKEN=secret)
    try:
        told = finished(api)
        heard = finished(listening)
    finally:
        listening.kill()
    assert heard["heard"] == [CLIENTS] * SINGLES, heard["heard"]
    took_ms = [(last - at) * 1e3 for at, last in zip(told["told_at"], heard["last_at"], strict=True)]
    return {**told, "last_ms": statistics.median(took_ms)}


async def _auditor(database: str) -> str:
    store = Store(database, name="bench")
    store.clock = SteadyClock(await store.measure_time())
    try:
        async with store.begin() as tx:
            return await tokens.make(tx, "auditor", role=Role.AUDITOR, unit=None, responder=None)
    finally:
        await store.close()
