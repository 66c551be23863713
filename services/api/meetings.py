"""What a case wants beside the calls, as it is shown: a visit, a second acknowledgement, a meeting, and what was tried."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from services.api.views import CaseView, View
from services.domain import trying
from services.domain.case import Case
from services.domain.policy import Policy
from services.domain.states import Action, TimerKind
from services.domain.timers import Timer
from services.domain.trying import TRYING, Tried
from services.store.events import Entry


class VisitView(View):
    """The newest visit that was wanted."""

    wanted: bool = Field(description="Whether it is wanted still: nobody has set out, and the case is not over.")
    asked_at: datetime
    due_at: datetime = Field(description="When somebody must have set out.")
    responder: str | None = Field(description="Who must go: the case's holder; null while nobody has it.")
    rules: tuple[str, ...] = Field(description="AT_ONCE, FAILED_CALLS, DANGER_SIGN or CLOSES_IN_PERSON.")
    set_out_at: datetime | None
    arrived_at: datetime | None
    result: str | None = Field(description="What came of it.")


class SecondAcknowledgementView(View):
    """The second acknowledgement of a large amount."""

    due_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class MeetingView(View):
    needed: bool = Field(description="Whether the case, as it is, closes only once somebody has met the person.")
    met_at: datetime | None


class TriesView(View):
    """How often one way was tried, by whoever held the case."""

    what: str = Field(description="calls, messages, visits or family.")
    done: int
    needed: int = Field(description="Before NOT_REACHED may be said.")


class Wanted(View):
    """All of it."""

    visit: VisitView | None = Field(description="null: none was ever wanted.")
    second_acknowledgement: SecondAcknowledgementView | None = Field(description="null: the amount needs none.")
    meeting: MeetingView
    tries: tuple[TriesView, ...]


class WholeCase(CaseView, Wanted):
    """The whole case."""


def whole(view: CaseView, wanted: Wanted) -> WholeCase:
    return WholeCase(**_fields(view), **_fields(wanted))


def _fields(view: View) -> dict[str, Any]:
    return {name: getattr(view, name) for name in type(view).model_fields}


def wanted_of(case: Case, facts: Sequence[Entry], policy: Policy) -> Wanted:
    """`facts` is the case's timeline, whole or of the kinds that tell of these."""
    tried = [Tried(action=fact.action, at=fact.at, detail=fact.detail) for fact in facts if fact.action in TRYING]
    done = trying.counted(tried)
    return Wanted(
        visit=_visit(case, facts),
        second_acknowledgement=_second(case, facts),
        meeting=MeetingView(needed=trying.needs_meeting(case, policy), met_at=trying.met_at(tried)),
        tries=tuple(
            TriesView(what=what, done=done[what], needed=needed) for what, needed in policy.attempts.not_reached.items()
        ),
    )


def _visit(case: Case, facts: Sequence[Entry]) -> VisitView | None:
    timer = _newest(case, TimerKind.VISIT)
    if timer is None:
        return None
    steps = {
        fact.detail.get("result"): fact.at
        for fact in facts
        if fact.action == Action.ATTEMPT and fact.detail.get("channel") == trying.VISIT and fact.at >= timer.started_at
    }
    asked = [fact for fact in facts if fact.action == Action.START_VISIT and fact.at == timer.started_at]
    return VisitView(
        wanted=timer.running,
        asked_at=timer.started_at,
        due_at=timer.due_at,
        responder=case.responder,
        rules=tuple(asked[-1].detail["rules"]) if asked else ("AT_ONCE",),
        set_out_at=steps.get(trying.R.SET_OUT),
        arrived_at=steps.get(trying.R.ARRIVED),
        result=next((result for result in reversed(steps) if result not in trying.ON_THE_WAY), None),
    )


def _second(case: Case, facts: Sequence[Entry]) -> SecondAcknowledgementView | None:
    """Of the present holder: what was for an earlier one counts no more."""
    timer = _newest(case, TimerKind.SECOND_ACK)
    if timer is None:
        return None
    given = [
        fact for fact in facts if fact.action == Action.SECOND_ACKNOWLEDGE and fact.recorded_at >= timer.started_at
    ]
    return SecondAcknowledgementView(
        due_at=timer.due_at,
        acknowledged_at=given[-1].at if given else None,
        acknowledged_by=given[-1].actor if given else None,
    )


def _newest(case: Case, kind: TimerKind) -> Timer | None:
    return max((timer for timer in case.timers if timer.kind is kind), key=lambda timer: timer.round, default=None)
