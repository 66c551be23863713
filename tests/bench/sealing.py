"""Line `sealing`: what sealing and blind indexes take of the hot path's time, beside that time itself."""

import statistics

from tests.bench.big_county import big_county
from tests.bench.ground import Ground, finished
from tests.bench.rows import Row, ratios_of, row_of, say

BATCHES, BATCHES_FULL = 20, 100
REQUIRED, AIM = 0.35, 0.25


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """Ours is a part of the floor: both are of the same batches in a large county, in a process alone."""
    batches = BATCHES_FULL if full else BATCHES
    pairs: list[tuple[float, float | None]] = []
    with ground.fresh_database(big_county()) as database:
        for number in range(rounds):
            told = finished(ground.run("share", ("-m", "tests.bench.share", str(batches), f"seal{number}"), database))
            steps = ", ".join(f"{step} {took_us:.0f}" for step, took_us in told["steps_us"].items())
            say(f"    round {number + 1}: µs a warning: {steps}; the hot path {told['whole_us']:.0f}")
            pairs.append((told["sealing_us"], told["whole_us"]))
    return [
        row_of(
            "sealing: of the hot path's time, sealing and blind indexes",
            "µs/warning",
            pairs,
            required=f"≤ {REQUIRED:.0%}",
            aim=f"≤ {AIM:.0%}",
            met=statistics.median(ratios_of(pairs)) <= REQUIRED,
        )
    ]
