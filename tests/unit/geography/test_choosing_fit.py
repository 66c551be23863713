"""Who is fit for a case, and who is asked when nobody of the unit is: its head, a neighbour, the centre."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.domain.choice import Ask, Choice, Decided, Nobody, NoChoice, Rejected
from services.domain.choosing import choose
from services.domain.roster import Availability, OnDuty, Roster

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
SCENE = (19.0, 131.0)
KM = 1 / 105.4  # degrees of longitude at this latitude


def person(responder: str, *, km: float = 1.0, unit: str = "A", **more: Any) -> OnDuty:
    """Somebody whose post is so far east of the scene."""
    given: dict[str, Any] = {"lat": None, "lon": None, "fix_at": None, "open_cases": 0} | more
    return OnDuty(responder=responder, unit=unit, post_lat=SCENE[0], post_lon=SCENE[1] + km * KM, **given)


def asked(*people: OnDuty, heads: dict[str, str] | None = None, closed: str = "", **ask: Any) -> Choice | NoChoice:
    roster = Roster(people, heads=heads, closed=frozenset(closed))
    return choose(roster, Ask(unit="A", lat=SCENE[0], lon=SCENE[1], **ask), NOW)


def chosen(*people: OnDuty, **more: Any) -> Choice:
    answer = asked(*people, **more)
    assert isinstance(answer, Choice)
    return answer


def reasons(answer: Choice | NoChoice) -> dict[str, Rejected | None]:
    return {one.responder: one.rejected for one in answer.candidates}


def test_who_has_the_skill_goes_before_who_is_nearer() -> None:
    choice = chosen(
        person("A1", km=1), person("A2", km=5, skills=frozenset({"DIALECT"})), person("A3", km=2), skill="DIALECT"
    )

    assert (choice.responder, choice.decided, choice.lacks) == ("A2", Decided.LACKS_LEAST, ())
    assert reasons(choice) == {"A2": None, "A1": Rejected.LACKS_SKILL, "A3": Rejected.LACKS_SKILL}


def test_a_skill_that_nobody_has_stops_no_case() -> None:
    choice = chosen(person("A1", km=1), person("A2", km=5), skill="DIALECT")

    assert (choice.responder, choice.lacks) == ("A1", (Rejected.LACKS_SKILL,))


def test_a_skill_weighs_more_than_a_language_and_rest() -> None:
    choice = chosen(
        person("A1", languages=frozenset({"ug"})),
        person("A2", skills=frozenset({"DIALECT"}), rested=False),
        skill="DIALECT",
        language="ug",
    )

    assert choice.responder == "A2"
    assert choice.lacks == (Rejected.LACKS_LANGUAGE, Rejected.NOT_RESTED)
    assert reasons(choice)["A1"] is Rejected.LACKS_SKILL


@pytest.mark.parametrize(
    ("worse", "why"),
    [
        ({"availability": Availability.CONDITIONALLY_AVAILABLE}, Rejected.ON_CALL),
        ({"rested": False}, Rejected.NOT_RESTED),
        ({"availability": Availability.NOT_AVAILABLE}, Rejected.AWAY),
        ({"open_cases": 8}, Rejected.AT_LOAD_CAP),
    ],
)
def test_who_is_less_fit_comes_after_who_is_farther(worse: dict[str, Any], why: Rejected) -> None:
    choice = chosen(person("A1", km=1, **worse), person("A2", km=9))

    assert choice.responder == "A2"
    assert reasons(choice)["A1"] is why


def test_whose_beat_it_is_goes_before_who_is_nearer() -> None:
    choice = chosen(person("A1", km=1), person("A2", km=5, grid="A-02"), grid="A-02")

    assert (choice.responder, choice.decided) == ("A2", Decided.GRID)
    assert reasons(choice)["A1"] is Rejected.OTHER_GRID


def test_measured_travel_time_goes_before_distance() -> None:
    """A river lies between."""
    choice = chosen(person("A1", km=1), person("A2", km=5), travel_s={"A1": 1500.0, "A2": 400.0})

    assert (choice.responder, choice.decided) == ("A2", Decided.NEAREST)
    assert [(one.responder, one.travel_s) for one in choice.candidates] == [("A2", 400.0), ("A1", 1500.0)]


def test_nobody_of_the_unit_fits_so_its_head_is_asked() -> None:
    choice = chosen(person("A1", open_cases=8), person("B1", unit="B"), heads={"A": "A9"})

    assert (choice.responder, choice.unit, choice.decided) == ("A9", "A", Decided.HEAD)
    assert reasons(choice) == {"A9": None, "A1": Rejected.AT_LOAD_CAP}


def test_a_head_who_was_asked_is_not_asked_again() -> None:
    choice = chosen(person("B1", unit="B"), heads={"A": "A9"}, excluding=frozenset({"A9"}))

    assert (choice.responder, choice.unit, choice.decided) == ("B1", "B", Decided.NEIGHBOUR)


def test_an_empty_unit_is_helped_by_the_nearest_neighbour() -> None:
    choice = chosen(
        person("B1", unit="B", km=9), person("C1", unit="C", km=4), person("C2", unit="C", km=3, open_cases=8)
    )

    assert (choice.responder, choice.unit, choice.decided) == ("C1", "C", Decided.NEIGHBOUR)
    assert reasons(choice)["C2"] is Rejected.AT_LOAD_CAP


def test_from_too_far_away_nobody_is_asked() -> None:
    assert asked(person("B1", unit="B", km=60)) == NoChoice(reason=Nobody.NOBODY_ON_DUTY, candidates=())


def test_an_urgent_case_crosses_for_more_than_ten_minutes() -> None:
    """At 30 km/h ten minutes are five kilometres."""
    own, neighbour = person("A1", km=8), person("B1", unit="B", km=2)

    assert chosen(own, neighbour).responder == "A1"
    choice = chosen(own, neighbour, urgent=True)
    assert (choice.responder, choice.unit, choice.decided) == ("B1", "B", Decided.NEIGHBOUR_FASTER)
    assert reasons(choice)["A1"] is Rejected.SLOWER
    assert chosen(person("A1", km=6.5), neighbour, urgent=True).responder == "A1"


def test_a_unit_whose_routing_is_off_is_offered_nothing() -> None:
    assert asked(person("A1"), person("B1", unit="B"), heads={"A": "A9"}, closed="A") == NoChoice(
        reason=Nobody.ROUTING_OFF, candidates=()
    )
    assert isinstance(asked(person("B1", unit="B"), closed="B"), NoChoice)
