"""Line `batch`: what a point costs in a batch of a hundred thousand, against one in a batch of a thousand."""

import statistics
import time

from services.domain.jurisdiction import Jurisdictions
from services.domain.place import Places
from tests.bench.big_county import Corners, big_county, points_in
from tests.bench.ground import Ground
from tests.bench.inside import as_served
from tests.bench.rows import Row, ratios_of, row_of

FEW, MANY = 1_000, 100_000
TRIES = 20  # of the small batch; one alone is too short to be timed
REQUIRED, AIM = 3.0, 1.5


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """The whole map of a large county; every point is in it. `full` changes nothing here."""
    made = big_county()
    ours = Jurisdictions(made.areas, made.stations, made.region_codes)
    points = points_in(MANY)
    as_served()
    pairs: list[tuple[float, float | None]] = []
    for _ in range(rounds):
        small = [points[first : first + FEW] for first in range(0, TRIES * FEW, FEW)]
        few_us = statistics.median(_took_us(ours, batch) for batch in small)
        pairs.append((_took_us(ours, points), few_us))
    return [
        row_of(
            f"batch: a point among {MANY:,}, of one among {FEW:,}",
            "µs",
            pairs,
            required=f"≤ {REQUIRED:g}",
            aim=f"≤ {AIM:g}",
            met=statistics.median(ratios_of(pairs)) <= REQUIRED,
        )
    ]


def _took_us(ours: Jurisdictions, points: Corners) -> float:
    """Microseconds a point. Raises AssertionError where one was not located by its polygon."""
    unknown = [None] * len(points)
    places = Places(lat=points[:, 0], lon=points[:, 1], region_codes=unknown, addresses=unknown)
    began = time.perf_counter()
    located = ours.locate(places)
    took_s = time.perf_counter() - began
    assert all(one.unit is not None and one.distance_m == 0 for one in located)
    return took_s / len(points) * 1e6
