"""Made-up warnings: readable, impossible, mixed as said."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from schemas.topics import WARNING_ISSUED, WARNING_URGENT
from services.broker.producer import Message
from services.domain.datum import Datum, to_wgs84
from services.domain.ground import Area as Ground
from services.domain.jurisdiction import Jurisdictions
from services.domain.place import Place, Places
from services.handlers.warning import BadRecord, Incoming, decode
from services.simulator.county import county
from services.simulator.texts import NARRATIVES
from services.simulator.traffic import PLACES, RISKS, TYPES, Traffic

START = datetime(2026, 5, 1, 8, tzinfo=UTC)
COUNT = 3_000


@pytest.fixture(scope="module")
def records() -> list[Message]:
    traffic = Traffic(county(), seed=7)
    return [traffic.next(START + timedelta(seconds=80 * number)) for number in range(COUNT)]


@pytest.fixture(scope="module")
def good(records: list[Message]) -> list[Incoming]:
    return [found for record in records if isinstance(found := decoded(record), Incoming)]


def decoded(record: Message) -> Incoming | BadRecord:
    try:
        return decode(record.headers, record.value)
    except BadRecord as bad:
        return bad


def bodies(good: list[Incoming]) -> list[dict[str, Any]]:
    return [orjson.loads(incoming.data) for incoming in good]


def test_the_same_seed_gives_the_same_records(records: list[Message]) -> None:
    traffic = Traffic(county(), seed=7)

    assert [traffic.next(START + timedelta(seconds=80 * number)) for number in range(30)] == records[:30]


def test_one_in_a_hundred_cannot_be_read(records: list[Message]) -> None:
    bad = [number for number, record in enumerate(records, 1) if isinstance(decoded(record), BadRecord)]

    assert bad == list(range(10, COUNT, 100))


def test_broken_records_fail_for_more_than_one_reason(records: list[Message]) -> None:
    reasons = {found.reason for record in records if isinstance(found := decoded(record), BadRecord)}

    assert len(reasons) >= 3
    assert not any("测试" in reason or "1990000" in reason for reason in reasons)


def test_two_in_a_hundred_repeat_an_instruction_under_a_new_id(good: list[Incoming]) -> None:
    numbers = Counter(incoming.case_id for incoming in good)

    assert sum(count - 1 for count in numbers.values()) == COUNT / 50
    assert len({incoming.ce_id for incoming in good}) == len(good)


def test_two_in_a_hundred_name_a_subject_again(good: list[Incoming]) -> None:
    cases_of: dict[str, set[object]] = {}
    for incoming in good:
        cases_of.setdefault(incoming.warning.subject.id_number or "", set()).add(incoming.case_id)

    assert sum(len(found) - 1 for found in cases_of.values()) == COUNT / 50


def test_urgent_warnings_go_to_the_urgent_topic(good: list[Incoming], records: list[Message]) -> None:
    for record in records:
        if isinstance(found := decoded(record), Incoming):
            assert record.topic == (WARNING_URGENT if found.warning.risk == "URGENT" else WARNING_ISSUED)


def test_types_and_risks_come_by_their_shares(good: list[Incoming]) -> None:
    for shares, drawn in (
        (TYPES, Counter(incoming.warning.fraud_type for incoming in good)),
        (RISKS, Counter(incoming.warning.risk for incoming in good)),
    ):
        assert sum(shares.values()) == 100
        for thing, share in shares.items():
            assert abs(drawn[thing] / len(good) * 100 - share) < 3


def test_every_type_has_its_own_narratives() -> None:
    assert set(NARRATIVES) == set(TYPES)
    assert all("{yuan}" in text for texts in NARRATIVES.values() for text in texts)
    assert sum(map(len, NARRATIVES.values())) == len({text for texts in NARRATIVES.values() for text in texts})


def test_nobody_in_a_warning_can_exist(good: list[Incoming]) -> None:
    for body in bodies(good):
        person = body["subject"]
        phones = [person["phone"], *(relative["phone"] for relative in person["family"])]
        assert all(re.fullmatch(r"1990000\d{4}", phone) for phone in phones)
        assert re.fullmatch(r"9901210000\d{8}", person["id_number"])
        assert person["name"].startswith("测试")
        assert body["scam"]["suspect_account"].startswith("TEST-")
        assert body["narrative"].startswith("【模拟】")


def test_every_record_says_that_it_is_simulated(good: list[Incoming]) -> None:
    assert {incoming.source.partition("/feeder")[0] for incoming in good} == {"/simulation"}
    assert {incoming.warning.mode for incoming in good} == {"actual"}


def test_most_points_lie_in_the_county_and_some_are_unusable(good: list[Incoming]) -> None:
    made_up = county()
    ground = Jurisdictions([Ground(unit=area.unit, polygon=area.polygon) for area in made_up.areas], [], [])
    points = [body["places"].get("current", {}).get("point") for body in bodies(good)]
    given = [point for point in points if point is not None]
    datums = [point["datum"] for point in given]
    lat, lon = to_wgs84([point["lat"] for point in given], [point["lon"] for point in given], datums)
    located = ground.locate(
        Places.of([Place(lat=float(y), lon=float(x)) for y, x in zip(lat, lon, strict=True)]), edge_limit_m=1
    )

    inside = sum(place.unit is not None for place in located)

    assert abs(inside / len(good) * 100 - PLACES["GCJ02"] - PLACES["WGS84"]) < 3
    assert abs(datums.count(Datum.GCJ02) / len(good) * 100 - PLACES["GCJ02"] - PLACES["ZERO_ZERO"]) < 3
    assert abs(points.count(None) / len(good) * 100 - PLACES["NO_POINT"] - PLACES["NOTHING"]) < 2
