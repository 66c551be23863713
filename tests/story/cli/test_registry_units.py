"""registry units, switch and head, as a person uses them."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.story.cli.conftest import Quanzu


@pytest.fixture
def county(installed: Quanzu, tmp_path: Path) -> Quanzu:
    """Two units, and a responder in the first."""
    with sqlite3.connect(tmp_path / "quanzu.db") as conn:
        for code in ("T1", "T2"):
            conn.execute(
                "INSERT INTO unit (code, kind, name_zh, name_en) VALUES (?, 'precinct', ?, ?)", (code, "测试所", code)
            )
        conn.execute(
            "INSERT INTO responder (code, unit, name, grade, post_lat, post_lon)"
            " VALUES ('T1-01', 'T1', '测试警员', 'officer', 19.0, 131.0)"
        )
    return installed


def test_a_unit_is_switched_off_and_shown_so(county: Quanzu) -> None:
    assert county("registry", "switch", "T1", "routing", "off").out == "T1 routing: off\n"
    assert county("registry", "switch", "T1", "routing", "off").out == "T1 routing: off (as it was)\n"
    assert county("registry", "head", "T1", "T1-01").out == "T1 is led by T1-01\n"

    shown = {row["unit"]: (row["head"], row["off"]) for row in json.loads(county("--json", "registry", "units").out)}

    assert shown == {"T1": ("T1-01", ["routing"]), "T2": (None, [])}
    assert "routing" in county("registry", "units").out


def test_a_head_is_taken_back_without_a_name(county: Quanzu) -> None:
    county("registry", "head", "T1", "T1-01")

    assert json.loads(county("--json", "registry", "head", "T1").out) == {"changed": True}
    assert json.loads(county("--json", "registry", "units").out)[0]["head"] is None


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("switch", "T9", "routing", "off"), 1),
        (("switch", "T1", "siren", "off"), 2),
        (("switch", "T1", "routing", "maybe"), 2),
        (("head", "T2", "T1-01"), 1),
        (("head", "T9", "T1-01"), 1),
    ],
)
def test_wrong_words_end_with_a_way_out(county: Quanzu, words: tuple[str, ...], code: int) -> None:
    answer = county("registry", *words)

    assert (answer.code, answer.out) == (code, "")
    assert answer.err


def test_a_head_comes_with_the_units_and_goes_out_with_them(installed: Quanzu, tmp_path: Path) -> None:
    square = [[[131.0, 19.0], [131.1, 19.0], [131.1, 19.1], [131.0, 19.1], [131.0, 19.0]]]
    feature = {
        "type": "Feature",
        "properties": {"code": "T1", "负责人": "T1-01"},
        "geometry": {"type": "Polygon", "coordinates": square},
    }
    areas, out = tmp_path / "areas.geojson", tmp_path / "out"
    areas.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    people = tmp_path / "people.csv"
    people.write_text("code,unit,name,post_lat,post_lon\nT1-01,T1,测试警员,19.05,131.05\n")
    words = ("registry", "import", "--jurisdictions", areas, "--code", "code", "--head", "负责人")

    assert installed(*words, "--responders", people, "--commit").code == 0
    assert json.loads(installed("--json", "registry", "units").out)[0]["head"] == "T1-01"
    written = json.loads(installed("--json", "registry", "export", "--out", out).out)

    assert "--head head" in next(one["options"] for one in written if one["path"].endswith(".geojson"))
    told = installed("registry", "import", *written[0]["options"].split(), "--commit").out
    assert "nothing changes" in told


def test_who_changed_the_head_is_kept_by_the_registry(county: Quanzu, tmp_path: Path) -> None:
    county("registry", "head", "T1", "T1-01", "--by", "somebody")

    with sqlite3.connect(tmp_path / "quanzu.db") as conn:
        (by, kind, code, what) = conn.execute("SELECT by, kind, code, what FROM registry_change").fetchone()
    assert (by, kind, code) == ("somebody", "unit", "T1")
    assert json.loads(what) == {"done": "changed", "fields": {"head": [None, "T1-01"]}}


def test_a_head_who_is_not_there_is_found_by_the_check(county: Quanzu, tmp_path: Path) -> None:
    county("registry", "head", "T1", "T1-01")
    assert json.loads(county("--json", "registry", "check").out)["heads_missing"] == []

    with sqlite3.connect(tmp_path / "quanzu.db") as conn:
        conn.execute("UPDATE responder SET unit = 'T2'")

    assert json.loads(county("--json", "registry", "check").out)["heads_missing"] == ["T1"]
    assert "units whose head is nobody of theirs: T1" in county("registry", "check").out
