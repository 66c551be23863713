"""What a registry import says of files as people send them: each fault a line, none guessed, none dropped."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.story.cli.conftest import Quanzu
from tests.story.cli.registry_steps import SOUTH, STEP, WEST, areas_file, importing, square, stored, table_file

BOW_TIE = [[[131.0, 19.0], [131.1, 19.1], [131.1, 19.0], [131.0, 19.1], [131.0, 19.0]]]
FLAT = [[[131.0, 19.0], [131.1, 19.1], [131.0, 19.0], [131.0, 19.0]]]


def _faults(quanzu: Quanzu, words: list[object]) -> list[tuple[int, str, str]]:
    told: dict[str, Any] = json.loads(quanzu(*words, "--json").out)
    assert all(fault["reason"] and fault["fix"] for fault in told["faults"])
    return [(fault["line"], fault["flaw"], fault["weight"]) for fault in told["faults"]]


@pytest.mark.parametrize(
    ("second", "flaw", "weight"),
    [
        (BOW_TIE, "REPAIRED", "mended"),
        (FLAT, "NO_AREA_LEFT", "bad"),
        ([], "EMPTY_POLYGON", "bad"),
        ([[[1, 2]]], "NO_POLYGON", "bad"),
        ("nonsense", "NO_POLYGON", "bad"),
        (None, "NO_GROUND", "note"),
        ([[[19.0, 131.0], [19.1, 131.0], [19.1, 131.1], [19.0, 131.0]]], "LOOKS_SWAPPED", "bad"),
        ([[[500000, 4000000], [500100, 4000000], [500100, 4000100], [500000, 4000000]]], "OUTSIDE_WORLD", "bad"),
    ],
)
def test_a_polygon_that_is_none_is_named(
    installed: Quanzu, tmp_path: Path, *, second: object, flaw: str, weight: str
) -> None:
    words = importing(areas_file(tmp_path / "a.geojson", [("A", square(3)), ("B", second)]))

    assert _faults(installed, words) == [(2, flaw, weight)]


def test_two_units_with_one_code_are_refused(installed: Quanzu, tmp_path: Path) -> None:
    path = areas_file(tmp_path / "a.geojson", [("A", square(0)), ("A", square(1))])
    path.write_text(path.read_text("utf-8").replace("A\\u6240", "B\\u6240", 1), "utf-8")

    assert _faults(installed, importing(path)) == [(2, "CODE_TWICE", "bad")]


def test_a_district_in_three_parts_is_one_unit(installed: Quanzu, tmp_path: Path) -> None:
    path = areas_file(tmp_path / "a.geojson", [("A", square(0)), ("A", square(2)), ("A", square(4))])

    assert _faults(installed, importing(path, "--commit")) == [(2, "PART", "note"), (3, "PART", "note")]
    assert stored(tmp_path, "SELECT unit FROM area") == [("A",)] * 3
    assert stored(tmp_path, "SELECT code FROM unit") == [("A",)]


def test_the_same_polygon_twice_is_taken_once(installed: Quanzu, tmp_path: Path) -> None:
    path = areas_file(tmp_path / "a.geojson", [("A", square(0)), ("A", square(0))])

    assert _faults(installed, importing(path, "--commit")) == [(2, "DUPLICATE", "mended")]
    assert stored(tmp_path, "SELECT unit FROM area") == [("A",)]


def test_overlaps_and_gaps_are_named_with_their_size(installed: Quanzu, tmp_path: Path) -> None:
    ring = [("W", square(0, 0, size=1)), ("E", square(2, 0, size=1)), ("N", square(0, 1, size=3))]
    ring += [("S", [[[131.0, 18.9], [131.3, 18.9], [131.3, 19.0], [131.0, 19.0], [131.0, 18.9]]])]
    path = areas_file(tmp_path / "a.geojson", [*ring, ("X", square(0.5, 0, size=0.2))])

    summary = json.loads(installed(*importing(path), "--json").out)

    cell_m2 = 10_524 * 11_067  # a tenth of a degree each way at 19°
    assert [(one["units"]) for one in summary["gaps"]] == [["E", "N", "S", "W"]]
    assert summary["gaps"][0]["square_m"] == pytest.approx(cell_m2, rel=0.01)
    assert [(one["units"]) for one in summary["overlaps"]] == [["W", "X"]]
    assert summary["overlaps"][0]["square_m"] == pytest.approx(cell_m2 * 0.04, rel=0.01)


def test_one_area_with_swapped_axes_among_others_is_said(installed: Quanzu, tmp_path: Path) -> None:
    """Inside the world all the same: 19° east, 80° north is a place too."""
    shifted = [[[80 + x, y] for x, y in ring] for ring in [[[0, 19], [0.1, 19], [0.1, 19.1], [0, 19]]]]
    swapped = [[[y, x] for x, y in shifted[0]]]
    path = areas_file(tmp_path / "a.geojson", [("A", shifted), ("B", shifted), ("C", shifted), ("D", swapped)])

    assert (4, "LOOKS_SWAPPED", "bad") in _faults(installed, importing(path))


@pytest.mark.parametrize(
    ("lat", "lon", "flaw", "weight"),
    [
        (SOUTH + STEP / 2, WEST + STEP * 1.5, "OUTSIDE_OWN_AREA", "note"),
        (131.05, 19.05, "UNUSABLE_POINT", "bad"),
        (0, 0, "UNUSABLE_POINT", "bad"),
        ("north", 131, "NO_NUMBER", "bad"),
    ],
)
def test_a_station_in_the_wrong_place_is_said(
    installed: Quanzu, tmp_path: Path, *, lat: object, lon: object, flaw: str, weight: str
) -> None:
    areas = areas_file(tmp_path / "a.geojson", [("A", square(0))])
    stations = table_file(tmp_path / "s.csv", [{"unit": "A", "lat": lat, "lon": lon}])

    words = importing(areas, "--stations", stations, "--station-code", "unit")

    assert _faults(installed, words) == [(2, flaw, weight)]


def test_a_station_whose_axes_are_swapped_is_not_guessed(installed: Quanzu, tmp_path: Path) -> None:
    """Where both readings are in the world, its own area tells."""
    areas = areas_file(tmp_path / "a.geojson", [("A", [[[80, 19], [80.1, 19], [80.1, 19.1], [80, 19.1], [80, 19]]])])
    stations = table_file(tmp_path / "s.csv", [{"unit": "A", "lat": 80.05, "lon": 19.05}])

    words = importing(areas, "--stations", stations, "--station-code", "unit")

    assert _faults(installed, words) == [(2, "LOOKS_SWAPPED", "bad")]


@pytest.mark.parametrize(
    ("kind", "rows", "faults"),
    [
        ("region-codes", [{"code": "9901x", "unit": "A"}], [(2, "NO_CODE", "bad")]),
        ("region-codes", [{"code": "990121", "unit": "Z"}], [(2, "UNKNOWN_UNIT", "bad")]),
        ("region-codes", [{"code": "990121"}], [(2, "WITHOUT_UNIT", "note")]),
        (
            "region-codes",
            [{"code": "990121", "unit": "A"}, {"code": "990121000000", "unit": "A"}],
            [(3, "TWICE", "bad")],
        ),
        ("responders", [{"code": "R1", "unit": "A", "name": "测试甲"}], [(2, "NO_POST", "bad")]),
        *(
            ("responders", [{"code": code, "unit": "A", "name": "测试甲"}], [(2, "UNFIT_CODE", "bad")])
            for code in ("19900000000", "99010119000101000X", "R" * 65)
        ),
        ("responders", [{"code": "R1", "unit": "A", "name": ""}], [(2, "MISSING", "bad")]),
        (
            "responders",
            [{"code": "R1", "unit": "A", "name": "测试甲", "post_lat": 0, "post_lon": 0}],
            [(2, "UNUSABLE_POINT", "bad")],
        ),
    ],
)
def test_rows_of_lists_are_judged_one_by_one(
    installed: Quanzu, tmp_path: Path, *, kind: str, rows: list[dict[str, object]], faults: list[tuple[int, str, str]]
) -> None:
    areas = areas_file(tmp_path / "a.geojson", [("A", square(0))])

    assert _faults(installed, importing(areas, f"--{kind}", table_file(tmp_path / "l.csv", rows))) == faults


def test_a_grid_needs_a_parent_that_is_there(installed: Quanzu, tmp_path: Path) -> None:
    grids = areas_file(tmp_path / "g.geojson", [("G1", square(0))], precinct="A")

    assert _faults(installed, importing(grids, "--level", "grid")) == [(1, "MISSING", "bad")]
    words = importing(grids, "--level", "grid", "--parent", "precinct")
    assert _faults(installed, words) == [(1, "UNKNOWN_PARENT", "bad")]


def test_a_code_of_another_level_is_refused(installed: Quanzu, tmp_path: Path) -> None:
    areas = areas_file(tmp_path / "a.geojson", [("A", square(0))])
    installed(*importing(areas, "--commit"))

    assert _faults(installed, importing(areas, "--level", "county")) == [(1, "CODE_OF_ANOTHER_KIND", "bad")]


def test_a_million_corners_are_counted_and_taken(installed: Quanzu, tmp_path: Path) -> None:
    angle = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    radius = 0.1 + 0.001 * np.sin(angle * 500)
    ring = np.column_stack((131.05 + radius * np.cos(angle), 19.05 + radius * np.sin(angle))).tolist()
    path = areas_file(tmp_path / "a.geojson", [("BIG", [[*ring, ring[0]]]), *((str(n), square(n)) for n in range(9))])
    began = time.monotonic()

    answer = installed(*importing(path, "--commit"))

    assert answer.code == 0
    assert "the polygon of BIG has 1000001 corners" in answer.out
    assert time.monotonic() - began < 60


def test_a_thousand_bad_rows_show_fifty_and_say_so(installed: Quanzu, tmp_path: Path) -> None:
    path = areas_file(tmp_path / "a.geojson", [("", square(0))] * 1000)

    answer = installed(*importing(path))

    assert answer.code == 1
    assert "and 950 more; --json has them all" in answer.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["registry", "import"], "no file is given"),
        (["registry", "import", "--jurisdictions", "a"], "--jurisdictions needs --code"),
        (["registry", "import", "--stations", "a"], "--stations needs --station-code"),
        (["registry", "import", "--responders", "a", "--column", "responders.rank=x"], "there are jurisdictions.code"),
        (
            ["registry", "import", "--responders", "a", "--valid-from", "2030-01-01"],
            "import codes, villages and people",
        ),
        (["registry", "import", "--responders", "absent.csv"], "absent.csv is not there"),
    ],
)
def test_wrong_use_is_one_line(installed: Quanzu, words: list[str], told: str) -> None:
    answer = installed(*words)

    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.geojson", '{"type": "FeatureCollection", "features": []}', "a.geojson has no features"),
        ("a.csv", "code,name\n", "a.csv has no rows"),
        ("a.csv", "", "a.csv has no column code; it has: -"),
    ],
)
def test_an_empty_file_ends_no_unit(installed: Quanzu, tmp_path: Path, name: str, content: str, told: str) -> None:
    installed(*importing(areas_file(tmp_path / "areas.geojson", [("A", square(0))]), "--commit"))
    (tmp_path / name).write_text(content, "utf-8")

    answer = installed("registry", "import", "--jurisdictions", tmp_path / name, "--code", "code", "--commit")

    assert answer.code == 2
    assert told in answer.err
    assert stored(tmp_path, "SELECT code FROM unit WHERE valid_to IS NULL") == [("A",)]


def test_a_code_that_is_no_text_names_no_unit(installed: Quanzu, tmp_path: Path) -> None:
    path = areas_file(tmp_path / "a.geojson", [("A", square(0)), ("B", square(1))])
    path.write_text(path.read_text("utf-8").replace('"code": "B"', '"code": {"B": 1}'), "utf-8")

    assert _faults(installed, importing(path)) == [(2, "MISSING", "bad")]


def test_a_broken_workbook_is_one_line(installed: Quanzu, tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    path.write_bytes(b"PK\x03\x04 nothing of the kind")

    answer = installed("registry", "import", "--responders", path)

    assert answer.code == 2
    assert "is no XLSX" in answer.err
