"""A registry over time: tree, later boundaries, people who leave, who changed what, and files that come back the same."""

import json
from pathlib import Path

import pytest

from services.store.columns import as_json
from tests.story.cli.conftest import Quanzu
from tests.story.cli.registry_steps import areas_file, importing, square, stored, table_file

PEOPLE = [
    {"警号": "R1", "单位": "A", "姓名": "测试甲", "职级": "民警", "专长": "翻译;谈判", "家庭联络": "是"},
    {"警号": "R2", "单位": "A", "姓名": "测试乙", "职级": "辅警", "专长": "", "家庭联络": ""},
]
NAMES = [
    *("--column", "responders.code=警号", "--column", "responders.unit=单位", "--column", "responders.name=姓名"),
    *("--column", "responders.grade=职级", "--column", "responders.skills=专长"),
    *("--column", "responders.family_liaison=家庭联络"),
]


@pytest.fixture
def town(installed: Quanzu, tmp_path: Path) -> Quanzu:
    """Two precincts with a station each."""
    areas = areas_file(tmp_path / "areas.geojson", [("A", square(0)), ("B", square(1))])
    rows = [{"unit": "A", "lat": 19.05, "lon": 131.05}, {"unit": "B", "lat": 19.05, "lon": 131.15}]
    stations = table_file(tmp_path / "stations.csv", rows)
    words = ("--stations", stations, "--station-code", "unit", "--commit", "--by", "admin-1")
    assert installed(*importing(areas, *words)).code == 0
    return installed


@pytest.mark.parametrize(("name", "encoding"), [("p.csv", "utf-8"), ("p.csv", "gb18030"), ("p.xlsx", "")])
def test_people_come_from_any_table_with_any_columns(town: Quanzu, tmp_path: Path, name: str, encoding: str) -> None:
    path = table_file(tmp_path / name, PEOPLE, encoding=encoding)

    assert town("registry", "import", "--responders", path, *NAMES, "--commit").code == 0

    rows = stored(tmp_path, "SELECT code, grade, post_lat, skills, family_liaison FROM responder ORDER BY code")
    assert rows == [
        ("R1", "officer", 19.05, as_json(["翻译", "谈判"]), 1),
        ("R2", "auxiliary", 19.05, "[]", 0),
    ]


def test_who_is_not_in_the_file_any_more_ends(town: Quanzu, tmp_path: Path) -> None:
    for people in (PEOPLE, PEOPLE[:1]):
        path = table_file(tmp_path / "p.csv", people)
        answer = town("registry", "import", "--responders", path, *NAMES, "--commit", "--by", "admin-2")

    assert "R2 is not in the file and gets no more cases; 0 open ones" in answer.out
    assert stored(tmp_path, "SELECT code FROM responder WHERE valid_to IS NOT NULL") == [("R2",)]
    changes = stored(tmp_path, "SELECT by, code, what FROM registry_change WHERE kind = 'responder' ORDER BY id")
    assert [(by, code, json.loads(what)["done"]) for by, code, what in changes] == [
        *(("admin-2", "R1", "added"), ("admin-2", "R2", "added"), ("admin-2", "R2", "ended")),
    ]


def test_keep_others_ends_nobody(town: Quanzu, tmp_path: Path) -> None:
    for people in (PEOPLE, PEOPLE[:1]):
        path = table_file(tmp_path / "p.csv", people)
        town("registry", "import", "--responders", path, *NAMES, "--commit", "--keep-others")

    assert stored(tmp_path, "SELECT count(*) FROM responder WHERE valid_to IS NULL") == [(2,)]


def test_one_boundary_alone_may_be_redrawn(town: Quanzu, tmp_path: Path) -> None:
    path = areas_file(tmp_path / "b.geojson", [("B", square(1, size=2))])

    summary = json.loads(town(*importing(path, "--commit", "--keep-others", "--json")).out)

    assert summary["changes"] == {"area.changed": 1}
    assert summary["without_ground_now"] == []
    assert stored(tmp_path, "SELECT unit, valid_to IS NULL FROM area ORDER BY id") == [("A", 1), ("B", 0), ("B", 1)]


def test_a_later_boundary_waits_for_its_day(town: Quanzu, tmp_path: Path) -> None:
    """The same file again, before its day, changes nothing; today's map is still the old one."""
    path = areas_file(tmp_path / "later.geojson", [("A", square(0, size=2)), ("B", square(2))])
    words = importing(path, "--valid-from", "2090-01-01", "--commit")

    first, second = town(*words), town(*words)

    assert "changes: area.changed 2" in first.out
    assert "nothing changes" in second.out
    points = table_file(tmp_path / "in.csv", [{"lat": 19.05, "lon": 131.15}])
    town("locate", points, "--out", tmp_path / "out.csv")
    assert ",B,,POLYGON," in (tmp_path / "out.csv").read_text("utf-8")
    town("registry", "export", "--out", tmp_path / "then", "--at", "2090-01-02")
    then = json.loads((tmp_path / "then" / "precinct.geojson").read_text("utf-8"))
    assert then["features"][0]["geometry"]["coordinates"][0][1] == [131.2, 19.0]


def test_todays_map_may_change_before_a_planned_one(town: Quanzu, tmp_path: Path) -> None:
    later = areas_file(tmp_path / "later.geojson", [("A", square(0, size=2)), ("B", square(2))])
    town(*importing(later, "--valid-from", "2090-01-01", "--commit"))
    today = areas_file(tmp_path / "today.geojson", [("A", square(0, size=0.5)), ("B", square(1))])

    assert "area.changed 1" in town(*importing(today, "--commit")).out

    assert "nothing changes" in town(*importing(later, "--valid-from", "2090-01-01", "--commit")).out
    assert "nothing changes" in town(*importing(today, "--commit")).out


def test_a_unit_that_ended_comes_back_whole(town: Quanzu, tmp_path: Path) -> None:
    alone = areas_file(tmp_path / "alone.geojson", [("A", square(0))])
    town(*importing(alone, "--commit"))
    assert stored(tmp_path, "SELECT code FROM unit WHERE valid_to IS NOT NULL") == [("B",)]
    assert stored(tmp_path, "SELECT unit FROM station WHERE valid_to IS NULL") == [("A",)]

    town(*importing(tmp_path / "areas.geojson", "--commit"))

    assert stored(tmp_path, "SELECT code FROM unit WHERE valid_to IS NULL ORDER BY code") == [("A",), ("B",)]


def test_the_tree_has_centre_precinct_and_grid(town: Quanzu, tmp_path: Path) -> None:
    centre = table_file(tmp_path / "centre.csv", [{"code": "C0", "name": "测试中心", "phone": "0000"}])
    words = importing(centre, "--level", "centre", "--contact", "phone", "--commit")
    assert town(*words).code == 0
    areas = areas_file(tmp_path / "areas.geojson", [("A", square(0)), ("B", square(1))], up="C0")
    assert town(*importing(areas, "--parent", "up", "--commit")).code == 0
    grids = areas_file(tmp_path / "grids.geojson", [("A1", square(0, size=0.5))], precinct="A")
    assert town(*importing(grids, "--level", "grid", "--parent", "precinct", "--commit")).code == 0

    rows = stored(tmp_path, "SELECT code, kind, parent, contact FROM unit ORDER BY code")
    assert rows == [
        *(("A", "precinct", "C0", None), ("A1", "grid", "A", None)),
        *(("B", "precinct", "C0", None), ("C0", "centre", None, "0000")),
    ]


def test_what_is_exported_comes_back_without_a_change(town: Quanzu, tmp_path: Path) -> None:
    town("registry", "import", "--responders", table_file(tmp_path / "p.csv", PEOPLE), *NAMES, "--commit")
    codes = table_file(tmp_path / "c.csv", [{"code": "990121", "unit": "A"}])
    village = {"village_code": "990121101201", "village": "柳岗村民委员会", "township_code": "990121101"}
    villages = table_file(
        tmp_path / "v.csv", [village | {"township": "柳湾镇", "county_code": "990121", "county": "墨汀县"}]
    )
    town("registry", "import", "--region-codes", codes, "--villages", villages, "--commit")

    written = json.loads(town("registry", "export", "--out", tmp_path / "out", "--json").out)

    assert [Path(one["path"]).name for one in written] == [
        *("precinct.geojson", "stations.csv", "region_codes.csv", "villages.csv", "responders.csv"),
    ]
    options = [word for one in written for word in one["options"].split()]
    assert "nothing changes" in town("registry", "import", *options).out


def test_a_sound_registry_passes_its_check(town: Quanzu, tmp_path: Path) -> None:
    assert town("registry", "check").code == 1  # nobody is there yet
    people = [PEOPLE[0], PEOPLE[1] | {"单位": "B"}]
    town("registry", "import", "--responders", table_file(tmp_path / "p.csv", people), *NAMES, "--commit")

    answer = town("registry", "check")

    assert (answer.code, answer.out) == (0, "nothing found\n")


def test_a_check_names_what_would_go_astray(town: Quanzu, tmp_path: Path) -> None:
    codes = table_file(tmp_path / "c.csv", [{"code": "990121", "unit": "B"}])
    town("registry", "import", "--region-codes", codes, "--commit")
    areas = areas_file(tmp_path / "x.geojson", [("A", square(0)), ("X", square(0.5))])
    town(*importing(areas, "--commit"))

    found = json.loads(town("registry", "check", "--json").out)

    assert [one["units"] for one in found["overlaps"]] == [["A", "X"]]
    assert (found["without_station"], found["without_people"]) == (["X"], ["A", "X"])
    assert (found["codes_without_unit"], found["sound"]) == (["990121"], False)
