"""Metres on the ellipsoid, against the exact geodesics of an independent library."""

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from services.domain.geodesy import distance_m, distance_to_segment_m, metres_per_degree


@given(lat=st.floats(-60, 60), lon=st.floats(-180, 180), bearing=st.floats(0, 360), metres=st.floats(0.1, 200_000))
def test_distances_agree_with_the_exact_geodesic(lat: float, lon: float, bearing: float, metres: float) -> None:
    there = Geodesic.WGS84.Direct(lat, lon, bearing, metres)

    ours = float(distance_m(lat, lon, there["lat2"], there["lon2"]))

    assert ours == pytest.approx(metres, rel=1e-3 if abs(there["lat2"]) > 60 else 2e-4, abs=1e-6)


def test_far_north_the_error_stays_under_a_thousandth() -> None:
    there = Geodesic.WGS84.Direct(79.0, 20.0, 90.0, 100_000)

    assert float(distance_m(79.0, 20.0, there["lat2"], there["lon2"])) == pytest.approx(100_000, rel=1e-3)


def test_one_point_is_measured_against_many() -> None:
    metres = distance_m(36.0, 115.0, np.array([36.0, 37.0, np.nan]), np.array([115.0, 115.0, 115.0]))

    assert metres[0] == 0
    assert metres[1] == pytest.approx(float(metres_per_degree(36.5)[0]))
    assert np.isnan(metres[2])


def test_the_date_line_is_no_wall() -> None:
    assert float(distance_m(19.0, 179.99, 19.0, -179.99)) == pytest.approx(float(distance_m(19.0, 0.0, 19.0, 0.02)))


@pytest.mark.parametrize("seed", range(12))
def test_distance_to_a_segment_agrees_with_walking_along_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lat, lon = rng.uniform(-55, 55), rng.uniform(-179, 179)
    ends = np.array([lon, lat, lon, lat]) + rng.uniform(-0.03, 0.03, 4)
    along = ends[:2] + np.linspace(0, 1, 400)[:, np.newaxis] * (ends[2:] - ends[:2])
    walked = min(Geodesic.WGS84.Inverse(lat, lon, y, x)["s12"] for x, y in along)

    ours = distance_to_segment_m(np.array([lat]), np.array([lon]), ends[np.newaxis])[0]

    assert ours == pytest.approx(walked, rel=2e-3, abs=10)


def test_a_segment_without_length_is_a_point() -> None:
    ends = np.array([[115.01, 36.01, 115.01, 36.01]])

    ours = distance_to_segment_m(np.array([36.0]), np.array([115.0]), ends)[0]

    assert ours == pytest.approx(float(distance_m(36.0, 115.0, 36.01, 115.01)), rel=1e-3)


def test_degrees_are_never_taken_for_metres() -> None:
    """At 60° a degree east is half a degree north: planar degrees would call the eastern point the farther one."""
    assert float(distance_m(60.0, 20.0, 60.0, 20.015)) < float(distance_m(60.0, 20.0, 60.01, 20.0))
