"""WGS-84, GCJ-02 and BD-09: the published values, the way back, and what must stay as it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.datum import FEW, Datum, from_wgs84, to_wgs84


def test_the_shift_gives_the_published_value() -> None:
    lat, lon = from_wgs84(39.909, 116.397, Datum.GCJ02)

    assert float(lat) == pytest.approx(39.91040339728811, abs=1e-13)
    assert float(lon) == pytest.approx(116.40324350604497, abs=1e-13)


@given(
    lat=st.floats(1.0, 55.5),
    lon=st.floats(72.5, 137.5),
    datum=st.sampled_from([Datum.GCJ02, Datum.BD09]),
)
def test_there_and_back_ends_where_it_began(lat: float, lon: float, datum: Datum) -> None:
    back_lat, back_lon = to_wgs84(*from_wgs84(lat, lon, datum), datum)

    assert abs(float(back_lat) - lat) < 1e-9  # a tenth of a millimetre
    assert abs(float(back_lon) - lon) < 1e-9


def test_the_shift_is_hundreds_of_metres_in_china() -> None:
    lat, lon = from_wgs84(36.44, 114.69, Datum.GCJ02)

    assert 0.001 < abs(float(lat) - 36.44) + abs(float(lon) - 114.69) < 0.02


def test_bd09_lies_beyond_gcj02_by_its_known_offset() -> None:
    gcj_lat, gcj_lon = from_wgs84(39.909, 116.397, Datum.GCJ02)
    bd_lat, bd_lon = from_wgs84(39.909, 116.397, Datum.BD09)

    assert float(bd_lat - gcj_lat) == pytest.approx(0.006, abs=0.0005)
    assert float(bd_lon - gcj_lon) == pytest.approx(0.0065, abs=0.0005)


@pytest.mark.parametrize("datum", list(Datum))
def test_outside_the_box_nothing_moves(datum: Datum) -> None:
    lat, lon = np.array([41.9, -33.9, 0.0, 91.0]), np.array([-87.6, 151.2, 0.0, np.inf])

    for there in (from_wgs84(lat, lon, datum), to_wgs84(lat, lon, datum)):
        assert np.array_equal(there[0], lat)
        assert np.array_equal(there[1], lon)


def test_a_missing_point_stays_missing_beside_others() -> None:
    lat, lon = to_wgs84([np.nan, 39.91040339728811], [116.4, 116.40324350604497], Datum.GCJ02)

    assert np.isnan(lat[0])
    assert (lat[1], lon[1]) == (pytest.approx(39.909, abs=1e-12), pytest.approx(116.397, abs=1e-12))


def test_a_mixed_batch_converts_each_by_its_own_datum() -> None:
    lat, lon = np.array([38.0, 38.1, 38.2, 38.3]), np.array([114.0, 114.1, 114.2, 114.3])
    datums = [Datum.GCJ02, Datum.WGS84, Datum.BD09, Datum.GCJ02]

    together = to_wgs84(lat, lon, datums)

    alone = [to_wgs84(*point) for point in zip(lat, lon, datums, strict=True)]
    assert np.array_equal(together, np.array(alone).T)


def test_the_input_arrays_are_left_alone() -> None:
    lat, lon = np.array([38.0]), np.array([114.0])

    to_wgs84(lat, lon, Datum.GCJ02)

    assert (lat[0], lon[0]) == (38.0, 114.0)


def test_an_unknown_datum_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="CGCS2000"):
        to_wgs84([38.0, 38.0], [114.0, 114.0], [Datum.WGS84, "CGCS2000"])


@given(
    points=st.lists(st.tuples(st.floats(0.5, 56.5), st.floats(71.5, 138.5)), min_size=1, max_size=FEW),
    datum=st.sampled_from(list(Datum)),
)
def test_few_points_convert_as_many_do(points: list[tuple[float, float]], datum: Datum) -> None:
    """A few are done one by one, many at once: by the same formula."""
    lat, lon = np.array(points).T

    few_lat, few_lon = to_wgs84(lat, lon, datum)
    many_lat, many_lon = to_wgs84(np.tile(lat, FEW + 1), np.tile(lon, FEW + 1), datum)

    assert few_lat == pytest.approx(many_lat[: len(lat)], abs=1e-12)
    assert few_lon == pytest.approx(many_lon[: len(lon)], abs=1e-12)
