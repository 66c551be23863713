"""Which position fixes are good, which one is the newest, and where it lies in WGS-84."""

import math
from datetime import UTC, datetime
from itertools import permutations

import pytest

from services.domain.datum import Datum, from_wgs84
from services.domain.fix import BadFix, Fix, FixLimits, fault_of, in_wgs84, newer

NOW_S = datetime(2026, 11, 20, 8, 0, tzinfo=UTC).timestamp()
HERE = (19.0, 131.0)  # the open sea


@pytest.mark.parametrize(
    ("fix", "fault"),
    [
        (Fix(NOW_S, *HERE, 8.0), None),
        (Fix(NOW_S, *HERE), None),
        (Fix(NOW_S, *HERE, -1.0), None),  # unknown
        (Fix(NOW_S, 0.0, 131.0), None),  # the equator is a place
        (Fix(NOW_S, -90.0, -180.0), None),
        (Fix(NOW_S, 0.0, 0.0), BadFix.ZERO_ZERO),
        (Fix(NOW_S, -0.0, 0.0), BadFix.ZERO_ZERO),
        (Fix(NOW_S, 131.0, 19.0), BadFix.LOOKS_SWAPPED),
        (Fix(NOW_S, 91.0, 181.0), BadFix.OUTSIDE_WORLD),
        (Fix(NOW_S, 19.0, 180.1), BadFix.OUTSIDE_WORLD),
        (Fix(NOW_S, math.inf, 19.0), BadFix.OUTSIDE_WORLD),
        (Fix(NOW_S, math.nan, 131.0), BadFix.NO_POINT),
        (Fix(NOW_S + 300, *HERE), None),
        (Fix(NOW_S + 300.1, *HERE), BadFix.IN_FUTURE),
        (Fix(NOW_S - 900, *HERE), None),
        (Fix(NOW_S - 900.1, *HERE), BadFix.STALE),
        (Fix(math.nan, *HERE), BadFix.STALE),
        (Fix(NOW_S, *HERE, 500.0), None),
        (Fix(NOW_S, *HERE, 500.1), BadFix.INACCURATE),
        (Fix(NOW_S, *HERE, math.nan), BadFix.INACCURATE),
    ],
)
def test_a_fix_is_good_or_refused_with_its_reason(fix: Fix, fault: BadFix | None) -> None:
    assert fault_of(fix, now_s=NOW_S) is fault


def test_how_coarse_a_fix_may_be_is_a_setting() -> None:
    coarse = Fix(NOW_S, *HERE, 60.0)

    assert fault_of(coarse, now_s=NOW_S, limits=FixLimits(max_accuracy_m=50.0)) is BadFix.INACCURATE
    assert fault_of(coarse, now_s=NOW_S) is None


@pytest.mark.parametrize("datum", Datum)
def test_a_fix_in_any_datum_ends_in_wgs84(datum: Datum) -> None:
    (lat,), (lon,) = from_wgs84([HERE[0]], [HERE[1]], datum)

    (fix,) = in_wgs84([Fix(NOW_S, float(lat), float(lon), 8.0)], [datum])

    assert (fix.lat, fix.lon) == pytest.approx(HERE, abs=1e-8)
    assert (fix.at_s, fix.accuracy_m) == (NOW_S, 8.0)


def test_an_unknown_datum_is_never_guessed() -> None:
    with pytest.raises(ValueError, match="unknown datum"):
        in_wgs84([Fix(NOW_S, *HERE)], ["CGCS9000"])


def test_any_order_of_the_same_fixes_ends_alike() -> None:
    """Duplicates, late ones, and two of the same moment."""
    fixes = [Fix(1.0, 19.0, 131.0), Fix(3.0, 19.3, 131.0), Fix(3.0, 19.1, 131.0), Fix(2.0, 19.2, 131.0, 5.0)]
    for order in permutations([*fixes, fixes[1]]):
        newest: Fix | None = None
        for fix in order:
            newest = fix if newer(fix, newest) else newest

        assert newest == Fix(3.0, 19.3, 131.0)


def test_the_time_of_a_fix_is_aware() -> None:
    assert Fix(NOW_S, *HERE).at == datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
