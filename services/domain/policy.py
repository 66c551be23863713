"""A policy: how long each stage may take, by risk. Versioned data, frozen on a case when it is opened (domain.md §1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from services.domain.policy_rules import (
    FollowUp,
    FollowUpMark,
    FollowUpRules,
    ReviewCause,
    ReviewPart,
    ReviewRules,
    StopPaymentRules,
)
from services.domain.states import TimerKind
from services.domain.words import Outcome, Risk


class BadPolicy(ValueError):
    """The document is not a policy; the message says where and why."""


_HOUR = timedelta(hours=1)
_USUAL = (FollowUpMark.DAY, FollowUpMark.WEEK, FollowUpMark.MONTH)
FOLLOW_UPS = FollowUpRules(
    marks={
        FollowUpMark.AT_ONCE: FollowUp(months=0, days=0, hours=0, missed_after=12 * _HOUR),
        FollowUpMark.NEXT_DAY: FollowUp(months=0, days=0, hours=24, missed_after=12 * _HOUR),
        FollowUpMark.DAY: FollowUp(months=0, days=0, hours=24, missed_after=12 * _HOUR),
        FollowUpMark.WEEK: FollowUp(months=0, days=7, hours=0, missed_after=24 * _HOUR),
        FollowUpMark.MONTH: FollowUp(months=1, days=0, hours=0, missed_after=72 * _HOUR),
    },
    by_outcome=dict.fromkeys(Outcome, _USUAL)
    | {Outcome.FALSE_POSITIVE: (), Outcome.WRONG_PERSON: ()}
    | {Outcome.REFUSED: (FollowUpMark.AT_ONCE, *_USUAL), Outcome.NOT_REACHED: (FollowUpMark.NEXT_DAY, *_USUAL)},
)
REVIEW = ReviewRules(opens_on=frozenset(ReviewCause), closes_with=frozenset(ReviewPart), second_person=True)
STOP_PAYMENT = StopPaymentRules(hold=48 * _HOUR, most_holds=2, warn_after=40 * _HOUR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    version: int
    limits: Mapping[tuple[Risk, TimerKind], timedelta]
    at_risk_share: float  # at risk once this share of a limit is spent
    longest_total: timedelta  # a raised risk never moves the total past issued_at + this
    future_tolerance: timedelta  # an issued_at up to this far ahead is clamped, further is refused
    late_on_arrival: timedelta  # received later than this after issued_at
    device_skew: timedelta  # a device's time counts only within this of ours
    follow_ups: FollowUpRules = field(default_factory=lambda: FOLLOW_UPS)
    review: ReviewRules = field(default_factory=lambda: REVIEW)
    stop_payment: StopPaymentRules = field(default_factory=lambda: STOP_PAYMENT)

    def limit(self, risk: Risk, kind: TimerKind) -> timedelta:
        return self.limits[risk, kind]


STAGES_IN_TOTAL = (
    TimerKind.ASSIGN,
    TimerKind.ACK,
    TimerKind.FIRST_ATTEMPT,
    TimerKind.CONTACT,
    TimerKind.DISSUADE,
    TimerKind.FEEDBACK,
)
OUTSIDE_STAGES = (TimerKind.TOTAL, TimerKind.REVIEW, TimerKind.STOP_REQUEST, TimerKind.STOP_CONFIRM)
LEASE_FACTOR = "acknowledgement_lease_factor"
LONGEST = 1_000_000  # minutes: two years, longer than any limit of this work


def policy_from(version: int, document: Mapping[str, Any]) -> Policy:
    """Read a policy document (minutes everywhere). Raises BadPolicy naming the place, or where stages outgrow the total."""
    lease = _number(document, LEASE_FACTOR)
    limits: dict[tuple[Risk, TimerKind], timedelta] = {}
    for risk in Risk:
        for kind in (*STAGES_IN_TOTAL, *OUTSIDE_STAGES):
            limits[risk, kind] = _minutes(document, "limits_min", risk.value, kind.value)
        limits[risk, TimerKind.LEASE] = lease * limits[risk, TimerKind.FIRST_ATTEMPT]
    policy = Policy(
        version=version,
        limits=limits,
        at_risk_share=_number(document, "at_risk_share"),
        longest_total=_minutes(document, "longest_total_min"),
        future_tolerance=_minutes(document, "future_tolerance_min"),
        late_on_arrival=_minutes(document, "late_on_arrival_min"),
        device_skew=_minutes(document, "device_skew_min"),
    )
    _check(policy, lease)
    return policy


def _minutes(document: Mapping[str, Any], *path: str) -> timedelta:
    return timedelta(minutes=_number(document, *path))


def _number(document: Mapping[str, Any], *path: str) -> float:
    found: Any = document
    for depth, name in enumerate(path, start=1):
        if not isinstance(found, Mapping) or name not in found:
            raise BadPolicy(f"{'.'.join(path[:depth])} is missing")
        found = found[name]
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= LONGEST:
        raise BadPolicy(f"{'.'.join(path)} must be a number from 0 to {LONGEST}")
    return float(found)


def _check(policy: Policy, lease: float) -> None:
    if not 0 < policy.at_risk_share < 1:
        raise BadPolicy(f"at_risk_share is {policy.at_risk_share}; it must lie between 0 and 1")
    if lease < 1:
        raise BadPolicy(f"{LEASE_FACTOR} is {lease}; a lease must not end before the first attempt's limit")
    for (risk, kind), limit in policy.limits.items():
        if limit <= timedelta(0):
            raise BadPolicy(f"limits_min.{risk}.{kind} must be longer than nothing")
    for risk in Risk:
        spent = sum((policy.limit(risk, kind) for kind in STAGES_IN_TOTAL), timedelta(0))
        total = policy.limit(risk, TimerKind.TOTAL)
        if spent > total:
            raise BadPolicy(f"limits_min.{risk}: the stages take {spent}, the total is only {total}")
