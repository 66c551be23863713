"""Ways from a unit's people to a scene, and what a table of travel times says of them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.domain.choice import Ask, Choice, Measured, Rules
from services.domain.choosing import choose
from services.domain.roster import OnDuty, Roster
from services.domain.ways import MOST, Table, Way, ways_of
from services.handlers.travel_table import BadMinutes, read_minutes

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
SCENE = {"lat": 19.0, "lon": 131.0}


def person(responder: str, *, east: float = 0.01, **more: Any) -> OnDuty:
    given: dict[str, Any] = {"lat": None, "lon": None, "fix_at": None, "open_cases": 0} | more
    return OnDuty(responder=responder, unit="A", post_lat=19.0, post_lon=131.0 + east, **given)


def way(roster: Roster, **ask: Any) -> Way | None:
    return ways_of(roster, [Ask(unit="A", **SCENE, **ask)], NOW, Rules())[0]


async def test_the_table_is_asked_from_grid_to_grid_first() -> None:
    roster = Roster([person("A1", grid="A-1"), person("A2", grid="A-2"), person("A3")])
    found = way(roster, grid="A-9")
    assert found is not None
    table = Table({("A-1", "A-9"): 4, ("A-1", "A"): 9, ("A-2", "A"): 12, ("A", "A-9"): 20})

    assert await table.seconds([found]) == (Measured.TABLE, [{"A1": 240, "A2": 720, "A3": 1200}])


async def test_who_is_sooner_by_the_table_gets_the_case() -> None:
    roster = Roster([person("A1", east=0.01, grid="A-1"), person("A2", east=0.05, grid="A-2")])
    found = way(roster)
    assert found is not None
    measured, (travel_s,) = await Table({("A-1", "A"): 25, ("A-2", "A"): 8}).seconds([found])

    choice = choose(roster, Ask(unit="A", **SCENE, travel_s=travel_s, measured=measured), NOW)

    assert isinstance(choice, Choice)
    assert (choice.responder, choice.measured, choice.candidates[0].travel_s) == ("A2", Measured.TABLE, 480)


def test_only_the_nearest_of_a_large_unit_are_measured() -> None:
    roster = Roster([person(f"A{number:02}", east=0.001 * (60 - number)) for number in range(60)])

    found = way(roster)

    assert found is not None
    assert [start.responder for start in found.starts] == [f"A{number:02}" for number in range(59, 59 - MOST, -1)]


@pytest.mark.parametrize("ask", [{"unit": "B"} | SCENE, {"unit": "A", "lat": None, "lon": None}])
def test_without_people_or_a_point_there_is_no_way(ask: dict[str, Any]) -> None:
    assert ways_of(Roster([person("A1")]), [Ask(**ask)], NOW, Rules()) == [None]


def test_a_table_names_the_line_that_is_wrong(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("from,to,minutes\nA-1,A-2,7.5\n")
    bad.write_text("from,to,minutes\nA-1,A-2,7.5\nA-1,A-3,soon\n")

    assert read_minutes(good) == {("A-1", "A-2"): 7.5}
    with pytest.raises(BadMinutes, match="line 3"):
        read_minutes(bad)
