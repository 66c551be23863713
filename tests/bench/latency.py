"""Line `latency`: from produce to the instruction on its topic, at an even pace, against a bare echo at the same pace."""

import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path

from deploy.native.processes import Process, StartError
from tests.bench.arrivals import Arrivals, delays_ms
from tests.bench.ground import Ground, waited
from tests.bench.rows import Row, row_of, say
from tests.bench.warnings import fill, warnings

RATES = (500, 2_000)
COMPILING_RATE, COMPILING_RECORDS = 1_500, 20_000  # by each
WARM_UP = 300  # in a burst, before the pace begins: everybody has connected and taken their partitions
SAMPLES, SAMPLES_FULL = 5_000, 20_000
ENOUGH_MS = 5.0  # as good as the ratio: nobody waits for it
LINES = ((50, 1.3, 1.10), (99, 1.5, 1.2))

Percentiles = dict[int, float]


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """The router, the echo, the loader and the listener are four processes on the same cores as the servers."""
    samples = SAMPLES_FULL if full else SAMPLES
    return [row for rate in RATES for row in _at(ground, rate, samples, rounds)]


def warm_broker(ground: Ground) -> None:
    """A new broker compiles itself for its first half minute, with most of a core of the two: whoever is measured first
    would pay for that, and the others not. The echo asks it for other things than a router.
    """
    with ground.fresh_database() as database:
        for name, start in _starts(ground, database).items():
            process = start()
            try:
                paced(ground, COMPILING_RATE, COMPILING_RECORDS, f"warm-{name}")
            finally:
                process.stop()


def _starts(ground: Ground, database: str) -> dict[str, Callable[[], Process]]:
    echo = partial(ground.run, "echo", ("-m", "tests.bench.echo"), database)
    return {"router": partial(ground.serve, "router", database), "echo": echo}


def _at(ground: Ground, rate: int, samples: int, rounds: int) -> list[Row]:
    pairs: list[tuple[Percentiles, Percentiles]] = []
    for number in range(rounds):
        with ground.fresh_database() as database:
            starts = _starts(ground, database)
            ours = _percentiles(ground, starts["router"], rate, samples, f"o{rate}x{number}")
            floor = _percentiles(ground, starts["echo"], rate, samples, f"e{rate}x{number}")
        pairs.append((ours, floor))
        say(f"    round {number + 1}, {rate}/s, {samples:,} samples: ours {_told(ours)}, echo {_told(floor)}")
    rows = []
    for percentile, required, aim in LINES:
        each = [(ours[percentile], floor[percentile]) for ours, floor in pairs]
        ratio = statistics.median(mine / bare for mine, bare in each)
        more_ms = statistics.median(mine - bare for mine, bare in each)
        rows.append(
            row_of(
                f"latency: p{percentile} at {rate}/s, {samples:,} samples",
                "ms",
                each,
                required=f"≤ {required} or {ENOUGH_MS:g} ms more",
                aim=f"≤ {aim}",
                met=ratio <= required or more_ms <= ENOUGH_MS,
            )
        )
    return rows


def _percentiles(ground: Ground, start: Callable[[], Process], rate: int, samples: int, tag: str) -> Percentiles:
    ground.empty_topics()
    with Arrivals(ground) as arrivals:
        process = start()
        try:
            fill(ground.kafka.bootstrap, warnings(range(WARM_UP), run=f"w{tag}"))
            arrivals.wait_for(f"w{tag}", WARM_UP, within_s=60)
            sent = paced(ground, rate, samples, tag)
            arrived = arrivals.wait_for(tag, samples, within_s=60)
        finally:
            process.stop()
    cuts = statistics.quantiles(delays_ms(sent, arrived), n=100)
    return {percentile: cuts[percentile - 1] for percentile, _, _ in LINES}


def paced(ground: Ground, rate: int, count: int, tag: str) -> list[int]:
    """Send `count` warnings at `rate` a second from a process of its own; returns when each was handed over."""
    process, file = paced_process(ground, rate, count, tag)
    return times_of(process, file, within_s=count / rate + 60)


def paced_process(ground: Ground, rate: int, count: int, tag: str) -> tuple[Process, Path]:
    """The loader, running, and the file that it writes at its end."""
    file = ground.home / f"sent-{tag}"
    order = ("-m", "tests.bench.paced", ground.kafka.bootstrap, str(rate), str(count), tag, str(file))
    return ground.run("paced", order, "sqlite:///none"), file


def times_of(process: Process, file: Path, *, within_s: float) -> list[int]:
    """What the loader noted, once it has ended. Raises StartError when it failed."""
    waited(process, within_s=within_s)
    if not file.exists():
        raise StartError(f"the loader failed:\n{process.tail()}")
    return [int(line) for line in file.read_text().splitlines()]


def _told(found: Percentiles) -> str:
    return " ".join(f"p{percentile} {value:.1f} ms" for percentile, value in found.items())
