"""Lines `memory`: what a router holds after many warnings, and that it stays so; and how soon `quanzu --help` answers."""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import asyncpg

from deploy.native.processes import ROOT, Process
from tests.bench.drain import behind_of
from tests.bench.ground import Ground
from tests.bench.rows import Row, row_of, say
from tests.bench.warnings import fill, warnings

WARNINGS, WARNINGS_FULL = 40_000, 200_000
REQUIRED_MB, AIM_MB = 170.0, 110.0
FLAT_MB = 10.0  # growth over the second half that is still the allocator's noise
HELP_MS, HELP_RUNS = 300.0, 5
LOOK_S, LONGEST_S = 0.2, 900


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """One long run, whatever the rounds: what grows shows with warnings, not with repeats."""
    count = WARNINGS_FULL if full else WARNINGS
    after_mb, growth_mb = _router(ground, count)
    say(f"    resident after {count:,} warnings: {after_mb:.0f} MB, grown by {growth_mb:+.1f} MB in the second half")
    return [
        row_of(
            f"memory: router after {count:,} warnings",
            "MB",
            [(after_mb, None)],
            required=f"≤ {REQUIRED_MB:g} MB",
            aim=f"≤ {AIM_MB:g} MB",
            met=after_mb <= REQUIRED_MB,
        ),
        row_of(
            f"memory: growth in the second half of {count:,} warnings",
            "MB",
            [(growth_mb, None)],
            required=f"≤ {FLAT_MB:g} MB",
            aim="≤ 0 MB",
            met=growth_mb <= FLAT_MB,
        ),
        _help(rounds),
    ]


def _router(ground: Ground, count: int) -> tuple[float, float]:
    begins = ground.empty_topics()
    fill(ground.kafka.bootstrap, warnings(range(count), run="memory"))
    with ground.fresh_database() as database:
        router = ground.serve("router", database)
        try:
            seen = asyncio.run(_watched(database, begins, router, count))
        finally:
            router.stop()
    later = [(done, mb) for done, mb in seen if done >= count / 2]
    slope, _ = statistics.linear_regression([done for done, _ in later], [mb for _, mb in later])
    return later[-1][1], slope * count / 2


async def _watched(database: str, begins: list[int], router: Process, count: int) -> list[tuple[int, float]]:
    """Records settled and megabytes resident, as they went."""
    watching = await asyncpg.connect(database)
    seen: list[tuple[int, float]] = []
    limit = time.monotonic() + LONGEST_S
    try:
        while not seen or seen[-1][0] < count:
            if time.monotonic() > limit:
                raise TimeoutError(f"{seen[-1][0]} of {count} records after {LONGEST_S} s")
            await asyncio.sleep(LOOK_S)
            seen.append((await behind_of(watching, begins), resident_mb(router.pid)))
    finally:
        await watching.close()
    return seen


def resident_mb(pid: int | str) -> float:
    """What the process holds in memory, in units of 10⁶ bytes."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024 / 1e6


def cpu_s(pid: int) -> float:
    """What the process has had of the processors since it began, its own and the kernel's for it."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _help(rounds: int) -> Row:
    took = [(_help_ms(), None) for _ in range(max(rounds, HELP_RUNS))]
    return row_of(
        "help: `quanzu --help`",
        "ms",
        took,
        required=f"≤ {HELP_MS:g} ms",
        aim=f"≤ {HELP_MS:g} ms",
        met=statistics.median(ms for ms, _ in took) <= HELP_MS,
    )


def _help_ms() -> float:
    began = time.monotonic()
    subprocess.run((sys.executable, "-m", "services.cli", "--help"), cwd=ROOT, capture_output=True, check=True)
    return (time.monotonic() - began) * 1e3
