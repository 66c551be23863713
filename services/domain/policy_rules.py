"""What a policy says beside the limits: whom a late stage calls in, when to visit, to follow up, to review, to hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from services.domain.states import TimerKind
from services.domain.words import AttemptResult, Outcome, Risk


class Watch(StrEnum):
    """The part of the week that decides who is called in."""

    DAY = "DAY"
    NIGHT = "NIGHT"
    HOLIDAY = "HOLIDAY"  # the whole day of a public holiday, whatever the hour


class Mark(StrEnum):
    AT_RISK = "AT_RISK"
    BREACH = "BREACH"


class Target(StrEnum):
    """Who is called in; resolved to real people when it fires."""

    RESPONDER = "RESPONDER"  # 承办人: who holds the case
    DUTY_DESK = "DUTY_DESK"  # 值班室: the duty phone of the unit
    PRECINCT_HEAD = "PRECINCT_HEAD"  # 所领导
    OPERATOR = "OPERATOR"  # 中心值班员
    SUPERVISOR = "SUPERVISOR"  # 中心主管
    COUNTY_LEADER = "COUNTY_LEADER"  # 县局值班领导


class FollowUpMark(StrEnum):
    AT_ONCE = "AT_ONCE"
    NEXT_DAY = "NEXT_DAY"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


class ReviewCause(StrEnum):
    """What opens a review by itself."""

    LOSS_AFTER_WARNING = "LOSS_AFTER_WARNING"
    STOP_REJECTED = "STOP_REJECTED"
    STOP_LATE = "STOP_LATE"
    STOP_PARTIAL = "STOP_PARTIAL"


class ReviewPart(StrEnum):
    """What a review must have before it may be closed."""

    CAUSE = "CAUSE"
    ACCOUNTABLE = "ACCOUNTABLE"
    ACTION = "ACTION"
    COMMITMENT = "COMMITMENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of an escalation: so long after the mark, these are told."""

    mark: Mark
    after: timedelta
    tell: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    day_from: time
    day_until: time
    levels: Mapping[tuple[Watch, TimerKind], tuple[Level, ...]]
    is_always_the_same: bool  # nights and holidays call in whom the day does
    late_after: timedelta  # what is told so long after its time is marked late, and grouped

    def watch(self, local: datetime, *, holiday: bool) -> Watch:
        """The watch at a moment, given in the installation's own time. The day may run past midnight."""
        if holiday:
            return Watch.HOLIDAY
        at = local.time()
        if self.day_from <= self.day_until:
            return Watch.DAY if self.day_from <= at < self.day_until else Watch.NIGHT
        return Watch.NIGHT if self.day_until <= at < self.day_from else Watch.DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRules:
    """domain.md §3, rules 1 to 3."""

    danger_results: frozenset[AttemptResult]  # such an answer is a danger sign …
    danger_risks: frozenset[Risk]  # … on a case of these risks …
    danger_raises_to: Risk  # … which it raises to this one
    failed_calls: int  # so many failed calls …
    failed_calls_apart: timedelta  # … each at least so long after the one before raise by one level
    not_reached: Mapping[str, int]  # what must have been tried before NOT_REACHED: calls, messages, visits, family


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceToFaceRules:
    """domain.md §3, rule 6."""

    visit_after_failed_calls: Mapping[Risk, int | None]  # 0: at once, beside the calls; None: no visit is asked for
    closes_only_in_person: frozenset[Risk]
    except_for: frozenset[Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """One follow-up: when it is due, counted from the conclusion, and how long after that it is missed."""

    months: int  # calendar months
    days: int
    hours: float
    missed_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRules:
    marks: Mapping[FollowUpMark, FollowUp]
    by_outcome: Mapping[Outcome, tuple[FollowUpMark, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRules:
    opens_on: frozenset[ReviewCause]
    closes_with: frozenset[ReviewPart]
    second_person: bool  # closed by another person than the one who wrote it


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatRules:
    """domain.md §3, rule 5: a case takes in other warnings of its subject for so long; so many of them within so long,
    and the risk is at least this.
    """

    attach_within: timedelta
    subject_warnings: int
    within: timedelta
    raises_to: Risk


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPaymentRules:
    hold: timedelta
    most_holds: int
    warn_after: timedelta  # of a hold
