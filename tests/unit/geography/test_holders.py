"""Who holds a point, known by its cell or looked for: always what each area says by itself."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.ground import Area, load_polygons
from services.domain.holders import UNSETTLED, Held, Holders

SOUTH, WEST = 19.0, 131.0
Polygons = list[shapely.Polygon]


def _holders(polygons: Polygons, owners: list[int]) -> Holders:
    return Holders(np.array(polygons, dtype=object), np.array(owners, np.int64))


def _held(holders: Holders, lat: np.ndarray, lon: np.ndarray) -> list[Held]:
    """As it is asked: what the cells leave open is looked for."""
    numbers = holders.settled(lat, lon)
    searched = holders.search(lat, lon)
    return [
        searched[row] if number == UNSETTLED else holders.sets[number] for row, number in enumerate(numbers.tolist())
    ]


def _slow(polygons: Polygons, owners: list[int], lat: np.ndarray, lon: np.ndarray) -> list[Held]:
    return [
        tuple(sorted({owner for polygon, owner in zip(polygons, owners, strict=True) if polygon.intersects(point)}))
        for point in shapely.points(lon, lat)
    ]


@st.composite
def maps(draw: st.DrawFn) -> tuple[Polygons, list[int]]:
    """Slanting quadrangles, some with a hole, that overlap, touch, repeat or lie far apart; a unit may have several."""
    polygons: Polygons = []
    near = st.integers(-40, 40).map(lambda n: n / 16)
    for _ in range(draw(st.integers(1, 6))):
        x, y = WEST + draw(near), SOUTH + draw(near)
        wide, high, slant = draw(st.sampled_from([0.25, 0.5, 1.0])), draw(st.sampled_from([0.25, 1.0])), draw(near) / 8
        corners = [(x, y), (x + wide, y + slant), (x + wide, y + high + slant), (x, y + high)]
        whole = shapely.Polygon(corners)
        hole = shapely.affinity.scale(whole, 0.5, 0.5) if draw(st.booleans()) else None
        polygons.append(shapely.Polygon(corners, [hole.exterior]) if hole else whole)
    return polygons, draw(st.lists(st.integers(0, 3), min_size=len(polygons), max_size=len(polygons)))


@settings(max_examples=100, deadline=None)
@given(maps(), st.integers(0, 2**32 - 1))
def test_cells_say_what_the_areas_themselves_say(drawn: tuple[Polygons, list[int]], seed: int) -> None:
    """Points anywhere, on corners, along edges, and beside them by the least that a number can differ."""
    polygons, owners = drawn
    rng = np.random.default_rng(seed)
    corners = shapely.get_coordinates(polygons)
    along = corners[:-1] + rng.uniform(0, 1, (len(corners) - 1, 1)) * np.diff(corners, axis=0)
    spread = rng.uniform(corners.min(axis=0) - 0.1, corners.max(axis=0) + 0.1, (60, 2))
    exact = np.concatenate((corners, along, (corners[:-1] + corners[1:]) / 2))
    points = np.concatenate((spread, exact, np.nextafter(exact, -np.inf), np.nextafter(exact, np.inf)))
    lon, lat = points.T

    assert _held(_holders(polygons, owners), lat, lon) == _slow(polygons, owners, lat, lon)


def test_most_of_a_plain_map_needs_no_search() -> None:
    boxes = [shapely.box(WEST + x / 10, SOUTH, WEST + (x + 1) / 10, SOUTH + 0.1) for x in range(10)]
    rng = np.random.default_rng(1)
    lat, lon = SOUTH + rng.uniform(0, 0.1, 5_000), WEST + rng.uniform(0, 1, 5_000)

    asked = _holders(boxes, list(range(10))).settled(lat, lon) == UNSETTLED

    assert np.mean(asked) < 0.15


@pytest.mark.parametrize(
    "odd",
    [
        shapely.box(400_000, 4_000_000, 401_000, 4_001_000),  # metres
        shapely.Polygon([(WEST, SOUTH), (400_000, SOUTH), (WEST, 400_000)]),  # one wild corner
        shapely.box(WEST, SOUTH, WEST + 1e-9, SOUTH + 1e-9),  # less than a cell may be
        shapely.box(WEST - 40, SOUTH, WEST + 40, SOUTH + 1e-7),  # a line, nearly
        shapely.Polygon([(WEST + (n % 2) * 30, SOUTH + n / 2e4) for n in range(5_001)] + [(WEST, 25)]),  # lines only
    ],
)
def test_an_odd_area_changes_no_answer(odd: shapely.Polygon) -> None:
    plain = shapely.box(WEST, SOUTH, WEST + 1, SOUTH + 1)
    loaded, units = load_polygons([Area(unit="A", polygon=plain), Area(unit="B", polygon=odd)], [])
    shapely.prepare(loaded)
    polygons, owners = list(loaded), [0 if unit == "A" else 1 for unit in units]
    rng = np.random.default_rng(2)
    lat, lon = SOUTH + rng.uniform(-0.1, 1.1, 40), WEST + rng.uniform(-0.1, 1.1, 40)

    assert _held(_holders(polygons, owners), lat, lon) == _slow(polygons, owners, lat, lon)
