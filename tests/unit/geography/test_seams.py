"""Overlaps and gaps between units: which, and how large."""

import numpy as np
import pytest
import shapely

from services.domain.seams import gaps, overlaps, uncovered

CELL_M2 = 10_524 * 11_067  # a tenth of a degree each way at 19°


def _box(column: float, row: float, wide: float = 1, high: float = 1) -> shapely.Geometry:
    west, south = 131 + column / 10, 19 + row / 10
    return shapely.box(west, south, west + wide / 10, south + high / 10)


def _polygons(*shapes: shapely.Geometry) -> np.ndarray:
    return np.array(shapes, dtype=object)


def test_neighbours_that_share_an_edge_do_not_overlap() -> None:
    assert overlaps(_polygons(_box(0, 0), _box(1, 0)), ["A", "B"]) == []


def test_an_overlap_names_both_and_its_size() -> None:
    (seam,) = overlaps(_polygons(_box(0, 0), _box(0.75, 0)), ["B", "A"])

    assert seam.units == ("A", "B")
    assert seam.square_m == pytest.approx(CELL_M2 / 4, rel=0.01)


def test_an_area_inside_another_overlaps_it_wholly() -> None:
    (seam,) = overlaps(_polygons(_box(0, 0, 3, 3), _box(1, 1)), ["A", "B"])

    assert seam.square_m == pytest.approx(CELL_M2, rel=0.01)


def test_the_same_area_twice_overlaps_wholly() -> None:
    (seam,) = overlaps(_polygons(_box(0, 0), _box(0, 0)), ["A", "B"])

    assert seam.square_m == pytest.approx(CELL_M2, rel=0.01)


def test_parts_of_one_unit_never_overlap_each_other() -> None:
    assert overlaps(_polygons(_box(0, 0), _box(0.5, 0)), ["A", "A"]) == []


def test_parts_of_a_pair_add_up() -> None:
    (seam,) = overlaps(_polygons(_box(0, 0, 3), _box(0, 0), _box(2, 0)), ["A", "B", "B"])

    assert seam.square_m == pytest.approx(2 * CELL_M2, rel=0.01)


def test_a_hole_between_units_is_a_gap_of_all_around() -> None:
    around = _polygons(_box(0, 0, 1, 3), _box(2, 0, 1, 3), _box(1, 0), _box(1, 2))

    (seam,) = gaps(around, ["A", "B", "C", "D"])

    assert seam.units == ("A", "B", "C", "D")
    assert seam.square_m == pytest.approx(CELL_M2, rel=0.01)


def test_a_bay_is_no_gap_and_nothing_has_none() -> None:
    assert gaps(_polygons(_box(0, 0, 1, 3), _box(2, 0, 1, 3), _box(1, 0)), ["A", "B", "C"]) == []
    assert gaps(_polygons(), []) == []


def test_what_no_part_covers_is_measured() -> None:
    left = uncovered(_box(0, 0, 4), _polygons(_box(0, 0), _box(1, 0)))

    assert left == pytest.approx(2 * CELL_M2, rel=0.01)
