"""Who of the responsible unit gets a case: the nearest fit one. Asks nobody outside it: that is `beyond`.

The order of the rule: who lacks the least of what is asked for, then those whose beat it is, then the nearest, then
the least busy, then the lowest code. Away, already asked, or at the load cap: never.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import inf, isnan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.domain.choice import (
    CANDIDATES_SHOWN,
    LACKING,
    Ask,
    Candidate,
    Choice,
    Decided,
    Nobody,
    NoChoice,
    Rejected,
    Rules,
)
from services.domain.geodesy import distance_m
from services.domain.roster import LACKS_LANGUAGE, LACKS_SKILL, Numbers, Roster, positions

Seen = tuple[int, float, float]  # number of the person; metres or seconds, inf if unknown; age of the fix, NaN: post

MAX_FIX_AHEAD = timedelta(minutes=5)  # a phone's clock may run ahead of ours by this much


class Muster(NamedTuple):
    """Everybody who could be asked at one moment, and what they hold by now."""

    roster: Roster
    loads: list[int]
    now: datetime
    rules: Rules


TIE = 1.0  # as near as that, in metres or in seconds, is equally near


def choose_one(muster: Muster, seen: list[Seen], ask: Ask) -> Choice | NoChoice:
    """The answer for one case among those seen, of whom the nearest come first."""
    roster, loads, _, _ = muster
    ranks, refused = _judged(muster, seen, ask)
    if not ranks:
        shown = tuple(_shown(roster, loads, one, refused[one[0]], ask) for one in seen[:CANDIDATES_SHOWN])
        return NoChoice(reason=_why_nobody(seen, refused), candidates=shown)
    best = min(ranks.values())
    fit = [one for one in seen if ranks.get(one[0]) == best]
    near = fit[0][1] + TIE
    tied = [(loads[one[0]], roster.responders[one[0]], one) for one in fit if one[1] <= near]
    cases, _, chosen = min(tied)
    person = chosen[0]
    candidates = [_shown(roster, loads, chosen, None, ask)]
    for one in seen[:CANDIDATES_SHOWN]:
        if one[0] != person:
            why_not = refused.get(one[0]) or _outranked(ranks[one[0]], best)
            if why_not is None:
                farther = Rejected.BUSIER if loads[one[0]] > cases else Rejected.HIGHER_CODE
                why_not = Rejected.FARTHER if one[1] > near else farther
            candidates.append(_shown(roster, loads, one, why_not, ask))
    return Choice(
        responder=roster.responders[person],
        unit=roster.unit_of[person],
        decided=_decided(ranks, best, len(fit), [other for other, _, _ in tied], cases),
        candidates=tuple(candidates[:CANDIDATES_SHOWN]),
        lacks=tuple(word for bit, word in LACKING if best >> 1 & bit),
        measured=ask.measured,
    )


def _judged(muster: Muster, seen: list[Seen], ask: Ask) -> tuple[dict[int, int], dict[int, Rejected]]:
    """The rank of each who is fit, and why each other is not.

    A rank is what somebody lacks, doubled, and one more where the beat is another's: the least goes first. Plain numbers,
    and no call for each person, because ten are judged for each case.
    """
    roster, loads, _, rules = muster
    names, away, lacking, grids = roster.responders, roster.away, roster.lacking, roster.grids
    excluding, load_cap, grid, demanding = ask.excluding, rules.load_cap, ask.grid, bool(ask.skill or ask.language)
    ranks: dict[int, int] = {}
    refused: dict[int, Rejected] = {}
    for person, _, _ in seen:
        if names[person] in excluding:
            refused[person] = Rejected.EXCLUDED
        elif away[person]:
            refused[person] = Rejected.AWAY
        elif loads[person] >= load_cap:
            refused[person] = Rejected.AT_LOAD_CAP
        else:
            lacks = lacking[person] | _misses(roster, person, ask) if demanding else lacking[person]
            ranks[person] = 2 * lacks + (grid is not None and grids[person] != grid)
    return ranks, refused


def _misses(roster: Roster, person: int, ask: Ask) -> int:
    skill = LACKS_SKILL if ask.skill and ask.skill not in roster.skills[person] else 0
    return skill | (LACKS_LANGUAGE if ask.language and ask.language not in roster.languages[person] else 0)


def _outranked(rank: int, best: int) -> Rejected | None:
    """Why someone fit was not among the best: the heaviest thing that they lack and the best do not, else their beat."""
    lacks, least = rank >> 1, best >> 1
    if lacks != least:
        return next(word for bit, word in LACKING if lacks & bit and not least & bit)
    return Rejected.OTHER_GRID if rank != best else None


def _why_nobody(seen: Sequence[Seen], refused: Mapping[int, Rejected]) -> Nobody:
    if not seen:
        return Nobody.NOBODY_ON_DUTY
    asked = all(why is Rejected.EXCLUDED for why in refused.values())
    return Nobody.ALL_EXCLUDED if asked else Nobody.NOBODY_FIT


def _decided(ranks: Mapping[int, int], best: int, fit: int, tied: Sequence[int], cases: int) -> Decided:
    if len(tied) > 1:
        return Decided.FEWEST_OPEN_CASES if tied.count(cases) == 1 else Decided.LOWEST_CODE
    if fit > 1:
        return Decided.NEAREST
    if len(ranks) == 1:
        return Decided.ONLY_ONE
    return (
        Decided.LACKS_LEAST if all(rank >> 1 != best >> 1 for rank in ranks.values() if rank != best) else Decided.GRID
    )


def _shown(roster: Roster, loads: list[int], seen: Seen, rejected: Rejected | None, ask: Ask) -> Candidate:
    person, away, age_s = seen
    return Candidate(
        roster.responders[person],
        None if away == inf or ask.travel_s else away,
        None if isnan(age_s) else age_s,
        loads[person],
        rejected,
        away if ask.travel_s and away != inf else None,
    )


def seen_by_each(muster: Muster, asks: Sequence[Ask]) -> Iterator[list[Seen]]:
    """For each case the people of its unit, nearest first and then by code; all measured in one pass."""
    roster = muster.roster
    firsts, ends = np.array([roster.units.get(ask.unit, (0, 0)) for ask in asks], np.int64).reshape(-1, 2).T
    sizes = ends - firsts
    stops = np.cumsum(sizes)
    people = np.arange(sizes.sum()) + np.repeat(firsts - (stops - sizes), sizes)
    scenes = np.repeat(positions([(ask.lat, ask.lon) for ask in asks]), sizes, axis=0)
    away, ages_s = measured(muster, people, scenes)
    for ask, first, stop, size in zip(asks, firsts.tolist(), stops.tolist(), sizes.tolist(), strict=True):
        if ask.travel_s:
            names = roster.responders[first : first + size]
            away[stop - size : stop] = [ask.travel_s.get(name, inf) for name in names]
    order = np.lexsort((away, np.repeat(np.arange(len(asks)), sizes)))
    seen = list(zip(people[order].tolist(), away[order].tolist(), ages_s[order].tolist(), strict=True))
    return (seen[stop - size : stop] for size, stop in zip(sizes.tolist(), stops.tolist(), strict=True))


def measured(muster: Muster, people: NDArray[np.int64], scenes: Numbers) -> tuple[Numbers, Numbers]:
    """Metres from each person to the scene beside them, and the age of the fix that was used, NaN for the post."""
    at, ages_s = whereabouts(muster, people)
    return np.nan_to_num(distance_m(scenes[:, 0], scenes[:, 1], at[:, 0], at[:, 1]), nan=inf), ages_s


def whereabouts(muster: Muster, people: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    """Where each is by a fresh fix, else by the post: rows of (lat, lon), NaN where nobody knows; and the fix's age."""
    roster, _, now, rules = muster
    ages_s = now.timestamp() - roster.fix_at_s[people]
    fresh = (ages_s >= -MAX_FIX_AHEAD.total_seconds()) & (ages_s <= rules.max_fix_age.total_seconds())
    at = np.where(fresh[:, np.newaxis], roster.fix[people], roster.post[people])
    return at, np.where(fresh, np.maximum(ages_s, 0.0), np.nan)
