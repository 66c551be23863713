"""Line `drain`: a backlog through two routers, one a core, against the same rows from memory and against a plain handler."""

import asyncio
import statistics
import time

import asyncpg

from schemas.topics import WARNING_ISSUED
from tests.bench.ground import Ground, finished
from tests.bench.rows import Row, ratios_of, row_of, say
from tests.bench.warnings import fill, warnings

BACKLOG, BACKLOG_FULL = 20_000, 40_000
ROUTERS = 2  # a process has one core; the floor writes over as many connections as their lanes
PLAIN_RECORDS = 500
REQUIRED, AIM = 0.45, 0.75
REQUIRED_TIMES, AIM_TIMES = 80, 150
LOOK_S, LONGEST_S = 0.025, 180


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """Interleaved rounds: ours, floor, plain handler. The routers run together, the floor and the handler each alone."""
    backlog = BACKLOG_FULL if full else BACKLOG
    floors: list[tuple[float, float | None]] = []
    plains: list[tuple[float, float | None]] = []
    for number in range(rounds):
        ours = _ours(ground, backlog, f"drain{number}")
        floor = _floor(ground, backlog, f"floor{number}")
        plain = _plain(ground)
        say(f"    round {number + 1}: ours {ours:,.0f}/s, floor {floor:,.0f}/s, plain handler {plain:,.1f}/s")
        floors.append((ours, floor))
        plains.append((ours, plain))
    ratio = statistics.median(ratios_of(floors))
    times = statistics.median(ratios_of(plains))
    return [
        row_of(
            f"drain: {backlog:,} records by {ROUTERS} routers, of the bare database",
            "warnings/s",
            floors,
            required=f"≥ {REQUIRED}",
            aim=f"≥ {AIM}",
            met=ratio >= REQUIRED,
        ),
        row_of(
            f"drain: {backlog:,} records by {ROUTERS} routers, times a plain handler",
            "warnings/s",
            plains,
            required=f"≥ {REQUIRED_TIMES}",
            aim=f"≥ {AIM_TIMES}",
            met=times >= REQUIRED_TIMES,
        ),
    ]


def _ours(ground: Ground, backlog: int, tag: str) -> float:
    """Warnings a second from the first commit to the last: the start of the process is not in it."""
    begins = ground.empty_topics()
    fill(ground.kafka.bootstrap, warnings(range(backlog), run=tag))
    with ground.fresh_database() as database:
        routers = [ground.serve("router", database) for _ in range(ROUTERS)]
        try:
            return asyncio.run(_watched(database, begins, backlog))
        finally:
            for router in routers:
                router.stop()


async def _watched(database: str, begins: list[int], expected: int) -> float:
    """Watch the positions, which move with the cases; at the end the cases are counted, and the outbox is empty."""
    watching = await asyncpg.connect(database)
    try:
        behind = await behind_of(watching, begins)
        first: tuple[float, int] | None = None
        limit = time.monotonic() + LONGEST_S
        while behind < expected:
            if time.monotonic() > limit:
                raise TimeoutError(f"{behind} of {expected} records after {LONGEST_S} s")
            await asyncio.sleep(LOOK_S)
            behind, at = await behind_of(watching, begins), time.monotonic()
            if first is None and behind:
                first = (at, behind)
        assert first is not None, "the whole backlog was gone at the first look: it is too small to be timed"
        began, had = first
        await _complete(watching, expected)
        return (behind - had) / (at - began)
    finally:
        await watching.close()


async def behind_of(watching: asyncpg.Connection, begins: list[int]) -> int:
    """Records behind the positions: cases are opened in the transaction that moves them, one a record."""
    question = """
        SELECT coalesce(sum(next_offset - begin), 0)::int
        FROM position JOIN unnest($1::bigint[]) WITH ORDINALITY b(begin, nth) ON partition = nth - 1
        WHERE topic = $2 AND next_offset >= begin
    """
    behind: int = await watching.fetchval(question, begins, WARNING_ISSUED)
    return behind


async def _complete(watching: asyncpg.Connection, expected: int) -> None:
    """Every warning a case, every case held by somebody, and every message with the broker."""
    opened = await watching.fetchval("SELECT count(*) FROM cases WHERE state = 'ASSIGNED'")
    assert opened == expected, f"{opened} of {expected} cases are assigned"
    limit = time.monotonic() + 10
    while await watching.fetchval("SELECT count(*) FROM outbox"):
        assert time.monotonic() < limit, "messages are still in the outbox"
        await asyncio.sleep(0.1)


def _floor(ground: Ground, backlog: int, tag: str) -> float:
    with ground.fresh_database() as database:
        figures = finished(ground.run("floor", ("-m", "tests.bench.floor", str(backlog), tag), database))
    assert figures["cases"] == backlog
    return float(figures["rate"])


def _plain(ground: Ground) -> float:
    """On the backlog of the round before."""
    with ground.fresh_database() as database:
        figures = finished(ground.run("plain", ("-m", "tests.bench.plain", str(PLAIN_RECORDS)), database))
    return float(figures["rate"])
