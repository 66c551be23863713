"""Where the made-up responders say that they are."""

import math
from datetime import UTC, datetime

from schemas.envelope import EventType, must_be, read
from schemas.position import ResponderPosition
from services.domain.fix import Fix, fault_of
from services.domain.geodesy import distance_m
from services.simulator.county import county
from services.simulator.patrols import STRAYS_M, report

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def test_every_report_is_a_good_fix_near_the_post() -> None:
    for who in county().responders:
        message = report(who, NOW, seed=7)
        envelope = read(message.headers, message.value)
        must_be(EventType.RESPONDER_POSITION, envelope)
        told = ResponderPosition.model_validate_json(envelope.data)
        point = told.point
        away_m = distance_m([point.lat], [point.lon], [who.post_lat], [who.post_lon]).item()

        assert (told.responder, message.key) == (who.code, who.code.encode())
        assert fault_of(Fix(told.at.timestamp(), point.lat, point.lon, point.accuracy_m), now_s=NOW.timestamp()) is None
        assert 0 < away_m < 6 * STRAYS_M * math.sqrt(2)


def test_the_same_seed_and_moment_tell_the_same() -> None:
    who = county().responders[0]

    assert report(who, NOW, seed=7) == report(who, NOW, seed=7)
    assert report(who, NOW, seed=7) != report(who, NOW, seed=8)
