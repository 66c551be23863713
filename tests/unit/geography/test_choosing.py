"""Who of the unit gets the case: nearest first, then the least busy, then by code."""

from datetime import UTC, datetime, timedelta

import pytest
from geographiclib.geodesic import Geodesic

from services.domain.choice import Ask, Choice, Decided, Nobody, NoChoice, Rejected
from services.domain.choosing import choose, choose_batch
from services.domain.roster import OnDuty, Roster

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
POST = (19.0, 131.0)
SCENE = (19.0, 131.05)


def _on_duty(
    responder: str,
    *,
    unit: str = "A",
    at: tuple[float, float] | None = None,
    minutes_ago: float = 1,
    post: tuple[float | None, float | None] = POST,
    open_cases: int = 0,
) -> OnDuty:
    lat, lon = at or (None, None)
    return OnDuty(
        responder=responder,
        unit=unit,
        lat=lat,
        lon=lon,
        fix_at=None if at is None else NOW - timedelta(minutes=minutes_ago),
        post_lat=post[0],
        post_lon=post[1],
        open_cases=open_cases,
    )


def _choice(*people: OnDuty, scene: tuple[float | None, float | None] = SCENE, **others: object) -> Choice:
    ask = Ask(unit="A", lat=scene[0], lon=scene[1], **others)  # type: ignore[arg-type]  # each test passes its own
    choice = choose(Roster(people), ask, NOW)
    assert isinstance(choice, Choice)
    return choice


def test_the_nearest_of_the_unit_is_chosen() -> None:
    choice = _choice(
        _on_duty("A1", at=(19.0, 131.02)),
        _on_duty("A2", at=(19.0, 131.04), open_cases=7),
        _on_duty("B1", unit="B", at=SCENE),
    )

    assert (choice.responder, choice.decided) == ("A2", Decided.NEAREST)
    assert [(one.responder, one.rejected) for one in choice.candidates] == [("A2", None), ("A1", Rejected.FARTHER)]


def test_distances_and_ages_are_told_as_they_were() -> None:
    choice = _choice(_on_duty("A1", at=(19.0, 131.04), minutes_ago=2), _on_duty("A2", open_cases=3))

    near, far = choice.candidates
    assert near.distance_m == pytest.approx(Geodesic.WGS84.Inverse(*SCENE, 19.0, 131.04)["s12"], rel=1e-4)
    assert near.fix_age_s == 120
    assert (far.fix_age_s, far.open_cases) == (None, 3)


@pytest.mark.parametrize("minutes_ago", [15.01, -5.01])
def test_a_stale_or_future_fix_leaves_the_duty_post(minutes_ago: float) -> None:
    choice = _choice(_on_duty("A1", at=SCENE, minutes_ago=minutes_ago), _on_duty("A2", at=(19.0, 131.04)))

    assert choice.responder == "A2"
    assert choice.candidates[1].fix_age_s is None


@pytest.mark.parametrize("minutes_ago", [15, 0, -5])
def test_a_fresh_fix_counts_though_clocks_differ(minutes_ago: float) -> None:
    choice = _choice(_on_duty("A1", at=SCENE, minutes_ago=minutes_ago), _on_duty("A2", at=(19.0, 131.04)))

    assert choice.responder == "A1"
    assert choice.candidates[0].fix_age_s == max(minutes_ago, 0) * 60


def test_a_fix_at_zero_zero_is_no_fix() -> None:
    assert _choice(_on_duty("A1", at=(0.0, 0.0))).candidates[0].fix_age_s is None


def test_within_a_metre_the_least_busy_is_chosen() -> None:
    choice = _choice(
        _on_duty("A1", at=(19.0, 131.040002), open_cases=2),
        _on_duty("A2", at=(19.0, 131.04), open_cases=1),
        _on_duty("A3", at=(19.0, 131.0399), open_cases=0),
    )

    assert (choice.responder, choice.decided) == ("A2", Decided.FEWEST_OPEN_CASES)
    assert {one.responder: one.rejected for one in choice.candidates} == {
        "A2": None,
        "A1": Rejected.BUSIER,
        "A3": Rejected.FARTHER,
    }


def test_equally_near_and_busy_the_lowest_code_is_chosen() -> None:
    choice = _choice(_on_duty("A2"), _on_duty("A1"))

    assert (choice.responder, choice.decided) == ("A1", Decided.LOWEST_CODE)
    assert choice.candidates[1].rejected is Rejected.HIGHER_CODE


@pytest.mark.parametrize("scene", [(None, None), (0.0, 0.0), (None, 131.0)])
def test_without_a_point_the_least_busy_is_chosen(scene: tuple[float | None, float | None]) -> None:
    choice = _choice(_on_duty("A1", open_cases=2), _on_duty("A2", open_cases=1), scene=scene)

    assert (choice.responder, choice.decided) == ("A2", Decided.FEWEST_OPEN_CASES)
    assert [one.distance_m for one in choice.candidates] == [None, None]


def test_nobody_is_preferred_for_having_no_position() -> None:
    assert _choice(_on_duty("A1", post=(None, None)), _on_duty("A2", open_cases=5)).responder == "A2"
    assert _choice(_on_duty("A1", post=(None, None))).decided is Decided.ONLY_ONE


def test_who_is_excluded_is_shown_but_not_chosen() -> None:
    choice = _choice(_on_duty("A1", at=SCENE), _on_duty("A2"), excluding=frozenset({"A1"}))

    assert (choice.responder, choice.decided) == ("A2", Decided.ONLY_ONE)
    assert choice.candidates[1].rejected is Rejected.EXCLUDED


def test_with_nobody_to_choose_the_answer_says_why() -> None:
    roster = Roster([_on_duty("A1")])

    far = Ask(unit="B", lat=None, lon=None)
    assert choose(roster, far, NOW) == NoChoice(reason=Nobody.NOBODY_ON_DUTY, candidates=())
    excluded = choose(roster, Ask(unit="A", lat=SCENE[0], lon=SCENE[1], excluding=frozenset({"A1"})), NOW)
    assert isinstance(excluded, NoChoice)
    assert (excluded.reason, excluded.candidates[0].rejected) == (Nobody.ALL_EXCLUDED, Rejected.EXCLUDED)
    nobody = choose(Roster([]), Ask(unit="A", lat=SCENE[0], lon=SCENE[1]), NOW)
    assert nobody == NoChoice(reason=Nobody.NOBODY_ON_DUTY, candidates=())


def test_at_most_five_candidates_the_chosen_one_first() -> None:
    choice = _choice(*(_on_duty(f"A{number}", open_cases=7 - number) for number in range(7)))

    assert choice.responder == "A6"
    assert [one.responder for one in choice.candidates] == ["A6", "A0", "A1", "A2", "A3"]


def test_a_batch_spreads_over_those_equally_near() -> None:
    roster = Roster([_on_duty("A1", open_cases=1), _on_duty("A2"), _on_duty("A3")])

    answers = choose_batch(roster, [Ask(unit="A", lat=SCENE[0], lon=SCENE[1])] * 5, NOW)

    assert [answer.responder for answer in answers if isinstance(answer, Choice)] == ["A2", "A3", "A1", "A2", "A3"]


def test_the_callers_load_counts_and_is_left_alone() -> None:
    load = {"A1": 1, "GONE": 4}
    roster = Roster([_on_duty("A1"), _on_duty("A2")])

    first = choose_batch(roster, [Ask(unit="A", lat=None, lon=None)], NOW, load=load)
    second = choose_batch(roster, [Ask(unit="A", lat=None, lon=None)], NOW, load=load)

    assert isinstance(first[0], Choice)
    assert first[0].responder == "A2"
    assert first == second
    assert load == {"A1": 1, "GONE": 4}
