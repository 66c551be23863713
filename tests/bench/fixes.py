"""Line `fixes`: how many position fixes a second a process takes from the topic, against the same records only fetched."""

import json
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime

import orjson
from confluent_kafka import Consumer, TopicPartition

from schemas.envelope import EventType, headers_for
from schemas.topics import RESPONDER_POSITION
from tests.bench.big_county import points_in
from tests.bench.ground import Ground, finished, partitions
from tests.bench.rows import Row, row_of, say
from tests.bench.warnings import SOURCE, Record, fill

FIXES, FIXES_FULL = 60_000, 300_000
RESPONDERS = 20_000
REQUIRED, AIM = 10_000, 40_000  # the aim: a quarter of a core at the required pace


def measure(ground: Ground, rounds: int, *, full: bool) -> list[Row]:
    """A backlog from its first record on, by a process alone."""
    count = FIXES_FULL if full else FIXES
    pairs: list[tuple[float, float | None]] = []
    for number in range(rounds):
        begins = _ends(ground)
        fill(ground.kafka.bootstrap, _fixes(count), topic=RESPONDER_POSITION)
        ours, floor = (_rates(ground, count, begins, mode) for mode in ("take", "fetch"))
        say(
            f"    round {number + 1}: taken {ours['rate']:,.0f}/s, only fetched {floor['rate']:,.0f}/s;"
            f" a core to itself takes {ours['a_core']:,.0f}/s"
        )
        pairs.append((ours["rate"], floor["rate"]))
    return [
        row_of(
            f"fixes: {count:,} taken over Kafka, {RESPONDERS:,} responders",
            "fixes/s",
            pairs,
            required=f"≥ {REQUIRED:,}/s",
            aim=f"≥ {AIM:,}/s",
            met=statistics.median(ours for ours, _ in pairs) >= REQUIRED,
        )
    ]


def _rates(ground: Ground, count: int, begins: list[int], mode: str) -> dict[str, float]:
    order = ("-m", "tests.bench.fixes_taken", mode, str(count), json.dumps(begins))
    told: dict[str, float] = finished(ground.run(f"fixes-{mode}", order, "sqlite:///none"))
    return told


def _ends(ground: Ground) -> list[int]:
    """Where the next record of each partition will be."""
    asking = Consumer({"bootstrap.servers": ground.kafka.bootstrap, "group.id": "bench"})
    try:
        places = [TopicPartition(RESPONDER_POSITION, number) for number in partitions(RESPONDER_POSITION)]
        return [asking.get_watermark_offsets(place, timeout=10)[1] for place in places]
    finally:
        asking.close()


def _fixes(count: int) -> Iterator[Record]:
    """Each of the next responder, in GCJ-02 as phones of the country give it."""
    at = datetime.now(UTC)
    for number, (lat, lon) in enumerate(points_in(count).tolist()):
        who = f"BG{number % RESPONDERS:06}"
        told = {
            "responder": who,
            "at": at.isoformat(),
            "battery": 80,
            "point": {"lat": round(lat, 6), "lon": round(lon, 6), "datum": "GCJ02", "accuracy_m": 8.0},
        }
        headers = headers_for(id=str(number), source=SOURCE, type=EventType.RESPONDER_POSITION, time=at, key=who)
        yield Record(who.encode(), orjson.dumps(told), headers)
