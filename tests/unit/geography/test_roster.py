"""A roster brought up to date is the one that would be made anew of the same people."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from services.domain.fix import Fix
from services.domain.roster import Availability, OnDuty, Roster

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
NOTHING: dict[str, Any] = {"open_cases": {}, "unfree": {}, "fixes": {}, "heads": {}, "closed": frozenset()}


def person(responder: str, *, unit: str = "A", **more: Any) -> OnDuty:
    given = {"lat": None, "lon": None, "fix_at": None, "open_cases": 0} | more
    return OnDuty(responder=responder, unit=unit, post_lat=19.0, post_lon=131.0, **given)


def columns(roster: Roster) -> dict[str, Any]:
    shown = {name: value for name, value in vars(roster).items() if not name.startswith("_")}
    return {name: repr(value.tolist()) if isinstance(value, np.ndarray) else value for name, value in shown.items()}


def fix(minutes: float, lat: float, lon: float) -> Fix:
    return Fix((NOW + timedelta(minutes=minutes)).timestamp(), lat, lon)


def test_a_roster_brought_up_to_date_is_one_made_anew() -> None:
    people = [person("R1"), person("R2", rested=False, rested_at=NOW), person("R3", unit="B"), person("R4", unit="B")]
    fixes = {"R1": fix(-1, 19.1, 131.1), "R3": fix(-2, 0.0, 0.0), "R9": fix(0, 19.1, 131.1)}
    unfree = {"R1": Availability.NOT_AVAILABLE, "R4": Availability.CONDITIONALLY_AVAILABLE}

    later = Roster(people).as_of(
        NOW, open_cases={"R2": 3, "R9": 1}, unfree=unfree, fixes=fixes, heads={"A": "R2"}, closed=frozenset("B")
    )

    r1, r2, r3, r4 = people
    anew = [
        replace(r1, lat=19.1, lon=131.1, fix_at=fixes["R1"].at, availability=unfree["R1"]),
        replace(r2, open_cases=3, rested=True),
        replace(r3, lat=0.0, lon=0.0, fix_at=fixes["R3"].at),
        replace(r4, availability=unfree["R4"]),
    ]
    assert columns(later) == columns(Roster(anew, heads={"A": "R2"}, closed=frozenset("B")))


def test_what_is_not_said_again_is_no_longer_so() -> None:
    roster = Roster([person("R1"), person("R2")])
    said = NOTHING | {
        "open_cases": {"R1": 2},
        "unfree": {"R2": Availability.CONDITIONALLY_AVAILABLE},
        "closed": frozenset("A"),
    }

    assert columns(roster.as_of(NOW, **said).as_of(NOW, **NOTHING)) == columns(roster)


def test_bringing_up_to_date_leaves_the_old_roster_alone() -> None:
    """A batch may still be choosing by it."""
    roster = Roster([person("R1", rested=False, rested_at=NOW)]).as_of(NOW, **NOTHING | {"fixes": {"R1": fix(0, 1, 2)}})
    before = columns(roster)

    roster.as_of(NOW, **NOTHING | {"fixes": {"R1": fix(1, 3, 4)}, "open_cases": {"R1": 1}, "heads": {"A": "R1"}})

    assert columns(roster) == before


def test_who_has_no_known_end_of_tiredness_stays_tired() -> None:
    roster = Roster([person("R1", rested=False)])

    assert roster.as_of(NOW + timedelta(days=9), **NOTHING).lacking == roster.lacking != [0]


def test_only_who_has_moved_is_looked_at() -> None:
    roster = Roster([person("R1"), person("R2")])
    fixes = {"R1": fix(0, 19.1, 131.1), "R2": fix(0, 19.2, 131.2), "R9": fix(0, 19.3, 131.3)}

    later = roster.as_of(NOW, **NOTHING | {"fixes": fixes, "moved": {"R2", "R8", "R9"}})

    assert np.isnan(later.fix[0]).all()
    assert later.fix[1].tolist() == [19.2, 131.2]
