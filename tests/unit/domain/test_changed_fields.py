"""What a second warning says otherwise than the first, and what of it is laid over."""

import pytest

from services.domain.links import number
from services.domain.repeats import changed_fields, merged, place_changed

WAS = {
    "instruction_number": "A-1",
    "subject": {"name": "测试甲", "phone": "199-0000-0001"},
    "places": {"current": {"address": "一号", "point": {"lat": 1.0, "lon": 2.0}}},
    "requests": ["CALL"],
}


def test_what_is_left_out_stays_as_it_was() -> None:
    now = {"instruction_number": "A-2", "subject": {"phone": "", "age": 70}, "places": {}, "requests": [], "scam": {}}

    assert changed_fields(WAS, now) == ("subject.age",)
    assert merged(WAS, now) == WAS | {"instruction_number": "A-2", "subject": {**WAS["subject"], "age": 70}}


def test_an_address_never_goes_with_the_point_of_another() -> None:
    now = {"places": {"current": {"address": "二号"}}, "requests": ["CALL", "VISIT"]}

    assert changed_fields(WAS, now) == ("places.current", "requests")
    assert place_changed(changed_fields(WAS, now))
    assert merged(WAS, now)["places"] == {"current": {"address": "二号"}}
    assert not place_changed(("subject.phone",))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("199-0000-0001", "19900000001"),
        ("+86 199 0000 0001", "19900000001"),
        ("008619900000001", "19900000001"),
        ("86199000000012", "86199000000012"),
        ("6200 0000 0000 1234", "6200000000001234"),
        ("9901021900010100-1X", "99010219000101001X"),
    ],
)
def test_a_number_is_the_same_however_it_is_spaced(written: str, meant: str) -> None:
    assert number(written) == meant
