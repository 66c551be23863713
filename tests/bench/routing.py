"""Line `routing`: what locating and choosing, reasons included, take of the hot path's time in a large county."""

import statistics

from tests.bench.big_county import big_county
from tests.bench.ground import Ground, finished
from tests.bench.rows import Row, ratios_of, row_of, say

BATCHES, BATCHES_FULL = 20, 100
REQUIRED, AIM = 0.20, 0.10


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """Ours is a part of the floor: both are of the same batches, in a process alone."""
    batches = BATCHES_FULL if full else BATCHES
    made = big_county()
    pairs: list[tuple[float, float | None]] = []
    with ground.fresh_database(made) as database:
        for number in range(rounds):
            told = finished(ground.run("share", ("-m", "tests.bench.share", str(batches), f"share{number}"), database))
            steps = ", ".join(f"{step} {took_us:.0f}" for step, took_us in told["steps_us"].items())
            say(f"    round {number + 1}: µs a warning: {steps}")
            pairs.append((told["routing_us"], told["whole_us"]))
    units, people = len(made.areas), len(made.responders)
    return [
        row_of(
            f"routing: of the hot path's time, {units:,} units, {people:,} on duty",
            "µs/warning",
            pairs,
            required=f"≤ {REQUIRED:.0%}",
            aim=f"≤ {AIM:.0%}",
            met=statistics.median(ratios_of(pairs)) <= REQUIRED,
        )
    ]
