"""A case as it is shown: stamps, limits as of one moment, reasons. Holds nothing of the person: that is `persons`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.api.notice_views import Telling
from services.api.persons import Person
from services.api.reasons import why_not, why_responder, why_unit
from services.domain.actor import Actor
from services.domain.case import Case
from services.domain.corrections import Correction, Stamp
from services.domain.links import LinkKind
from services.domain.located import Language
from services.domain.states import State, TimerKind
from services.domain.timers import Timer, missed
from services.domain.words import Mode, Outcome, Risk
from services.store.co_assignments import CoAssignment
from services.store.links import Linked
from services.store.registry import Unit


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


class Tagged(View):
    """Something that can be changed by itself."""

    etag: str = Field(description="What If-Match names to change it as it is here.")


class Stamps(View):
    """When the case was last where; None: not yet, or not in this life of the case."""

    issued_at: datetime
    received_at: datetime
    assigned_at: datetime | None
    acknowledged_at: datetime | None
    released_at: datetime | None
    first_attempt_at: datetime | None
    contacted_at: datetime | None
    contact_lost_at: datetime | None
    concluded_at: datetime | None
    feedback_at: datetime | None
    returned_at: datetime | None
    closed_at: datetime | None
    reopened_at: datetime | None
    cancelled_at: datetime | None
    transferred_at: datetime | None
    receipt_at: datetime | None
    stop_requested_at: datetime | None
    stop_resolved_at: datetime | None


class LimitView(View):
    """One limit in one round. Either `left_s` (it runs and is not over) or `late_s` (over) may be there, never both."""

    kind: TimerKind
    round: int
    started_at: datetime
    due_at: datetime
    at_risk_at: datetime | None
    at_risk: bool = Field(description="Whether three quarters of it were spent, or more.")
    level: int = Field(description="How far its escalation has climbed; 0: nobody was called in.")
    next_level_at: datetime | None = Field(description="When the next level is called in by itself.")
    breached_at: datetime | None = Field(description="When it was found breached.")
    stopped_at: datetime | None
    left_s: float | None
    late_s: float | None
    on_time: bool | None = Field(description="Kept or not; null while it runs and is not over.")

    @classmethod
    def of(cls, timer: Timer, *, now: datetime) -> "LimitView":
        left_s = (timer.due_at - (timer.stopped_at or now)).total_seconds()
        over = left_s <= 0
        marked = timer.at_risk_at is not None and timer.at_risk_at <= (timer.stopped_at or now)
        return cls(
            kind=timer.kind,
            round=timer.round,
            started_at=timer.started_at,
            due_at=timer.due_at,
            at_risk_at=timer.at_risk_at,
            at_risk=timer.at_risk_fired or marked,
            level=timer.level,
            next_level_at=timer.next_level_at,
            breached_at=timer.breached_at,
            stopped_at=timer.stopped_at,
            left_s=left_s if timer.running and not over else None,
            late_s=-left_s if over else None,
            on_time=False if over else None if timer.running else True,
        )


class CoAssignedView(View):
    """A unit that works on the case beside the accountable one."""

    unit: str
    responder: str | None = Field(description="Who is named for it and works on the case; null: it only looks on.")


class CoAssignmentView(CoAssignedView):
    """When it was co-assigned."""

    added_at: datetime
    removed_at: datetime | None


class Line(View):
    """A case in a list."""

    case_id: UUID
    instruction_number: str
    state: State
    outcome: Outcome | None
    risk: Risk
    mode: Mode
    fraud_type: str
    responsible_unit: str | None
    assigned_unit: str | None
    responder: str | None
    co_assigned: tuple[CoAssignedView, ...] = Field(description="Units on the case beside the accountable one.")
    transferred_to: str | None = Field(description="The centre of the other county that has it.")
    turn: int
    version: int
    issued_at: datetime
    late_on_arrival: bool
    repeat_count: int
    next_due_at: datetime | None = Field(description="When something next happens to it by itself.")
    total_due_at: datetime | None = Field(description="When the hour is over; null once it is stopped.")
    overdue: bool = Field(description="The hour is over, and neither a feedback nor a receipt is there.")
    limits: tuple[LimitView, ...] = Field(description="The running limits.")
    missed: tuple[TimerKind, ...] = Field(description="Limits that were ever found breached, whatever answered them.")
    person: Person


class CandidateView(View):
    """A responder who was looked at, the one who was asked first."""

    responder: str
    distance_m: float | None
    travel_s: float | None = Field(default=None, description="Measured travel time, where there is one.")
    fix_age_s: float | None = Field(description="Age of the position used; null: the duty post's.")
    open_cases: int
    rejected: str | None = Field(description="Why not; null for the one who was asked.")
    why_not_zh: str | None
    why_not_en: str | None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "CandidateView":
        rejected = stored["rejected"]
        return cls(**stored, why_not_zh=why_not(rejected, "zh"), why_not_en=why_not(rejected, "en"))


class CorrectionView(View):
    """A time that was wrong. `original_at` stays in the stamps; figures use `corrected_at`."""

    stamp: Stamp
    original_at: datetime
    corrected_at: datetime
    corrected_by: str
    recorded_at: datetime


class RoutingView(View):
    """Why this unit, and why this responder."""

    rule: str | None
    why: tuple[str, ...]
    place: str | None = Field(description="Which of the warning's places was used.")
    distance_m: float | None
    also: tuple[str, ...] = Field(description="Other units whose areas hold the point.")
    region_code: str | None
    reason_zh: str
    reason_en: str
    choice_zh: str
    choice_en: str
    decided: str | None
    lacks: tuple[str, ...] = Field(description="What the case asks for and nobody who could be asked has.")
    candidates: tuple[CandidateView, ...] = Field(description="Who was looked at for the last assignment.")


class LinkedView(View):
    """A case that shares something with another: a lead, no more. Of a case in another unit only that there is one."""

    kinds: tuple[LinkKind, ...] = Field(description="What they share: the person, a phone, an account …")
    elsewhere: bool = Field(description="It is out of the asker's scope; then nothing else is said of it.")
    case_id: UUID | None = None
    source: str | None = None
    instruction_number: str | None = None
    assigned_unit: str | None = None
    responsible_unit: str | None = None
    state: State | None = None
    outcome: Outcome | None = None
    received_at: datetime | None = None

    @classmethod
    def of(cls, found: Linked, *, seen_by: Actor) -> "LinkedView":
        if found.stored is None or not seen_by.sees(*found.stored.case.units):
            return cls(kinds=found.kinds, elsewhere=True)
        case = found.stored.case
        told = [name for name in cls.model_fields if name not in ("kinds", "elsewhere")]
        return cls(kinds=found.kinds, elsewhere=False, **{name: getattr(case, name) for name in told})


class CaseView(Line):
    """The whole case, but for what it wants beside the calls (meetings.py)."""

    source: str
    policy_version: int
    issued_ahead: bool
    repeat_subject: bool = Field(description="Warned of so often lately that the risk has a floor.")
    reopened_count: int
    tried: tuple[str, ...] = Field(description="Responders who declined or did not answer.")
    loss_before_fen: int | None
    loss_after_fen: int | None
    amount_saved_fen: int | None
    co_assignments: tuple[CoAssignmentView, ...] = Field(description="Every co-assignment, ended ones too.")
    stamps: Stamps = Field(description="As they were recorded; what was wrong is in `corrections`.")
    corrections: tuple[CorrectionView, ...] = Field(description="The newest of each time that was corrected.")
    linked: tuple[LinkedView, ...] = Field(description="Cases that share something with it, the newest first.")
    routing: RoutingView
    told: tuple[Telling, ...] = Field(description="Who was told what and when, in order, and what answered it.")
    now: datetime = Field(description="The moment that `left_s` and `late_s` are counted at.")


def line_of(case: Case, person: Person, *, now: datetime) -> Line:
    return Line(**_line(case, person, now=now, running_only=True))


def case_view(
    case: Case,
    person: Person,
    candidates: list[dict[str, Any]],
    together: Sequence[CoAssignment],
    corrections: Mapping[Stamp, Correction],
    *,
    linked: Sequence[LinkedView],
    told: Sequence[Telling],
    units: Mapping[str, Unit],
    now: datetime,
) -> CaseView:
    """The case at `now`, with every limit of every round."""
    plain = ("source", "policy_version", "issued_ahead", "repeat_subject")
    more = ("reopened_count", "tried", "loss_before_fen", "loss_after_fen", "amount_saved_fen")
    return CaseView(
        **_line(case, person, now=now, running_only=False),
        **{name: getattr(case, name) for name in (*plain, *more)},
        co_assignments=tuple(CoAssignmentView.model_validate(one, from_attributes=True) for one in together),
        corrections=tuple(CorrectionView.model_validate(one, from_attributes=True) for one in corrections.values()),
        stamps=Stamps(**{name: getattr(case, name) for name in Stamps.model_fields}),
        linked=tuple(linked),
        routing=_routing(case, candidates, units),
        told=tuple(told),
        now=now,
    )


def _line(case: Case, person: Person, *, now: datetime, running_only: bool) -> dict[str, Any]:
    plain = ("case_id", "instruction_number", "state", "outcome", "risk", "mode", "fraud_type", "responsible_unit")
    more = ("assigned_unit", "responder", "transferred_to", "turn", "version", "issued_at", "late_on_arrival")
    last = ("repeat_count", "next_due_at", "total_due_at")
    due_at = case.total_due_at
    return {name: getattr(case, name) for name in (*plain, *more, *last)} | {
        "overdue": due_at is not None and due_at <= now,
        "co_assigned": tuple(CoAssignedView.model_validate(one, from_attributes=True) for one in case.co_assigned),
        "limits": tuple(LimitView.of(timer, now=now) for timer in case.timers if timer.running or not running_only),
        "missed": missed(case.timers),
        "person": person,
    }


def _routing(case: Case, candidates: list[dict[str, Any]], units: Mapping[str, Unit]) -> RoutingView:
    routing = case.routing
    names: dict[Language, dict[str, str]] = {
        "zh": {code: unit.name_zh for code, unit in units.items()},
        "en": {code: unit.name_en for code, unit in units.items()},
    }
    return RoutingView(
        rule=routing.get("rule"),
        why=tuple(routing.get("why", ())),
        place=routing.get("place"),
        distance_m=routing.get("distance_m"),
        also=tuple(routing.get("also", ())),
        region_code=routing.get("region_code"),
        reason_zh=why_unit(routing, case.responsible_unit, "zh", names["zh"]),
        reason_en=why_unit(routing, case.responsible_unit, "en", names["en"]),
        choice_zh=why_responder(routing, case.responder, "zh"),
        choice_en=why_responder(routing, case.responder, "en"),
        decided=routing.get("choice", {}).get("decided"),
        lacks=tuple(routing.get("choice", {}).get("lacks", ())),
        candidates=tuple(CandidateView.of(candidate) for candidate in candidates),
    )
