"""Any roster, any cases: the choice and every reason equal those of a slow search written from the rule's own words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from geographiclib.geodesic import Geodesic
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.domain.choice import Ask, Choice
from services.domain.choosing import choose_batch
from services.domain.roster import Availability, OnDuty, Roster

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
CAP, GAIN_S, SPEED, LIMIT_M = 8, 600.0, 30 / 3.6, 50_000.0

points = st.tuples(st.integers(0, 12).map(lambda n: 19 + n / 64), st.integers(0, 12).map(lambda n: 131 + n / 64))
people = st.lists(
    st.builds(
        lambda at, minutes_ago, post, **more: OnDuty(
            responder="",
            lat=at and at[0],
            lon=at and at[1],
            fix_at=at and NOW - timedelta(minutes=minutes_ago),
            post_lat=post[0],
            post_lon=post[1],
            **more,
        ),
        at=st.none() | points,
        minutes_ago=st.integers(-7, 20),
        post=points,
        unit=st.sampled_from("AB"),
        open_cases=st.integers(0, 9),
        grid=st.sampled_from([None, "1", "2"]),
        availability=st.sampled_from(Availability),
        rested=st.booleans(),
        skills=st.sampled_from([frozenset(), frozenset({"S"})]),
        languages=st.sampled_from([frozenset(), frozenset({"L"})]),
    ),
    max_size=10,
)
asks = st.lists(
    st.builds(
        lambda scene, **more: Ask(lat=scene[0], lon=scene[1], **more),
        scene=points | st.just((None, None)),
        unit=st.sampled_from("ABC"),
        excluding=st.frozensets(st.sampled_from(["R0", "R1", "R2", "HA"])),
        grid=st.sampled_from([None, "1"]),
        skill=st.sampled_from([None, "S"]),
        language=st.sampled_from([None, "L"]),
        urgent=st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


class Answer(NamedTuple):
    """Who, of which unit, by which rule, and why not the others (all of them, not only those shown)."""

    responder: str | None
    unit: str | None
    decided: str
    rejected: dict[str, str]


@settings(max_examples=2_000, deadline=None)
@given(people, asks, st.sampled_from([{}, {"A": "HA"}, {"A": "R0"}]), st.sampled_from(["", "B", "A"]))
def test_every_choice_and_reason_equal_the_slow_search(
    drawn: list[OnDuty], cases: list[Ask], heads: dict[str, str], closed: str
) -> None:
    on_duty = [replace(one, responder=f"R{number}") for number, one in enumerate(drawn)]

    answers = choose_batch(Roster(on_duty, heads=heads, closed=frozenset(closed)), cases, NOW)

    expected = slow(on_duty, cases, heads, closed)
    for answer, wanted in zip(answers, expected, strict=True):
        told = answer.decided if isinstance(answer, Choice) else answer.reason
        who = (answer.responder, answer.unit) if isinstance(answer, Choice) else (None, None)
        assert (*who, told) == wanted[:3]
        for one in answer.candidates:
            if one.responder != who[0]:
                assert one.rejected == wanted.rejected[one.responder]


def slow(on_duty: Sequence[OnDuty], cases: Sequence[Ask], heads: dict[str, str], closed: str) -> list[Answer]:
    held = {one.responder: one.open_cases for one in on_duty}
    answers = []
    for case in cases:
        answer = ladder(on_duty, case, heads, closed, held)
        if answer.responder in held:
            held[answer.responder] += 1
        answers.append(answer)
    return answers


def ladder(on_duty: Sequence[OnDuty], case: Ask, heads: dict[str, str], closed: str, held: dict[str, int]) -> Answer:
    if case.unit in closed:
        return Answer(None, None, "ROUTING_OFF", {})
    own = best(case, [one for one in on_duty if one.unit == case.unit], held)
    others = [one for one in on_duty if one.unit != case.unit and one.unit not in closed]
    near = [one for one in others if metres(one, case) <= LIMIT_M] if case.lat is not None else []
    across = best(replace(case, grid=None), near, held)
    if own.responder is None:
        head = heads.get(case.unit)
        away = [one for one in on_duty if one.responder == head and one.availability == "NOT_AVAILABLE"]
        if head and head not in case.excluding and not away:
            return Answer(head, case.unit, "HEAD", own.rejected)
        if across.responder is None:
            return own
        return Answer(across.responder, across.unit, "NEIGHBOUR", own.rejected | across.rejected)
    if case.urgent and case.lat is not None and across.responder is not None:
        by_code = {one.responder: one for one in on_duty}
        mine, theirs = by_code[own.responder], by_code[across.responder]
        saved_s = (metres(mine, case) - metres(theirs, case)) / SPEED
        assume(abs(saved_s - GAIN_S) > 5)
        if saved_s > GAIN_S and len(lacks(theirs, case)) <= len(lacks(mine, case)):
            slower = own.rejected | {mine.responder: "SLOWER"}
            return Answer(across.responder, across.unit, "NEIGHBOUR_FASTER", slower)
    return own


def best(case: Ask, those: Sequence[OnDuty], held: dict[str, int]) -> Answer:
    """By elimination, one criterion after the other, each naming whom it puts out."""
    rejected: dict[str, str] = {}

    def put_out(left: list[OnDuty], bad: Any, word: str) -> list[OnDuty]:
        rejected.update({one.responder: word for one in left if bad(one)})
        return [one for one in left if not bad(one)]

    left = put_out(list(those), lambda one: one.responder in case.excluding, "EXCLUDED")
    left = put_out(left, lambda one: one.availability == "NOT_AVAILABLE", "AWAY")
    fit = left = put_out(left, lambda one: held[one.responder] >= CAP, "AT_LOAD_CAP")
    if not left:
        if not those:
            return Answer(None, None, "NOBODY_ON_DUTY", rejected)
        asked = set(rejected.values()) == {"EXCLUDED"}
        return Answer(None, None, "ALL_EXCLUDED" if asked else "NOBODY_FIT", rejected)
    for word in ("LACKS_SKILL", "LACKS_LANGUAGE", "ON_CALL", "NOT_RESTED"):
        if any(word not in lacks(one, case) for one in left):
            left = put_out(left, lambda one, word=word: word in lacks(one, case), word)
    if case.grid and any(one.grid == case.grid for one in left):
        equals = left
        left = put_out(left, lambda one: one.grid != case.grid, "OTHER_GRID")
    else:
        equals = left
    class_size = len(left)
    least = min(metres(one, case) for one in left)
    assume(all(abs(metres(one, case) - least - 1) > 0.7 for one in left))  # two ways of measuring may differ there
    left = put_out(left, lambda one: metres(one, case) > least + 1, "FARTHER")
    tied = len(left)
    fewest = min(held[one.responder] for one in left)
    left = put_out(left, lambda one: held[one.responder] > fewest, "BUSIER")
    equal = len(left)
    first = min(one.responder for one in left)
    (winner,) = put_out(left, lambda one: one.responder != first, "HIGHER_CODE")
    if tied > 1:
        decided = "FEWEST_OPEN_CASES" if equal == 1 else "LOWEST_CODE"
    elif class_size > 1:
        decided = "NEAREST"
    elif len(fit) == 1:
        decided = "ONLY_ONE"
    else:
        decided = "GRID" if len(equals) > 1 else "LACKS_LEAST"
    return Answer(winner.responder, winner.unit, decided, rejected)


def lacks(one: OnDuty, case: Ask) -> list[str]:
    found = {
        "LACKS_SKILL": bool(case.skill) and case.skill not in one.skills,
        "LACKS_LANGUAGE": bool(case.language) and case.language not in one.languages,
        "ON_CALL": one.availability == "CONDITIONALLY_AVAILABLE",
        "NOT_RESTED": not one.rested,
    }
    return [word for word, so in found.items() if so]


def metres(one: OnDuty, case: Ask) -> float:
    if case.lat is None or case.lon is None:
        return 0.0
    fresh = one.fix_at is not None and timedelta(minutes=-5) <= NOW - one.fix_at <= timedelta(minutes=15)
    lat, lon = (one.lat, one.lon) if fresh else (one.post_lat, one.post_lon)
    return exact_m(case.lat, case.lon, lat, lon)


@cache
def exact_m(*ends: float) -> float:
    """Few points are drawn, so the same ways are asked for again and again."""
    return float(Geodesic.WGS84.Inverse(*ends)["s12"])
