"""Which of a person's places is used, and what a place may show of itself."""

from datetime import UTC, datetime, timedelta

import pytest

from services.domain.located import Why
from services.domain.place import Place, Whereabouts, place_to_use, point_fault, usable

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
HOME = Place(lat=19.0, lon=131.0)
OLD_HOME = Place(region_code="990121100000")


def _seen(*, minutes: float = 10, accuracy_m: float | None = 50) -> Place:
    return Place(lat=19.1, lon=131.1, fix_at=NOW - timedelta(minutes=minutes), accuracy_m=accuracy_m)


def test_a_fresh_and_good_fix_is_used_first() -> None:
    assert place_to_use(_seen(minutes=30, accuracy_m=500), HOME, OLD_HOME, NOW) == (
        Whereabouts.LAST_SEEN,
        _seen(minutes=30, accuracy_m=500),
    )


@pytest.mark.parametrize(
    "seen",
    [
        _seen(minutes=30.1),
        _seen(minutes=-5.1),
        _seen(accuracy_m=501),
        _seen(accuracy_m=None),
        Place(lat=19.1, lon=131.1, accuracy_m=5),
        Place(lat=0, lon=0, fix_at=NOW, accuracy_m=5),
        Place(region_code="990121", fix_at=NOW, accuracy_m=5),
        None,
    ],
)
def test_a_doubtful_fix_gives_way_to_the_current_address(seen: Place | None) -> None:
    assert place_to_use(seen, HOME, OLD_HOME, NOW) == (Whereabouts.CURRENT, HOME)


@pytest.mark.parametrize("current", [None, Place(), Place(lat=19.0), Place(lat=0, lon=0), Place(address="")])
def test_a_place_with_nothing_to_go_by_is_skipped(current: Place | None) -> None:
    assert place_to_use(None, current, OLD_HOME, NOW) == (Whereabouts.REGISTERED, OLD_HOME)


@pytest.mark.parametrize("current", [Place(region_code="990121"), Place(address="柳湾")])
def test_a_code_or_an_address_is_something_to_go_by(current: Place) -> None:
    assert place_to_use(None, current, HOME, NOW) == (Whereabouts.CURRENT, current)


def test_with_no_good_place_the_bad_point_is_kept_for_the_reason() -> None:
    swapped = Place(lat=131.0, lon=19.0)

    assert place_to_use(None, Place(), swapped, NOW) == (Whereabouts.REGISTERED, swapped)


def test_with_no_place_at_all_there_is_none_to_use() -> None:
    assert place_to_use(None, None, Place(), NOW) is None


def test_a_place_never_prints_where_it_is() -> None:
    shown = repr(Place(lat=19.5, lon=131.5, region_code="990121", address="柳湾"))

    assert not any(secret in shown for secret in ("19.5", "131.5", "990121", "柳湾"))


@pytest.mark.parametrize(
    ("lat", "lon", "fault"),
    [
        (float("nan"), 131.0, Why.NO_POINT),
        (19.0, float("nan"), Why.NO_POINT),
        (0.0, 0.0, Why.ZERO_ZERO),
        (-0.0, 0.0, Why.ZERO_ZERO),
        (131.0, 19.0, Why.LOOKS_SWAPPED),
        (19.0, 190.0, Why.OUTSIDE_WORLD),
        (float("inf"), 0.0, Why.OUTSIDE_WORLD),
    ],
)
def test_an_unusable_point_says_what_is_wrong(lat: float, lon: float, fault: Why) -> None:
    assert not usable(lat, lon)
    assert point_fault(lat, lon) is fault


@pytest.mark.parametrize(("lat", "lon"), [(0.0, 0.1), (0.1, 0.0), (90.0, 180.0), (-90.0, -180.0)])
def test_the_rims_of_the_world_are_usable(lat: float, lon: float) -> None:
    assert usable(lat, lon)
