"""Real boundaries through the command line, as an administrator checks them before they go live."""

import csv
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from services.domain.datum import Datum, from_wgs84
from tests.story.cli.conftest import Quanzu

WITHOUT_POLYGON = 23  # development zones and the like
POINTS = 20_000


@pytest.fixture
def chicago(installed: Quanzu, data_dir: Path) -> Quanzu:
    folder = data_dir / "chicago"
    areas = ("--jurisdictions", folder / "districts.geojson", "--code", "district")
    stations = ("--stations", folder / "stations.csv", "--station-code", "district", "--station-name", "name")
    beats = ("--jurisdictions", folder / "beats.geojson", "--code", "beat", "--parent", "district", "--level", "grid")
    for words in ((*areas, *stations), beats):
        assert installed("registry", "import", *words, "--commit").code == 0
        assert "nothing changes" in installed("registry", "import", *words, "--commit").out
    return installed


@pytest.fixture
def hebei(installed: Quanzu, data_dir: Path) -> Quanzu:
    folder = data_dir / "hebei"
    areas = ("--jurisdictions", folder / "counties.geojson", "--code", "adcode", "--name", "name", "--level", "county")
    lists = ("--region-codes", folder / "divisions.csv.gz", "--villages", folder / "villages_handan.csv.gz")
    assert installed("registry", "import", *areas, *lists, "--commit").code == 0
    assert "nothing changes" in installed("registry", "import", *areas, *lists, "--commit").out
    return installed


def test_incidents_go_to_the_district_and_beats_add_up(chicago: Quanzu, data_dir: Path, tmp_path: Path) -> None:
    source, out = data_dir / "chicago" / "incidents.csv.gz", tmp_path / "out.csv"

    summary = _located(chicago, source, out, "--label", "district")

    assert (summary["rows"], summary["centre"], summary["labelled"]) == (22_334, 775, 21_559)
    assert summary["agreement"] >= 0.999
    assert summary["misses_within_25_m"] == summary["misses"] == 4
    given, rows = _zipped_rows(source), _rows(out)
    assert [row["incident_id"] for row in rows] == [row["incident_id"] for row in given]
    beats = json.loads((data_dir / "chicago" / "beats.geojson").read_text("utf-8"))["features"]
    district_of = {beat["properties"]["beat"]: beat["properties"]["district"] for beat in beats}
    by_beat = Counter(district_of[row["grid"]] for row in rows if row["grid"])
    assert by_beat == Counter(row["unit"] for row in rows if row["unit"])


def test_every_seat_lies_in_its_county_from_gcj02(hebei: Quanzu, data_dir: Path, tmp_path: Path) -> None:
    words = ("--lat", "lat_gcj02", "--lon", "lon_gcj02", "--datum", "GCJ02", "--label", "adcode")

    summary = _located(hebei, data_dir / "hebei" / "county_seats_gcj02.csv", tmp_path / "out.csv", *words)

    assert (summary["labelled"], summary["right"]) == (167, 167)


def test_a_forgotten_datum_costs_what_it_costs(hebei: Quanzu, data_dir: Path, tmp_path: Path) -> None:
    path = _random_points(data_dir, tmp_path / "points.csv")
    words = (path, tmp_path / "out.csv", "--label", "adcode")

    given, forgotten = (_located(hebei, *words, "--datum", datum) for datum in ("GCJ02", "WGS84"))

    assert given["labelled"] == forgotten["labelled"] == POINTS
    assert given["agreement"] >= 0.999
    assert 0.97 <= forgotten["agreement"] <= 0.98


def test_codes_without_a_polygon_are_routed_by_code(hebei: Quanzu, data_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"

    _located(hebei, data_dir / "hebei" / "divisions.csv.gz", out, "--region-code", "code")

    counties = {feature["properties"]["adcode"] for feature in _counties(data_dir)}
    below = [row for row in _rows(out) if row["level"] in ("county", "township")]
    assert {(row["unit"], row["rule"]) for row in below} == {(row["code"][:6], "REGION_CODE") for row in below}
    assert len({row["unit"] for row in below} - counties) == WITHOUT_POLYGON


def test_villages_that_are_unique_find_their_township(hebei: Quanzu, data_dir: Path, tmp_path: Path) -> None:
    source, out = data_dir / "hebei" / "villages_handan.csv.gz", tmp_path / "out.csv"

    summary = _located(
        hebei, source, out, "--address", "village", "--county", "county_code", "--label", "township_code"
    )

    assert (summary["rows"], summary["right"], summary["centre"]) == (5_835, 5_728, 107)
    truth = _zipped_rows(source)
    names = Counter((row["county_code"], row["village"]) for row in truth)
    answers = list(csv.reader(out.read_text("utf-8").splitlines()))[1:]
    for (*_, reason, found), right in zip(answers, truth, strict=True):
        if names[right["county_code"], right["village"]] == 1:
            assert found == right["township_code"]
        else:
            assert found == ""  # nothing is guessed
            assert right["township"] in reason


def _located(quanzu: Quanzu, source: Path, out: Path, *words: object) -> dict[str, Any]:
    answer = quanzu("locate", source, "--out", out, *words, "--json")
    assert answer.code == 0
    told: dict[str, Any] = json.loads(answer.out)
    return told


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _zipped_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(gzip.decompress(path.read_bytes()).decode().splitlines()))


def _counties(data_dir: Path) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads((data_dir / "hebei" / "counties.geojson").read_text("utf-8"))[
        "features"
    ]
    return features


def _random_points(data_dir: Path, path: Path) -> Path:
    """Random points inside the counties, moved to GCJ-02, each with its county as another library's answer tells it."""
    features = _counties(data_dir)
    shapes = np.array([shapely.from_geojson(json.dumps(one["geometry"])) for one in features], dtype=object)
    west, south, east, north = shapely.total_bounds(shapes)
    rng = np.random.default_rng(11)
    lat, lon = rng.uniform(south, north, 60_000), rng.uniform(west, east, 60_000)
    at, county = shapely.STRtree(shapes).query(shapely.points(lon, lat), predicate="within")
    at, county = at[:POINTS], county[:POINTS]
    moved_lat, moved_lon = from_wgs84(lat[at], lon[at], Datum.GCJ02)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["lat", "lon", "adcode"])
        for y, x, index in zip(moved_lat.tolist(), moved_lon.tolist(), county.tolist(), strict=True):
            rows.writerow([y, x, features[index]["properties"]["adcode"]])
    return path
