"""What the world is told of a change: one `case.changed` for each change, one instruction for each assignment."""

from datetime import datetime
from typing import Any

from schemas.case import encode_change
from schemas.envelope import EventType
from schemas.instruction import encode_instruction
from schemas.topics import CASE_CHANGED, INSTRUCTION_ISSUED
from schemas.warning import WarningIssued
from services.domain import timers as limits
from services.domain.case import Case, Change
from services.domain.masking import mask_address, mask_name, mask_phone
from services.domain.states import Action, TimerKind
from services.store.outbox import Message

SOURCE = "/quanzu"  # of every event that we issue
ASSIGNING = frozenset({Action.ASSIGN, Action.REASSIGN})
# Whose facts name the units that the case was taken from, and under which words.
LEAVING = {
    Action.DECLINE: ("unit",),
    Action.EXPIRE: ("unit",),
    Action.HAND_OVER: ("unit",),
    Action.LAPSE: ("unit",),
    Action.CO_RELEASE: ("unit",),
    Action.REASSIGN: ("from_unit",),
    Action.REROUTE: ("unit", "from_unit"),
}
MOST_TOLD = 32  # of what happened in one change: see schemas/case.py


def messages_for(change: Change, warning: WarningIssued | None, address: str | None) -> tuple[Message, ...]:
    """The messages of one change. `warning` may be gone (erased); then the instruction shows nobody."""
    case = change.case
    key = str(case.case_id)
    changed = _changed(change, key)
    if case.responder is None or all(fact.action not in ASSIGNING for fact in change.facts):
        return (changed,)
    return _instruction(case, key, warning, address), changed


def _changed(change: Change, key: str) -> Message:
    case = change.case
    total = limits.running(case.timers, TimerKind.TOTAL)
    return _message(
        key,
        case.version,
        EventType.CASE_CHANGED,
        CASE_CHANGED,
        encode_change(
            case_id=case.case_id,
            version=case.version,
            turn=case.turn,
            changes=[(fact.action, fact.detail.get("timer"), fact.role) for fact in change.facts[-MOST_TOLD:]],
            state=case.state,
            outcome=case.outcome,
            risk=case.risk,
            mode=case.mode,
            responsible_unit=case.responsible_unit,
            assigned_unit=case.assigned_unit,
            responder=case.responder,
            co_assigned_units=[one.unit for one in case.co_assigned],
            left_units=_left(change),
            at=change.facts[-1].recorded_at,
            timers=[
                (timer.kind, timer.round, timer.due_at, timer.at_risk_at)
                for timer in case.timers
                if timer.stopped_at is None
            ],
            next_due_at=case.next_due_at,
            total_due_at=total.due_at if total else None,
        ),
    )


def _left(change: Change) -> list[str]:
    """The units that had the case before this change and are out of its scope now."""
    had = {fact.detail.get(word) for fact in change.facts for word in LEAVING.get(fact.action, ())}
    return sorted(unit for unit in had if unit is not None and unit not in change.case.units)


def _instruction(case: Case, key: str, warning: WarningIssued | None, address: str | None) -> Message:
    subject = warning.subject if warning is not None else None
    choice: dict[str, Any] = case.routing.get("choice", {})
    acknowledge = limits.running(case.timers, TimerKind.ACK)
    total = limits.running(case.timers, TimerKind.TOTAL)
    assert case.assigned_at is not None  # noqa: S101 - somebody was just asked
    return _message(
        key,
        case.version,
        EventType.INSTRUCTION_ISSUED,
        INSTRUCTION_ISSUED,
        encode_instruction(
            case_id=case.case_id,
            version=case.version,
            turn=case.turn,
            source=case.source,
            instruction_number=case.instruction_number,
            risk=case.risk,
            mode=case.mode,
            fraud_type=case.fraud_type,
            responsible_unit=case.responsible_unit,
            assigned_unit=case.assigned_unit,
            responder=case.responder,
            round=acknowledge.round if acknowledge else limits.rounds(case.timers, TimerKind.ACK),
            issued_at=case.issued_at,
            assigned_at=case.assigned_at,
            acknowledge_by=acknowledge.due_at if acknowledge else case.assigned_at,
            total_by=total.due_at if total else case.assigned_at,
            stop_request_by=_due(case, TimerKind.STOP_REQUEST),
            visit_by=_due(case, TimerKind.VISIT),
            second_acknowledge_by=_due(case, TimerKind.SECOND_ACK),
            name_masked=mask_name(subject.name) if subject and subject.name else None,
            phone_masked=mask_phone(subject.phone) if subject and subject.phone else None,
            place_masked=mask_address(address) if address else "",
            rule=case.routing["rule"],
            distance_m=choice.get("distance_m"),
            reason=choice.get("decided", ""),
        ),
    )


def _due(case: Case, kind: TimerKind) -> datetime | None:
    running = limits.running(case.timers, kind)
    return running.due_at if running else None


def _message(key: str, version: int, event_type: EventType, topic: str, value: bytes) -> Message:
    return Message(ce_id=f"{key}:{version}:{event_type}", ce_type=event_type, topic=topic, key=key, value=value)
