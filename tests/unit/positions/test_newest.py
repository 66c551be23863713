"""What is kept of the records of positions: the newest good fix of each responder, whatever comes in between."""

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from prometheus_client import REGISTRY

from schemas.envelope import EventType, headers_for
from services.clock import MovedClock
from services.domain.datum import Datum, from_wgs84
from services.domain.fix import Fix
from services.handlers.positions import Positions

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def record(responder: str = "R-1", *, ago_s: float = 0, lat: float = 19.0, lon: float = 131.0, **point: Any) -> Any:
    at = NOW - timedelta(seconds=ago_s)
    body = {"responder": responder, "point": {"lat": lat, "lon": lon, **point}, "at": at.isoformat()}
    headers = headers_for(id="1", source="/test", type=EventType.RESPONDER_POSITION, time=at, key=responder)
    return SimpleNamespace(headers=tuple(headers), value=orjson.dumps(body))


def positions(**given: Any) -> Positions:
    return Positions(MovedClock(NOW).now, source_datum="WGS84", **given)


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("quanzu_fixes_refused_total", {"reason": reason}) or 0.0


def test_the_newest_fix_wins_in_any_order() -> None:
    records = [record(ago_s=ago, lat=19 + ago / 1000) for ago in range(60)] * 2
    for seed in range(5):
        random.Random(seed).shuffle(records)
        kept = positions()
        for start in range(0, len(records), 7):
            kept.take(records[start : start + 7])

        assert kept.newest == {"R-1": Fix(NOW.timestamp(), 19.0, 131.0)}


def test_each_bad_fix_is_counted_under_its_reason() -> None:
    bad = {
        "ZERO_ZERO": record(lat=0.0, lon=0.0),
        "LOOKS_SWAPPED": record(lat=131.0, lon=19.0),
        "STALE": record(ago_s=901),
        "IN_FUTURE": record(ago_s=-301),
        "INACCURATE": record(accuracy_m=501.0),
    }
    before = {reason: refused(reason) for reason in bad}
    kept = positions()

    kept.take(bad.values())

    assert kept.newest == {}
    assert {reason: refused(reason) - before[reason] for reason in bad} == dict.fromkeys(bad, 1)


@pytest.mark.parametrize(
    "bytes_",
    [
        None,
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"responder":"R-1"}',
        b'{"responder":"","point":{"lat":1,"lon":1},"at":"2026-11-20T08:00:00Z"}',
        b'{"responder":"R-1","point":{"lat":true,"lon":1},"at":"2026-11-20T08:00:00Z"}',
        b'{"responder":"R-1","point":{"lat":"1","lon":1},"at":"2026-11-20T08:00:00Z"}',
        b'{"responder":"R-1","point":{"lat":1,"lon":1},"at":"2026-11-20T08:00:00"}',
        b'{"responder":"R-1","point":{"lat":1,"lon":1},"at":"0001-01-01T00:00:00+14:00"}',
        b'{"responder":"R-1","point":{"lat":1,"lon":1,"datum":"CGCS"},"at":"2026-11-20T08:00:00Z"}',
        b"[" * 5000,
    ],
)
def test_rubbish_hides_no_good_fix_beside_it(bytes_: bytes | None) -> None:
    before = refused("UNREADABLE")
    rubbish = SimpleNamespace(headers=record().headers, value=bytes_)
    kept = positions()

    kept.take([rubbish, record(), SimpleNamespace(headers=(), value=record().value), object()])

    assert kept.newest == {"R-1": Fix(NOW.timestamp(), 19.0, 131.0)}
    assert refused("UNREADABLE") - before == 3


@pytest.mark.parametrize("named", [True, False])
def test_a_fix_is_kept_in_wgs84(named: bool) -> None:
    """Where the writer names no datum it is the source's default."""
    (lat,), (lon,) = from_wgs84([19.0], [131.0], Datum.GCJ02)
    kept = Positions(MovedClock(NOW).now, source_datum="BD09" if named else "GCJ02")

    kept.take([record(lat=float(lat), lon=float(lon), **({"datum": "GCJ02"} if named else {}))])

    assert kept.newest["R-1"][1:3] == pytest.approx((19.0, 131.0), abs=1e-8)


def test_memory_is_bounded_by_the_number_of_responders() -> None:
    before = refused("TOO_MANY")
    kept = positions(most=10)

    kept.take([record(f"R-{number}", ago_s=5) for number in range(12)])
    kept.take([record("R-1")])

    assert len(kept.newest) == 10
    assert refused("TOO_MANY") - before == 2
    assert kept.newest["R-1"].at_s == NOW.timestamp()


def test_who_falls_silent_is_forgotten() -> None:
    clock = MovedClock(NOW)
    kept = Positions(clock.now, source_datum="WGS84")
    kept.take([record("R-1", ago_s=800), record("R-2")])
    kept.tell()

    clock.move_to(NOW + timedelta(seconds=101))
    kept.tell()

    assert kept.newest.keys() == {"R-2"}
    assert REGISTRY.get_sample_value("quanzu_fixes_known") == 1
    assert REGISTRY.get_sample_value("quanzu_fix_newest_age_seconds") == 101


def test_the_keeper_hears_every_good_fix() -> None:
    heard: list[tuple[str, Fix]] = []

    class Ear:
        def add(self, responder: str, fix: Fix, *, now_s: float) -> None:
            assert now_s == NOW.timestamp()
            heard.append((responder, fix))

    kept = positions()
    kept.keeper = Ear()

    kept.take([record(ago_s=1), record(ago_s=9), record(ago_s=999)])

    assert [NOW.timestamp() - fix.at_s for _, fix in heard] == [1, 9]
