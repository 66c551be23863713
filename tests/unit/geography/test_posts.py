"""The stations that may be the nearest: among them is always the one that a search through all of them finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.geodesy import distance_m
from services.domain.posts import UNSETTLED, Posts

TIE_M = 0.001  # what counts as equally near


def _nearest(posts: Posts, points: np.ndarray, limit_m: float) -> list[tuple[float, frozenset[int]]]:
    """For each point the least distance within the limit, and all units that are so near."""
    at, owners, metres = posts.near(points[:, 0], points[:, 1], limit_m)
    return [_least(metres[at == row], owners[at == row], limit_m) for row in range(len(points))]


def _slow(spots: np.ndarray, points: np.ndarray, limit_m: float) -> list[tuple[float, frozenset[int]]]:
    """Of several posts at one spot the first has it."""
    _, first = np.unique(spots, axis=0, return_index=True)
    every = np.sort(first)
    return [
        _least(distance_m(lat, lon, spots[every, 0], spots[every, 1]), every, limit_m) for lat, lon in points.tolist()
    ]


def _least(metres: np.ndarray, owners: np.ndarray, limit_m: float) -> tuple[float, frozenset[int]]:
    least = float(metres.min(initial=np.inf))
    if least > limit_m:
        return np.inf, frozenset()
    return least, frozenset(owners[metres <= least + TIE_M].tolist())


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 60),
    st.tuples(st.sampled_from([19.0, 47.0, -33.0, 74.0, 79.0]), st.sampled_from([131.0, 0.0, 169.5, -175.0])),
    st.sampled_from([0.001, 0.05, 1.0, 4.0]),
    st.sampled_from([300.0, 5_000.0, 60_000.0]),
)
def test_the_nearest_of_all_is_among_the_candidates(
    seed: int, many: int, place: tuple[float, float], wide: float, limit_m: float
) -> None:
    """Also where posts share a spot, lie on a lattice and so equally far, or far apart; and outside all cells."""
    rng = np.random.default_rng(seed)
    spread = rng.uniform(-wide / 2, wide / 2, (many, 2))
    lattice = np.round(rng.uniform(-3, 3, (many, 2))) * wide / 8
    spots = np.array(place) + np.concatenate((spread, lattice))
    around = np.array(place) + rng.uniform(-0.7 * wide, 0.7 * wide, (30, 2))
    points = np.concatenate((around, spots[:10], (spots[:10] + spots[-10:]) / 2))

    assert _nearest(Posts(spots, np.arange(len(spots))), points, limit_m) == _slow(spots, points, limit_m)


@pytest.mark.parametrize("many", [1, 2_000])
def test_a_crowd_in_one_place_is_looked_through_anew(many: int) -> None:
    """It costs no memory: what a cell may keep is limited."""
    rng = np.random.default_rng(3)
    spots = np.concatenate(([[19.0, 131.0]], np.array((19.5, 131.5)) + rng.uniform(0, 1e-4, (many, 2))))
    points = np.array((19.5, 131.5)) + rng.uniform(-0.01, 0.01, (50, 2))
    posts = Posts(spots, np.arange(len(spots)))

    assert _nearest(posts, points, 5_000.0) == _slow(spots, points, 5_000.0)
    assert len(posts._candidates) < 4 * len(posts._ends) + 64


def test_most_points_of_a_plain_map_are_known_beforehand() -> None:
    spots = np.array((19.0, 131.0)) + np.random.default_rng(4).uniform(0, 1, (500, 2))
    posts = Posts(spots, np.arange(len(spots)))

    assert np.mean(np.diff(posts._ends) == UNSETTLED) < 0.25
