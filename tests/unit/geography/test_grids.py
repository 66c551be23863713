"""Grids: found inside the responsible unit only, so that they add up to it."""

import numpy as np
import shapely

from services.domain.grids import Grid, Grids
from services.domain.ground import Area
from services.domain.jurisdiction import Jurisdictions
from services.domain.located import Located, Rule, Why
from services.domain.place import Places

TOWN = Jurisdictions(
    [
        Area(unit="A", polygon=shapely.box(131.0, 19.0, 131.1, 19.1)),
        Area(unit="B", polygon=shapely.box(131.1, 19.0, 131.2, 19.1)),
    ],
    [],
    [],
)
GRIDS = Grids(
    [
        Grid(code="A1", parent="A", polygon=shapely.box(131.0, 19.0, 131.05, 19.1)),
        Grid(code="A2", parent="A", polygon=shapely.box(131.05, 19.0, 131.0999, 19.1)),  # a sliver short
        Grid(code="B1", parent="B", polygon=shapely.box(131.0999, 19.0, 131.2, 19.08)),
    ]
)


def _grids(*points: tuple[float, float]) -> list[tuple[str | None, str | None]]:
    lat, lon = np.array(points).T
    places = Places(lat=lat, lon=lon, region_codes=[None] * len(points))
    located = TOWN.locate(places)
    return [(one.unit, grid) for one, grid in zip(located, GRIDS.locate(located, places), strict=True)]


def test_each_point_has_the_grid_that_holds_it() -> None:
    assert _grids((19.05, 131.02), (19.05, 131.07), (19.05, 131.15)) == [("A", "A1"), ("A", "A2"), ("B", "B1")]


def test_a_grid_of_another_unit_never_counts() -> None:
    """The point lies in B1 as it is drawn, but A is responsible: its nearest grid has it."""
    assert _grids((19.05, 131.09995)) == [("A", "A2")]


def test_just_outside_all_grids_the_nearest_of_the_unit_counts() -> None:
    assert _grids((19.081, 131.15), (19.095, 131.15)) == [("B", "B1"), ("B", None)]


def test_a_unit_without_ground_here_has_no_grid() -> None:
    by_code = Located(unit="A", rule=Rule.REGION_CODE, why=(Why.NO_POINT,), region_code="990121")
    nowhere = Places(lat=np.array([np.nan]), lon=np.array([np.nan]), region_codes=["990121"])

    assert GRIDS.locate([by_code], nowhere) == [None]


def test_no_grids_at_all_is_no_answer() -> None:
    places = Places(lat=np.array([19.05]), lon=np.array([131.02]), region_codes=[None])

    assert Grids([]).locate(TOWN.locate(places), places) == [None]
