"""A policy: how long each stage may take, and the rules beside it. Versioned data, frozen on a case at its opening."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.domain.notice import NoticeKind
from services.domain.policy_fault import BadPolicy, Flaw, Path, PolicyFault
from services.domain.policy_keys import LEASE_FACTOR, LIMIT, LIMITED, POLICY, STAGES_IN_TOTAL, TOLD
from services.domain.policy_rules import (
    AttemptRules,
    Escalation,
    FaceToFaceRules,
    FollowUp,
    FollowUpRules,
    Level,
    Mark,
    RepeatRules,
    ReviewRules,
    StopPaymentRules,
    Target,
    Watch,
)
from services.domain.states import TimerKind
from services.domain.words import Outcome, Risk

__all__ = ["BadPolicy", "Policy", "StageSum", "policy_from", "stage_sums"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    version: int
    limits: Mapping[tuple[Risk, TimerKind], timedelta]
    at_risk_share: float  # at risk once this share of a limit is spent
    longest_total: timedelta  # a raised risk never moves the total past issued_at + this
    future_tolerance: timedelta  # an issued_at up to this far ahead is clamped, further is refused
    late_on_arrival: timedelta  # received later than this after issued_at
    device_skew: timedelta  # a device's time counts only within this of ours
    escalation: Escalation
    notices: Mapping[NoticeKind, tuple[Target, ...]]  # who is told of what is no late limit
    attempts: AttemptRules
    face_to_face: FaceToFaceRules
    follow_ups: FollowUpRules
    review: ReviewRules
    stop_payment: StopPaymentRules
    repeats: RepeatRules
    second_acknowledgement_from_fen: int  # a case of this much money or more is acknowledged by two people

    def limit(self, risk: Risk, kind: TimerKind) -> timedelta:
        return self.limits[risk, kind]


def policy_from(version: int, document: Mapping[str, Any]) -> Policy:
    """Read a policy document. Raises BadPolicy naming every fault with its place; stages that outgrow their total too."""
    faults: list[PolicyFault] = []
    said = POLICY.read(document, (), faults)
    if not faults:
        faults = [*_stages_too_long(said["limits_min"]), *_steps_out_of_order(said)]
    if faults:
        raise BadPolicy(*faults)
    return Policy(
        version=version,
        limits=_limits(said),
        at_risk_share=said["at_risk_share"],
        longest_total=_minutes(said["longest_total_min"]),
        future_tolerance=_minutes(said["future_tolerance_min"]),
        late_on_arrival=_minutes(said["late_on_arrival_min"]),
        device_skew=_minutes(said["device_skew_min"]),
        escalation=_escalation(said["escalation"]),
        notices={kind: said["notices"][kind] for kind in TOLD},
        attempts=_attempts(said["attempts"]),
        face_to_face=_face_to_face(said["face_to_face"]),
        follow_ups=_follow_ups(said["follow_ups"]),
        review=_review(said["review"]),
        stop_payment=_stop_payment(said["stop_payment"]),
        repeats=_repeats(said["repeats"]),
        second_acknowledgement_from_fen=said["second_acknowledgement_from_fen"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSum:
    """How long the stages of one risk take together, and what their total is; in minutes."""

    risk: Risk
    spent_min: float
    total_min: float

    @property
    def fits(self) -> bool:
        return _minutes(self.spent_min) <= _minutes(self.total_min)


def stage_sums(document: Any) -> list[StageSum]:
    """The sums of what can be read of a document, which may be no policy at all: a risk with a wrong limit is left out."""
    limits = document.get("limits_min") if isinstance(document, Mapping) else None
    found = []
    for risk in Risk:
        said = limits.get(risk) if isinstance(limits, Mapping) else None
        wrong: list[PolicyFault] = []
        table = said if isinstance(said, Mapping) else {}
        *stages, total = (LIMIT.read(table.get(kind), (), wrong) for kind in (*STAGES_IN_TOTAL, TimerKind.TOTAL))
        if not wrong:
            found.append(StageSum(risk=risk, spent_min=sum(stages), total_min=total))
    return found


def _minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def _hours(count: float) -> timedelta:
    return timedelta(hours=count)


def _limits(said: Mapping[str, Any]) -> dict[tuple[Risk, TimerKind], timedelta]:
    limits = {(risk, kind): _minutes(said["limits_min"][risk][kind]) for risk in Risk for kind in LIMITED}
    lease = {(risk, TimerKind.LEASE): said[LEASE_FACTOR] * limits[risk, TimerKind.FIRST_ATTEMPT] for risk in Risk}
    return limits | lease


def _escalation(said: Mapping[str, Any]) -> Escalation:
    levels = {}
    for watch in Watch:
        stages = said["DAY"] if said[watch] is None else said[watch]
        for kind in LIMITED:
            levels[watch, kind] = tuple(
                Level(mark=one["mark"], after=_minutes(one["after_min"]), tell=one["tell"])
                for one in stages[kind] or ()
            )
    return Escalation(
        day_from=said["day_from"],
        day_until=said["day_until"],
        levels=levels,
        is_always_the_same=all(told == levels[Watch.DAY, kind] for (_, kind), told in levels.items()),
        late_after=_minutes(said["late_after_min"]),
    )


def _attempts(said: Mapping[str, Any]) -> AttemptRules:
    return AttemptRules(
        danger_results=frozenset(said["danger_results"]),
        danger_risks=frozenset(said["danger_risks"]),
        danger_raises_to=said["danger_raises_to"],
        failed_calls=said["failed_calls"],
        failed_calls_apart=_minutes(said["failed_calls_apart_min"]),
        not_reached=said["not_reached"],
    )


def _face_to_face(said: Mapping[str, Any]) -> FaceToFaceRules:
    return FaceToFaceRules(
        visit_after_failed_calls={risk: said["visit_after_failed_calls"][risk] for risk in Risk},
        closes_only_in_person=frozenset(said["closes_only_in_person"]),
        except_for=frozenset(said["except_for"]),
    )


def _follow_ups(said: Mapping[str, Any]) -> FollowUpRules:
    marks = {
        mark: FollowUp(
            months=one["months"] or 0,
            days=one["days"] or 0,
            hours=one["hours"] or 0.0,
            missed_after=_hours(one["missed_after_h"]),
        )
        for mark, one in said["marks"].items()
    }
    return FollowUpRules(marks=marks, by_outcome={outcome: said["by_outcome"][outcome] for outcome in Outcome})


def _review(said: Mapping[str, Any]) -> ReviewRules:
    return ReviewRules(
        opens_on=frozenset(said["opens_on"]),
        closes_with=frozenset(said["closes_with"]),
        second_person=said["second_person"],
    )


def _stop_payment(said: Mapping[str, Any]) -> StopPaymentRules:
    return StopPaymentRules(
        hold=_hours(said["hold_h"]), most_holds=said["most_holds"], warn_after=_hours(said["warn_after_h"])
    )


def _repeats(said: Mapping[str, Any]) -> RepeatRules:
    return RepeatRules(
        attach_within=_hours(said["attach_within_h"]),
        subject_warnings=said["subject_warnings"],
        within=timedelta(days=said["within_days"]),
        raises_to=said["raises_to"],
    )


def _stages_too_long(limits: Mapping[str, Any]) -> list[PolicyFault]:
    faults = []
    for one in stage_sums({"limits_min": limits}):
        if not one.fits:
            given = {"spent": _minutes(one.spent_min), "total": _minutes(one.total_min)}
            faults.append(PolicyFault(path=("limits_min", one.risk.value), flaw=Flaw.STAGES, given=given))
    return faults


def _steps_out_of_order(said: Mapping[str, Any]) -> list[PolicyFault]:
    """A level that comes before the one above it, and a warning that would come when the hold is over."""
    faults = []
    for watch in Watch:
        for kind, levels in (said["escalation"][watch] or {}).items():
            whens = [(one["mark"] is Mark.BREACH, one["after_min"]) for one in levels or ()]
            for index in range(1, len(whens)):
                if whens[index] < whens[index - 1]:
                    path: Path = ("escalation", watch.value, kind, index)
                    faults.append(PolicyFault(path=path, flaw=Flaw.ORDER))
    hold = said["stop_payment"]
    if hold["warn_after_h"] >= hold["hold_h"]:
        bounds = f"x < {hold['hold_h']:.15g}"
        faults.append(PolicyFault(path=("stop_payment", "warn_after_h"), flaw=Flaw.NUMBER, given={"bounds": bounds}))
    return faults
