"""locate: every row back in order with its unit and a reason, from the registry alone."""

import csv
import gzip
import json
from pathlib import Path

import pytest

from tests.story.cli.conftest import Quanzu
from tests.story.cli.registry_steps import areas_file, importing, square, table_file

ROWS = [
    {"no": 1, "lat": 19.05, "lon": 131.05, "code": "", "text": "", "right": "A"},
    {"no": 2, "lat": "", "lon": "", "code": "990121101000", "text": "", "right": "B"},
    {"no": 3, "lat": "", "lon": "", "code": "", "text": "墨汀县柳湾镇柳岗村2号", "right": "B"},
    {"no": 4, "lat": 131.05, "lon": 19.05, "code": "", "text": "", "right": "A"},
    {"no": 5, "lat": "no", "lon": "", "code": "", "text": "柳岗路2号", "right": ""},
    {"no": 6, "lat": 19.05, "lon": 131.2001, "code": "", "text": "", "right": "A"},
]


@pytest.fixture
def town(installed: Quanzu, tmp_path: Path) -> Quanzu:
    """Two precincts, a region code and a village of the second, a grid in the first."""
    areas = areas_file(tmp_path / "areas.geojson", [("A", square(0)), ("B", square(1))])
    codes = table_file(tmp_path / "codes.csv", [{"code": "990121101", "unit": "B"}])
    village = {"village_code": "990121101201", "village": "柳岗村民委员会", "township_code": "990121101"}
    village |= {"township": "柳湾镇", "county_code": "990121", "county": "墨汀县"}
    villages = table_file(tmp_path / "villages.xlsx", [village])
    installed(*importing(areas, "--region-codes", codes, "--villages", villages, "--commit"))
    grids = areas_file(tmp_path / "grids.geojson", [("A1", square(0))], up="A")
    installed(*importing(grids, "--level", "grid", "--parent", "up", "--commit"))
    return installed


def test_every_row_comes_back_with_its_answer(town: Quanzu, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"

    answer = town("locate", _given(tmp_path), "--out", out, *_columns(), "--label", "right", "--json")

    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    assert [(row["no"], row["unit"], row["grid"], row["rule"]) for row in rows] == [
        *(("1", "A", "A1", "POLYGON"), ("2", "B", "", "REGION_CODE"), ("3", "B", "", "ADDRESS")),
        *(("4", "", "", "CENTRE"), ("5", "", "", "CENTRE"), ("6", "B", "", "EDGE")),
    ]
    assert rows[2]["township_code"] == "990121101"
    assert float(rows[5]["distance_m"]) == pytest.approx(10.5, abs=0.1)
    assert "as if latitude and longitude were swapped" in rows[3]["reason"]
    assert "names no known village" not in rows[3]["reason"]
    summary = json.loads(answer.out)
    assert (summary["rows"], summary["located"], summary["centre"], summary["with_grid"]) == (6, 4, 2, 1)
    assert (summary["labelled"], summary["right"], summary["misses"]) == (5, 3, 2)


def test_a_miss_beside_the_labelled_area_is_told(town: Quanzu, tmp_path: Path) -> None:
    rows = [{"lat": 19.05, "lon": 131.1 + east, "right": "A"} for east in (0.0001, 0.01)]

    answer = town("locate", table_file(tmp_path / "in.csv", rows), "--out", tmp_path / "o.csv", "--label", "right")

    assert "right by label 0 of 2 (0.00%)" in answer.out
    assert "of the 2 others 1 lie within 25 m of the labelled area" in answer.out


def test_what_is_zipped_comes_back_zipped(town: Quanzu, tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv.gz", tmp_path / "out.csv.gz"
    source.write_bytes(gzip.compress("lat,lon,备注\n19.05,131.05,测试\n".encode("gb18030")))

    assert town("locate", source, "--out", out).code == 0

    (row,) = csv.DictReader(gzip.decompress(out.read_bytes()).decode().splitlines())
    assert (row["备注"], row["unit"]) == ("测试", "A")


def test_a_grid_can_be_the_known_answer(town: Quanzu, tmp_path: Path) -> None:
    rows = [{"lat": 19.05, "lon": 131.05, "beat": "A1"}, {"lat": 19.05, "lon": 131.05, "beat": "Z9"}]

    answer = town("locate", table_file(tmp_path / "in.csv", rows), "--out", tmp_path / "o.csv", "--label", "beat")

    assert "right by label 1 of 2 (50.00%)" in answer.out
    assert "labels that are no known code: Z9" in answer.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["absent.csv", "--out", "o.csv"], "absent.csv is not there"),
        (["{in}", "--out", "{out}", "--label", "nothing"], "has no column nothing"),
        (["{in}", "--out", "{out}", "--lat", "nothing"], "has no column nothing"),
        (["{codes}", "--out", "{out}"], "has no column lat"),
        (["{in}", "--out", "/nowhere/o.csv"], "/nowhere/o.csv can't be written"),
    ],
)
def test_wrong_use_writes_nothing(town: Quanzu, tmp_path: Path, words: list[str], told: str) -> None:
    places = {"in": _given(tmp_path), "out": tmp_path / "out.csv", "codes": tmp_path / "codes.csv"}

    answer = town("locate", *(word.format(**places) for word in words))

    assert answer.code == 2
    assert told in answer.err
    assert not (tmp_path / "out.csv").exists()


def test_an_empty_registry_says_what_comes_first(installed: Quanzu, tmp_path: Path) -> None:
    answer = installed("locate", _given(tmp_path), "--out", tmp_path / "out.csv")

    assert (answer.code, answer.err) == (1, "there are no units yet: `quanzu registry import` comes first\n")


def _given(folder: Path) -> Path:
    return table_file(folder / "in.csv", ROWS)


def _columns() -> list[str]:
    return ["--region-code", "code", "--address", "text"]
