"""Lines `status`: GET of a case's status, against bytes from memory behind the same door and against an ORM session."""

import statistics

from tests.bench.commands import load, served
from tests.bench.ground import Ground
from tests.bench.rows import Row, ratios_of, row_of, say

QUESTIONS, QUESTIONS_FULL = 3_000, 30_000
PLAIN = 3  # the ORM session is asked a third of them
REQUIRED, AIM = 0.5, 0.85
REQUIRED_TIMES, AIM_TIMES = 4, 6


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """One api process and one loader with sixteen connections; each case is asked for once, so nothing is remembered."""
    count = QUESTIONS_FULL if full else QUESTIONS
    floors: list[tuple[float, float | None]] = []
    plains: list[tuple[float, float | None]] = []
    with served(ground, count) as (door, cases):
        for name in ("bytes", "status", "plain"):
            load(ground, door, f"GET {name}", cases[:300])  # connections, plans and caches are there
        for number in range(rounds):
            floor = load(ground, door, "GET bytes", cases)
            ours = load(ground, door, "GET status", cases)
            plain = load(ground, door, "GET plain", cases[: count // PLAIN])
            told = (f"{one['rate']:,.0f}/s at {one['cpu_us']:,.0f} µs of the api's" for one in (ours, floor, plain))
            say(
                f"    round {number + 1}: "
                + "; ".join(map(" ".join, zip(("status", "bytes", "ORM"), told, strict=True)))
            )
            floors.append((ours["rate"], floor["rate"]))
            plains.append((ours["rate"], plain["rate"]))
    ratio, times = statistics.median(ratios_of(floors)), statistics.median(ratios_of(plains))
    return [
        row_of(
            "status: GET of a case's status, of bytes from memory",
            "answers/s",
            floors,
            required=f"≥ {REQUIRED}",
            aim=f"≥ {AIM}",
            met=ratio >= REQUIRED,
        ),
        row_of(
            "status: GET of a case's status, times an ORM session",
            "answers/s",
            plains,
            required=f"≥ {REQUIRED_TIMES}",
            aim=f"≥ {AIM_TIMES}",
            met=times >= REQUIRED_TIMES,
        ),
    ]
