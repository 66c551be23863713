"""Which responder on duty gets a case: the nearest in the responsible unit. Keeps nothing, sends nothing.

What comes later (load caps, skills, travel times) are more reasons to reject a candidate, in `_choose_one`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf, isnan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.domain.geodesy import distance_m
from services.domain.place import usable
from services.domain.value import value

Numbers = NDArray[np.float64]
Seen = tuple[int, float, float]  # number of the person; metres, inf if unknown; age of the fix in s, NaN for the post

MAX_FIX_AGE = timedelta(minutes=15)
MAX_FIX_AHEAD = timedelta(minutes=5)  # a phone's clock may run ahead of ours by this much
TIE_M = 1.0
CANDIDATES_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDuty:
    """A responder on shift now and available; WGS-84 degrees. `fix_at` is the time of lat and lon."""

    responder: str
    unit: str
    lat: float | None
    lon: float | None
    fix_at: datetime | None
    post_lat: float | None  # the duty post, used when there is no fresh fix
    post_lon: float | None
    open_cases: int


@value
class Ask:
    """One case that needs a responder: no lat and lon when its place is known by code or address only."""

    unit: str
    lat: float | None
    lon: float | None
    excluding: frozenset[str] = frozenset()  # who declined, timed out or handed over


class Decided(StrEnum):
    ONLY_ONE = "ONLY_ONE"  # nobody else could be chosen
    NEAREST = "NEAREST"
    FEWEST_OPEN_CASES = "FEWEST_OPEN_CASES"  # equally near, or no distance is known
    LOWEST_CODE = "LOWEST_CODE"  # equally near and equally busy


class Rejected(StrEnum):
    EXCLUDED = "EXCLUDED"
    FARTHER = "FARTHER"
    BUSIER = "BUSIER"
    HIGHER_CODE = "HIGHER_CODE"


class Nobody(StrEnum):
    NOBODY_ON_DUTY = "NOBODY_ON_DUTY"
    ALL_EXCLUDED = "ALL_EXCLUDED"


class Candidate(NamedTuple):
    """A responder who was looked at; `fix_age_s` is None when the duty post's position was used.

    A tuple because five are made for each case, in a third of a dataclass's time.
    """

    responder: str
    distance_m: float | None
    fix_age_s: float | None
    open_cases: int
    rejected: Rejected | None


@value
class Choice:
    """The responder chosen, by which rule, and up to five candidates: the chosen one, then in order of the rule."""

    responder: str
    decided: Decided
    candidates: tuple[Candidate, ...]


@value
class NoChoice:
    reason: Nobody
    candidates: tuple[Candidate, ...]


class Roster:
    """Everyone on duty, each once, as columns ordered by unit and code; never changed, but replaced whole."""

    def __init__(self, on_duty: Sequence[OnDuty]) -> None:
        people = sorted(on_duty, key=lambda person: (person.unit, person.responder))
        self.responders = [person.responder for person in people]
        self.open_cases = [person.open_cases for person in people]
        self.index = {responder: index for index, responder in enumerate(self.responders)}
        self.fix = _positions([(person.lat, person.lon) for person in people])
        self.post = _positions([(person.post_lat, person.post_lon) for person in people])
        fix_at_s = np.array([np.nan if p.fix_at is None else p.fix_at.timestamp() for p in people], np.float64)
        self.fix_at_s = np.where(np.isnan(self.fix[:, 0]), np.nan, fix_at_s)  # no point, no fix
        self.units: dict[str, tuple[int, int]] = {}  # the unit's first index, and one past its last
        for index, person in enumerate(people):
            first, _ = self.units.get(person.unit, (index, index))
            self.units[person.unit] = (first, index + 1)


def choose(
    roster: Roster,
    unit: str,
    lat: float | None,
    lon: float | None,
    now: datetime,
    *,
    excluding: frozenset[str] = frozenset(),
    load: Mapping[str, int] | None = None,
    max_fix_age: timedelta = MAX_FIX_AGE,
) -> Choice | NoChoice:
    """`choose_batch` for one case."""
    ask = Ask(unit=unit, lat=lat, lon=lon, excluding=excluding)
    return choose_batch(roster, [ask], now, load=load, max_fix_age=max_fix_age)[0]


def choose_batch(
    roster: Roster,
    asks: Sequence[Ask],
    now: datetime,
    *,
    load: Mapping[str, int] | None = None,
    max_fix_age: timedelta = MAX_FIX_AGE,
) -> list[Choice | NoChoice]:
    """For each case, in order, the nearest responder of its unit; of those within 1 m of the nearest, the least busy.

    Equally busy ones go by code. Without a usable point, or without a position of anybody, open cases and code decide.
    `load` is what each responder got since the roster was built; what this batch gives out counts from case to case,
    but `load` itself stays as it was: the caller adds what was committed.
    """
    loads = roster.open_cases.copy()
    for responder, cases in (load or {}).items():
        if (person := roster.index.get(responder)) is not None:
            loads[person] += cases
    answers: list[Choice | NoChoice] = []
    for ask, seen in zip(asks, _seen_by_each(roster, asks, now, max_fix_age), strict=True):
        answer, chosen = _choose_one(roster, loads, seen, ask.excluding)
        if chosen is not None:
            loads[chosen] += 1
        answers.append(answer)
    return answers


def _choose_one(
    roster: Roster, loads: list[int], seen: list[Seen], excluding: frozenset[str]
) -> tuple[Choice | NoChoice, int | None]:
    """The answer, and the number of the person chosen; `seen` begins with the nearest."""
    fit = [one for one in seen if roster.responders[one[0]] not in excluding] if excluding else seen
    if not fit:
        reason = Nobody.ALL_EXCLUDED if seen else Nobody.NOBODY_ON_DUTY
        shown = tuple(_shown(roster, loads, one, Rejected.EXCLUDED) for one in seen[:CANDIDATES_SHOWN])
        return NoChoice(reason=reason, candidates=shown), None
    near_m = fit[0][1] + TIE_M
    tied = [(loads[one[0]], one[0], one) for one in fit if one[1] <= near_m]
    cases, person, chosen = min(tied)
    if len(tied) == 1:
        decided = Decided.NEAREST if len(fit) > 1 else Decided.ONLY_ONE
    else:
        equals = sum(other == cases for other, _, _ in tied)
        decided = Decided.FEWEST_OPEN_CASES if equals == 1 else Decided.LOWEST_CODE
    candidates = [_shown(roster, loads, chosen, None)]
    for one in seen[:CANDIDATES_SHOWN]:
        if one[0] != person:
            why_not = Rejected.FARTHER
            if roster.responders[one[0]] in excluding:
                why_not = Rejected.EXCLUDED
            elif one[1] <= near_m:
                why_not = Rejected.BUSIER if loads[one[0]] > cases else Rejected.HIGHER_CODE
            candidates.append(_shown(roster, loads, one, why_not))
    shown = tuple(candidates[:CANDIDATES_SHOWN])
    return Choice(responder=roster.responders[person], decided=decided, candidates=shown), person


def _shown(roster: Roster, loads: list[int], seen: Seen, rejected: Rejected | None) -> Candidate:
    person, metres, age_s = seen
    return Candidate(
        roster.responders[person],
        None if metres == inf else metres,
        None if isnan(age_s) else age_s,
        loads[person],
        rejected,
    )


def _seen_by_each(roster: Roster, asks: Sequence[Ask], now: datetime, max_fix_age: timedelta) -> Iterator[list[Seen]]:
    """For each case the people of its unit, nearest first and then by code; all measured in one pass."""
    firsts, ends = np.array([roster.units.get(ask.unit, (0, 0)) for ask in asks], np.int64).reshape(-1, 2).T
    sizes = ends - firsts
    stops = np.cumsum(sizes)
    people = np.arange(sizes.sum()) + np.repeat(firsts - (stops - sizes), sizes)
    ages_s = now.timestamp() - roster.fix_at_s[people]
    fresh = (ages_s >= -MAX_FIX_AHEAD.total_seconds()) & (ages_s <= max_fix_age.total_seconds())
    at = np.where(fresh[:, np.newaxis], roster.fix[people], roster.post[people])
    scenes = np.repeat(_positions([(ask.lat, ask.lon) for ask in asks]), sizes, axis=0)
    metres = np.nan_to_num(distance_m(scenes[:, 0], scenes[:, 1], at[:, 0], at[:, 1]), nan=inf)
    ages_s = np.where(fresh, np.maximum(ages_s, 0.0), np.nan)
    order = np.lexsort((metres, np.repeat(np.arange(len(asks)), sizes)))
    seen = list(zip(people[order].tolist(), metres[order].tolist(), ages_s[order].tolist(), strict=True))
    return (seen[stop - size : stop] for size, stop in zip(sizes.tolist(), stops.tolist(), strict=True))


def _positions(points: Sequence[tuple[float | None, float | None]]) -> Numbers:
    """Rows of (lat, lon), NaN for both where there is no usable point."""
    rows = np.array(points, np.float64).reshape(-1, 2)  # None becomes NaN
    rows[~usable(rows[:, 0], rows[:, 1])] = np.nan
    return rows
