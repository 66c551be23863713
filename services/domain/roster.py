"""Who is on duty, as columns that a whole batch of cases is matched against. Chooses nobody: that is `choosing`."""

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.domain.fix import Fix
from services.domain.place import usable
from services.domain.value import value

Numbers = NDArray[np.float64]


class Availability(StrEnum):
    """The upper layer of a responder's status, as in NENA EIDD; what they are doing is the lower one."""

    AVAILABLE = "AVAILABLE"
    CONDITIONALLY_AVAILABLE = "CONDITIONALLY_AVAILABLE"  # can be pulled away: asked after those who are free
    NOT_AVAILABLE = "NOT_AVAILABLE"  # never asked
    UNKNOWN = "UNKNOWN"  # nobody said: taken for available


class Activity(StrEnum):
    """The lower layer: what a responder is doing."""

    ASSIGNED = "ASSIGNED"
    EN_ROUTE = "EN_ROUTE"
    ON_SCENE = "ON_SCENE"
    CLEARED = "CLEARED"
    OFF_DUTY = "OFF_DUTY"


@value
class OnDuty:
    """A responder on shift now; WGS-84 degrees. `fix_at` is the time of lat and lon.

    `rested_at` is when somebody who is not rested will be, where that is known.
    """

    responder: str
    unit: str
    lat: float | None
    lon: float | None
    fix_at: datetime | None
    post_lat: float | None  # the duty post, used when there is no fresh fix
    post_lon: float | None
    open_cases: int
    grid: str | None = None  # the beat that is theirs
    availability: Availability = Availability.UNKNOWN
    rested: bool = True
    rested_at: datetime | None = None
    skills: frozenset[str] = field(default_factory=frozenset)
    languages: frozenset[str] = field(default_factory=frozenset)


# What a person lacks, the heavier the worse: who lacks the least goes first, and only then distance counts.
LACKS_SKILL, LACKS_LANGUAGE, ON_CALL, NOT_RESTED = 8, 4, 2, 1


class Roster:
    """Everyone on duty, each once, as columns ordered by unit and code; never changed, but replaced whole.

    `heads` says who leads a unit, on duty or not; `closed` are units that no case is offered in by itself. `stamp` tells
    one watch from another: under the same one, and before `over_at`, `as_of` is enough.
    """

    def __init__(
        self,
        on_duty: Sequence[OnDuty],
        *,
        heads: Mapping[str, str] | None = None,
        closed: frozenset[str] = frozenset(),
        stamp: tuple[Any, ...] = (),
        over_at: datetime | None = None,
    ) -> None:
        people = sorted(on_duty, key=lambda person: (person.unit, person.responder))
        self.responders = [person.responder for person in people]
        self.open_cases = [person.open_cases for person in people]
        self.index = {responder: index for index, responder in enumerate(self.responders)}
        self.fix = positions([(person.lat, person.lon) for person in people])
        self.post = positions([(person.post_lat, person.post_lon) for person in people])
        fix_at_s = np.array([np.nan if p.fix_at is None else p.fix_at.timestamp() for p in people], np.float64)
        self.fix_at_s = np.where(np.isnan(self.fix[:, 0]), np.nan, fix_at_s)  # no point, no fix
        self.unit_of = [person.unit for person in people]
        self.grids = [person.grid for person in people]
        self.skills = [person.skills for person in people]
        self.languages = [person.languages for person in people]
        self.away = [person.availability is Availability.NOT_AVAILABLE for person in people]
        self.lacking = [_lacking(person) for person in people]
        self._tired_until_s = np.array([_tired_until_s(person) for person in people], np.float64)
        self.stamp, self.over_at = stamp, over_at
        self.heads = dict(heads or {})
        self.closed = closed
        self.offered = np.array([person.unit not in closed for person in people], np.bool_)
        self.units: dict[str, tuple[int, int]] = {}  # the unit's first index, and one past its last
        for index, person in enumerate(people):
            first, _ = self.units.get(person.unit, (index, index))
            self.units[person.unit] = (first, index + 1)

    def as_of(
        self,
        now: datetime,
        *,
        open_cases: Mapping[str, int],
        unfree: Mapping[str, Availability],
        fixes: Mapping[str, Fix],
        heads: Mapping[str, str],
        closed: frozenset[str],
        moved: Collection[str] | None = None,
    ) -> "Roster":
        """The same people a while later, with all that changes from second to second; others may be named in it.

        `moved` are those with another fix since; None: anybody. Every column that stays is shared: for a great many
        people this costs a thirtieth of making them anew.
        """
        later = copy(self)
        later.open_cases = [0] * len(self.responders)
        for responder, held in open_cases.items():
            if (person := self.index.get(responder)) is not None:
                later.open_cases[person] = held
        tired = np.where(self._tired_until_s > now.timestamp(), NOT_RESTED, 0)
        later.lacking = tired.tolist()
        later.away = [False] * len(self.responders)
        for responder, availability in unfree.items():
            if (person := self.index.get(responder)) is not None:
                later.away[person] = availability is Availability.NOT_AVAILABLE
                later.lacking[person] |= _on_call(availability)
        later._move(fixes, fixes if moved is None else moved)
        later.heads, later.closed = dict(heads), closed
        if closed != self.closed:
            later.offered = np.array([unit not in closed for unit in self.unit_of], np.bool_)
        return later

    def _move(self, fixes: Mapping[str, Fix], moved: Collection[str]) -> None:
        """Of a hundred thousand people, looking for who has moved would take longer than all the rest."""
        people = [(person, fixes[who]) for who in moved if who in fixes and (person := self.index.get(who)) is not None]
        if not people:
            return
        rows = [person for person, _ in people]
        self.fix, self.fix_at_s = self.fix.copy(), self.fix_at_s.copy()
        self.fix[rows] = positions([(fix.lat, fix.lon) for _, fix in people])
        at_s = np.array([fix.at_s for _, fix in people], np.float64)
        self.fix_at_s[rows] = np.where(np.isnan(self.fix[rows, 0]), np.nan, at_s)


def _tired_until_s(person: OnDuty) -> float:
    """For ever where no time is known."""
    if person.rested:
        return -np.inf
    return np.inf if person.rested_at is None else person.rested_at.timestamp()


def _lacking(person: OnDuty) -> int:
    return _on_call(person.availability) | (0 if person.rested else NOT_RESTED)


def _on_call(availability: Availability) -> int:
    return ON_CALL if availability is Availability.CONDITIONALLY_AVAILABLE else 0


def positions(points: Sequence[tuple[float | None, float | None]]) -> Numbers:
    """Rows of (lat, lon), NaN for both where there is no usable point."""
    rows = np.array(points, np.float64).reshape(-1, 2)  # None becomes NaN
    rows[~usable(rows[:, 0], rows[:, 1])] = np.nan
    return rows
