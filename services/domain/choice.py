"""What is asked of choosing, and what it answers: words and values. The rules are in `choosing`, `within` and `beyond`."""

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from services.domain.roster import LACKS_LANGUAGE, LACKS_SKILL, NOT_RESTED, ON_CALL
from services.domain.value import value

CANDIDATES_SHOWN = 5


@value
class Rules:
    """What choosing goes by besides the roster; every number is a setting."""

    max_fix_age: timedelta = timedelta(minutes=15)  # an older fix is not used: the duty post is
    rest: timedelta = timedelta(hours=8)  # who had less between two duties is asked after those who had
    load_cap: int = 8  # who holds so many open cases is offered no more by itself
    neighbour_limit_m: float = 50_000.0  # from farther away nobody is asked across a boundary
    gain_to_cross: timedelta = timedelta(minutes=10)  # an URGENT case crosses a boundary for more than this
    speed_m_per_s: float = 30_000 / 3600  # how fast a responder gets there, as the crow flies


RULES = Rules()


class Measured(StrEnum):
    """What "near" was taken by."""

    DISTANCE = "DISTANCE"  # as the crow flies
    TABLE = "TABLE"  # travel times from a table
    SERVICE = "SERVICE"  # travel times from a routing service
    NO_ANSWER = "NO_ANSWER"  # the service gave none in time: distance


@value
class Ask:
    """One case that needs a responder: no lat and lon when its place is known by code or address only.

    `travel_s` are measured travel times by responder, where there are some: then time decides and not distance, and
    who is not among them comes last.
    """

    unit: str
    lat: float | None
    lon: float | None
    excluding: frozenset[str] = frozenset()  # who declined, timed out or handed over
    grid: str | None = None
    skill: str | None = None
    language: str | None = None
    urgent: bool = False
    travel_s: Mapping[str, float] = field(default_factory=dict)
    measured: Measured = Measured.DISTANCE


class Decided(StrEnum):
    ONLY_ONE = "ONLY_ONE"  # nobody else could be chosen
    LACKS_LEAST = "LACKS_LEAST"  # everybody else lacks more of what was asked for
    GRID = "GRID"  # the only one whose beat it is
    NEAREST = "NEAREST"
    FEWEST_OPEN_CASES = "FEWEST_OPEN_CASES"  # equally near, or no distance is known
    LOWEST_CODE = "LOWEST_CODE"  # equally near and equally busy
    HEAD = "HEAD"  # nobody of the unit fits: its head is asked
    NEIGHBOUR = "NEIGHBOUR"  # the unit has nobody: the nearest fit one across its boundary
    NEIGHBOUR_FASTER = "NEIGHBOUR_FASTER"  # urgent, and one from across the boundary is there much sooner


class Rejected(StrEnum):
    EXCLUDED = "EXCLUDED"  # was asked before
    AWAY = "AWAY"
    AT_LOAD_CAP = "AT_LOAD_CAP"
    LACKS_SKILL = "LACKS_SKILL"
    LACKS_LANGUAGE = "LACKS_LANGUAGE"
    ON_CALL = "ON_CALL"
    NOT_RESTED = "NOT_RESTED"
    OTHER_GRID = "OTHER_GRID"
    FARTHER = "FARTHER"
    BUSIER = "BUSIER"
    HIGHER_CODE = "HIGHER_CODE"
    SLOWER = "SLOWER"  # of the unit, but one from across the boundary is there much sooner


class Nobody(StrEnum):
    NOBODY_ON_DUTY = "NOBODY_ON_DUTY"
    ALL_EXCLUDED = "ALL_EXCLUDED"
    NOBODY_FIT = "NOBODY_FIT"  # some are away, some at their load cap
    ROUTING_OFF = "ROUTING_OFF"  # by its switch the unit is offered nothing


LACKING = (
    (LACKS_SKILL, Rejected.LACKS_SKILL),
    (LACKS_LANGUAGE, Rejected.LACKS_LANGUAGE),
    (ON_CALL, Rejected.ON_CALL),
    (NOT_RESTED, Rejected.NOT_RESTED),
)


class Candidate(NamedTuple):
    """A responder who was looked at; `fix_age_s` is None when the duty post's position was used.

    A tuple because five are made for each case, in a third of a dataclass's time.
    """

    responder: str
    distance_m: float | None
    fix_age_s: float | None
    open_cases: int
    rejected: Rejected | None
    travel_s: float | None = None


@value
class Choice:
    """The responder chosen and of which unit, by which rule, and up to five candidates: the chosen one, then the nearest."""

    responder: str
    unit: str
    decided: Decided
    candidates: tuple[Candidate, ...]
    lacks: tuple[Rejected, ...] = ()  # what was asked for and nobody fit has
    measured: Measured = Measured.DISTANCE


@value
class NoChoice:
    reason: Nobody
    candidates: tuple[Candidate, ...]
