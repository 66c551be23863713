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
