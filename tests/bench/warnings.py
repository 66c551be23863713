"""The warnings that the lines are measured with: the golden one with every field filled, each of another person."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import orjson
from confluent_kafka import Producer

from deploy.native.processes import ROOT
from schemas.envelope import EventType, headers_for
from schemas.topics import WARNING_ISSUED
from services.simulator.county import LAT, LON, county, random_point

GOLDEN = ROOT / "tests" / "unit" / "schemas" / "golden" / "warning_full.json"
SOURCE = "/bench"
RISK = "MEDIUM"  # an urgent one would belong on the other topic
POINTS = 1_000


class Record(NamedTuple):
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def warnings(
    numbers: Iterable[int],
    *,
    run: str,
    issued: Callable[[int], datetime] = lambda _number: datetime.now(UTC),
    points: Sequence[tuple[float, float]] | None = None,
) -> Iterator[Record]:
    """One record a number, issued now. The same number of the same run is the same case, another run another one.

    `points` are where people are, in turn; without them they are in the demo's county.
    """
    golden: dict[str, Any] = orjson.loads(GOLDEN.read_bytes()) | {"risk": RISK, "mode": "actual"}
    around = itertools.cycle(_points() if points is None else points)
    for number in numbers:
        at = issued(number)
        name = f"BENCH-{run}-{number:08}"
        key = f"{SOURCE}:{name}"
        golden |= {"instruction_number": name, "issued_at": at.isoformat()}
        golden["subject"] |= {"id_number": f"TEST-{run}-{number:08}", "phone": f"199-0000-{number % 10_000:04}"}
        _stand(golden["places"], next(around), at)
        headers = headers_for(id=name, source=SOURCE, type=EventType.WARNING_ISSUED, time=at, key=key)
        yield Record(key.encode(), orjson.dumps(golden), headers)


def fill(bootstrap: str, records: Iterable[Record], *, topic: str = WARNING_ISSUED) -> int:
    """Put records on a topic as fast as it takes them; returns how many once the broker has them all."""
    producer = producer_for(bootstrap, linger_ms=5)
    count = 0
    for count, record in enumerate(records, start=1):
        producer.produce(topic, record.value, record.key, headers=record.headers)
        if count % 1000 == 0:
            producer.poll(0)
    if producer.flush(60):
        raise TimeoutError("the broker did not take the backlog")
    return count


def producer_for(bootstrap: str, *, linger_ms: int = 0) -> Producer:
    """librdkafka's: it sends from a thread of its own in C, so the loader is not what is measured."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "acks": "all",
            "linger.ms": linger_ms,
            "queue.buffering.max.messages": 1_000_000,
            "log_level": 3,
        }
    )


def _points() -> Sequence[tuple[float, float]]:
    """In the county, and far enough from its coast to be in it as GCJ-02 or BD-09 too."""
    rng = Random(1)
    units = [unit for unit in county().units if unit.polygon is not None]
    drawn = [random_point(rng, units[number % len(units)]) for number in range(POINTS)]
    return [(LAT + 0.9 * (lat - LAT), LON + 0.9 * (lon - LON)) for lat, lon in drawn]


def _stand(places: dict[str, Any], point: tuple[float, float], at: datetime) -> None:
    """Everybody is somewhere in the county, in the golden datums, and was seen five minutes ago."""
    lat, lon = point
    for place in places.values():
        place["point"] |= {"lat": round(lat, 6), "lon": round(lon, 6)}
    places["last_seen"]["at"] = (at - timedelta(minutes=5)).isoformat()
