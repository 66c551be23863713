"""What a policy says beside the limits: when to follow up, what opens a review, how long a payment is held."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from services.domain.words import Outcome


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
class StopPaymentRules:
    hold: timedelta
    most_holds: int
    warn_after: timedelta  # of a hold
