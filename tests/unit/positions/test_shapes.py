"""What OwnTracks and Traccar send, and what becomes of it. The shapes are those of their own documents."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from services.api.positions import MOST_AT_ONCE, Reported, of_owntracks, of_traccar
from services.domain.fix import Fix

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
AT_S = NOW.timestamp()
OWNTRACKS = {
    "_type": "location",
    "BSSID": "00:00:00:00:00:00",
    "acc": 8,
    "alt": 3,
    "batt": 80,
    "bs": 1,
    "conn": "m",
    "created_at": int(AT_S) + 2,
    "lat": 19.0,
    "lon": 131.0,
    "m": 2,
    "t": "u",
    "tid": "r1",
    "topic": "owntracks/r/phone",
    "tst": int(AT_S),
    "vac": 4,
    "vel": 0,
}
CLIENT = {
    "location": {
        "timestamp": "2026-11-20T08:00:00.000Z",
        "coords": {"latitude": 19.0, "longitude": 131.0, "accuracy": 8, "speed": 0, "heading": 0, "altitude": 3},
        "is_moving": False,
        "odometer": 12.0,
        "event": "motionchange",
        "battery": {"level": 0.8, "is_charging": False},
        "activity": {"type": "still"},
        "extras": {},
    },
    "device_id": "48241179",
}
FORWARDED = {
    "position": {
        "id": 7,
        "attributes": {"batteryLevel": 80.0, "distance": 0.0, "totalDistance": 9.1, "motion": False},
        "deviceId": 3,
        "protocol": "osmand",
        "serverTime": "2026-11-20T08:00:01.000+00:00",
        "deviceTime": "2026-11-20T08:00:00.000+00:00",
        "fixTime": "2026-11-20T08:00:00.000+00:00",
        "outdated": False,
        "valid": True,
        "latitude": 19.0,
        "longitude": 131.0,
        "altitude": 3.0,
        "speed": 0.0,
        "course": 0.0,
        "accuracy": 8.0,
        "network": None,
    },
    "device": {"id": 3, "name": "phone", "uniqueId": "R-1", "status": "online"},
}
SAME = Reported(Fix(AT_S, 19.0, 131.0, 8.0), 80)


def traccar(query: str = "", body: Any = b"") -> list[Reported]:
    return of_traccar(query, body if isinstance(body, bytes) else json.dumps(body).encode(), now=NOW)


@pytest.mark.parametrize(("shape", "told"), [(CLIENT, SAME), (FORWARDED, SAME._replace(device="R-1"))])
def test_traccar_json_is_read_alone_and_in_lists(shape: dict[str, Any], told: Reported) -> None:
    assert traccar(body=shape) == [told]
    assert traccar(body=[shape, shape]) == [told, told]


def test_traccar_batches_of_one_device_are_read() -> None:
    assert traccar(body=CLIENT | {"location": [CLIENT["location"]] * 3}) == [SAME] * 3


@pytest.mark.parametrize(
    "given",
    [
        f"id=1&lat=19.0&lon=131.0&timestamp={int(AT_S)}&accuracy=8&batt=80&speed=0&bearing=0",
        f"deviceid=1&location=19.0,131.0&timestamp={int(AT_S) * 1000}&accuracy=8&batt=80.0&valid=true",
        "id=1&lat=19.0&lon=131.0&timestamp=2026-11-20T08:00:00Z&accuracy=8&batt=80&valid=1",
        "id=1&lat=19.0&lon=131.0&timestamp=2026-11-20%2008:00:00&accuracy=8&batt=80",
        "id=1&lat=19.0&lon=131.0&accuracy=8&batt=80",
    ],
)
def test_the_osmand_protocol_comes_as_query_or_form(given: str) -> None:
    assert traccar(given) == [SAME]
    assert traccar(body=given.encode()) == [SAME]


def test_a_device_that_doubts_its_fix_is_believed() -> None:
    assert not traccar("lat=19.0&lon=131.0&valid=false")[0].valid
    forwarded = FORWARDED | {"position": FORWARDED["position"] | {"valid": False}}  # type: ignore[operator]
    assert not traccar(body=forwarded)[0].valid


def test_owntracks_locations_are_read_alone_and_in_lists() -> None:
    assert of_owntracks(json.dumps(OWNTRACKS).encode()) == [SAME]
    assert of_owntracks(json.dumps([OWNTRACKS, OWNTRACKS]).encode()) == [SAME, SAME]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"[]",
        b"{}",
        b'{"_type":"waypoint","lat":19.0,"lon":131.0,"tst":1}',
        b'{"_type":"transition","lat":19.0}',
        b'{"_type":"lwt","tst":1}',
        b'{"_type":"encrypted","data":"AAAA"}',
        b'{"_type":"status"}',
        b'{"_type":5}',
    ],
)
def test_what_is_no_location_is_left_out(body: bytes) -> None:
    assert of_owntracks(body) == []


@pytest.mark.parametrize(("told", "battery"), [(-100, None), (None, None), (0, 0), (100, 100), (101, None), (55.5, 56)])
def test_a_charge_that_can_not_be_is_unknown(told: float | None, battery: int | None) -> None:
    assert of_owntracks(json.dumps(OWNTRACKS | {"batt": told}).encode())[0].battery == battery


def test_a_point_that_is_missing_stays_missing() -> None:
    (told,) = traccar("id=1&lat=19.0")

    assert math.isnan(told.fix.lon)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1]",
        b"\xff\xfe",
        b"[[",
        b'{"_type":"location"}',
        b'{"_type":"location","lat":"x","lon":131.0,"tst":1}',
        b'{"_type":"location","lat":19.0,"lon":131.0,"tst":"yesterday"}',
        b'{"_type":"location","lat":19.0,"lon":131.0,"tst":null}',
        b'{"_type":"location","lat":{"a":1},"lon":[],"tst":1}',
    ],
)
def test_a_body_that_does_not_fit_is_refused(body: bytes) -> None:
    with pytest.raises(RequestValidationError):
        of_owntracks(body)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"location": None},
        {"location": 5},
        {"location": {}},
        {"position": {}},
        {"position": []},
        {"position": FORWARDED["position"]},
    ],
)
def test_traccar_json_that_does_not_fit_is_refused(body: object) -> None:
    with pytest.raises(RequestValidationError):
        traccar(body=body)


def test_a_list_without_end_is_too_large() -> None:
    with pytest.raises(HTTPException) as refused:
        of_owntracks(json.dumps([{}] * (MOST_AT_ONCE + 1)).encode())

    assert refused.value.status_code == 413
