"""registry import: a dry run by default, bad rows named with their fix, and responders left in peace."""

import gzip
import json
import sqlite3
from pathlib import Path

import pytest

from tests.story.cli.conftest import Quanzu

SQUARE = [[[131.0, 19.0], [131.1, 19.0], [131.1, 19.1], [131.0, 19.1], [131.0, 19.0]]]
BOW_TIE = [[[131.0, 19.0], [131.1, 19.1], [131.1, 19.0], [131.0, 19.1], [131.0, 19.0]]]


@pytest.fixture
def chicago(data_dir: Path) -> list[object]:
    folder = data_dir / "chicago"
    return [
        *("registry", "import", "--jurisdictions", folder / "districts.geojson", "--code", "district"),
        *("--stations", folder / "stations.csv", "--station-code", "district", "--station-name", "name"),
    ]


def test_a_dry_run_counts_and_writes_nothing(installed: Quanzu, chicago: list[object], tmp_path: Path) -> None:
    summary = json.loads(installed(*chicago, "--json").out)

    assert (summary["units"], summary["areas"], summary["stations"], summary["bad"]) == (23, 25, 22, 0)
    assert (summary["written"], summary["without_station"]) == (False, ["31"])
    assert _counts(tmp_path) == {"unit": 0, "area": 0, "station": 0}


def test_a_committed_import_is_there_once_however_often(
    installed: Quanzu, chicago: list[object], tmp_path: Path
) -> None:
    for _ in range(2):
        assert installed(*chicago, "--commit").code == 0

    assert _counts(tmp_path) == {"unit": 23, "area": 25, "station": 22}


def test_an_import_leaves_responders_and_duty(installed: Quanzu, tmp_path: Path) -> None:
    _write(
        tmp_path,
        "INSERT INTO responder (code, unit, name, grade, post_lat, post_lon) VALUES ('R1', 'A', '测试甲', 'officer', 19, 131)",
    )
    _write(tmp_path, "INSERT INTO duty (responder, starts_at, ends_at) VALUES ('R1', 0, 1)")

    assert installed(*_import(tmp_path, [("A", SQUARE)]), "--commit").code == 0

    assert _counts(tmp_path, "responder", "duty") == {"responder": 1, "duty": 1}


def test_a_unit_no_longer_in_the_file_loses_its_ground(installed: Quanzu, tmp_path: Path) -> None:
    installed(*_import(tmp_path, [("A", SQUARE), ("B", SQUARE)]), "--commit")

    summary = json.loads(installed(*_import(tmp_path, [("A", SQUARE)]), "--commit", "--json").out)

    assert summary["without_ground_now"] == ["B"]
    assert _counts(tmp_path) == {"unit": 2, "area": 1, "station": 0}
    assert _counts(tmp_path, "registry_change") == {"registry_change": 6}  # added twice, ended once, unit and area


def test_bad_rows_are_named_and_stop_the_writing(installed: Quanzu, tmp_path: Path) -> None:
    stations = tmp_path / "stations.csv.gz"
    text = "代码,名称,lat,lon\nA,城关所,19.05,131.05\nZ,无辖区所,19,131\nA,零点所,0,0\nA,文字所,north,131\n"
    stations.write_bytes(gzip.compress(text.encode("gb18030")))
    words = _import(tmp_path, [("A", SQUARE), ("", SQUARE), ("C", [[[1, 2]]]), ("D", BOW_TIE)])
    words += ["--stations", stations, "--station-code", "代码", "--station-name", "名称"]

    answer = installed(*words, "--commit", "--json")

    summary = json.loads(answer.out)
    assert (answer.code, summary["written"], summary["stations"]) == (1, False, 1)
    assert [(fault["line"], fault["weight"]) for fault in summary["faults"]] == [
        *((2, "bad"), (3, "bad"), (4, "mended")),
        *((3, "bad"), (4, "bad"), (5, "bad")),
    ]
    assert all(fault["fix"] for fault in summary["faults"])
    assert _counts(tmp_path) == {"unit": 0, "area": 0, "station": 0}


@pytest.mark.parametrize(
    ("content", "told"), [("{", "is no JSON"), ("[]", "is no GeoJSON FeatureCollection"), (None, "is not there")]
)
def test_an_unreadable_file_is_wrong_use(installed: Quanzu, tmp_path: Path, content: str | None, told: str) -> None:
    path = tmp_path / "areas.geojson"
    if content is not None:
        path.write_text(content)

    answer = installed("registry", "import", "--jurisdictions", path, "--code", "code")

    assert answer.code == 2
    assert told in answer.err


def _import(folder: Path, areas: list[tuple[str, object]]) -> list[object]:
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates": rings}}
        for code, rings in areas
    ]
    path = folder / "areas.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return ["registry", "import", "--jurisdictions", path, "--code", "code"]


def _counts(folder: Path, *names: str) -> dict[str, int]:
    database = sqlite3.connect(folder / "quanzu.db")
    try:
        return {
            name: database.execute(f"SELECT count(*) FROM {name} {where}").fetchone()[0]  # noqa: S608 - our own names
            for name in names or ("unit", "area", "station")
            for where in ["WHERE valid_to IS NULL" if name in ("area", "station") else ""]
        }
    finally:
        database.close()


def _write(folder: Path, statement: str) -> None:
    database = sqlite3.connect(folder / "quanzu.db")
    with database:
        database.execute(statement)
    database.close()


def test_a_rota_comes_with_its_people_or_not_at_all(installed: Quanzu, tmp_path: Path) -> None:
    """The dry run knows the people of the same import; one bad row of the rota keeps everything out."""
    people, rota = tmp_path / "people.csv", tmp_path / "rota.csv"
    people.write_text("code,unit,name,grade,post_lat,post_lon\nR1,A,测试甲,民警,19.05,131.05\n")
    rota.write_text("responder,group,pattern\nR1,甲,three-shifts\nR9,乙,three-shifts\n")
    order = (*_import(tmp_path, [("A", SQUARE)]), "--responders", people, "--rota", rota)

    spoilt = installed(*order, "--commit", "--json")
    assert spoilt.code == 1
    assert [fault["line"] for fault in json.loads(spoilt.out)["rota"]["faults"]] == [3]
    assert _counts(tmp_path, "unit", "responder", "duty") == {"unit": 0, "responder": 0, "duty": 0}

    rota.write_text("responder,group,pattern\nR1,甲,three-shifts\n")
    assert json.loads(installed(*order, "--json").out)["rota"]["rotations"] == 1
    assert _counts(tmp_path, "unit", "responder", "duty") == {"unit": 0, "responder": 0, "duty": 0}

    assert installed(*order, "--commit").code == 0
    counts = _counts(tmp_path, "unit", "responder", "duty")
    assert (counts["unit"], counts["responder"]) == (1, 1)
    assert counts["duty"] > 30
