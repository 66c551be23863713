"""One case: a warning on its way through the loop. `moves.py` changes it; this says what it is."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from hashlib import sha1
from typing import Any, Final
from uuid import UUID

from services.domain import timers as limits
from services.domain.states import Action, State, TimerKind
from services.domain.timers import Timer
from services.domain.value import value
from services.domain.words import Mode, Outcome, Risk, Role

CASE_NAMESPACE = UUID("6f1c1c2e-6a0d-5a4e-9d63-9d1a3c0b7e51")
_NAMED: Final = sha1(CASE_NAMESPACE.bytes, usedforsecurity=False)


def case_id_for(source: str, instruction_number: str) -> UUID:
    """The case's public id: the same source and instruction number always name the same case.

    That is `uuid5` in half its time: one is made for each record.
    """
    named = _NAMED.copy()
    named.update(f"{source}\x1f{instruction_number}".encode())
    return UUID(bytes=named.digest()[:16], version=5)


@value
class CoAssigned:
    """A unit that works on a case beside the accountable one. Without a responder it only looks on."""

    unit: str
    responder: str | None = None


@value
class Case:
    id: int | None  # the row; None until it is stored
    case_id: UUID
    source: str
    instruction_number: str
    mode: Mode
    risk: Risk
    fraud_type: str
    state: State
    responsible_unit: str | None  # by jurisdiction; figures by area use it
    assigned_unit: str | None  # who holds it now
    responder: str | None
    policy_version: int
    issued_at: datetime
    received_at: datetime
    version: int = 1  # rises with every message about the case
    turn: int = 1  # rises only when state, accountable assignment or risk change
    outcome: Outcome | None = None
    late_on_arrival: bool = False
    issued_ahead: bool = False  # issued_at lay in the future and was clamped
    repeat_count: int = 0
    repeat_subject: bool = False  # warned of so often lately that its risk has a floor
    reopened_count: int = 0
    routing: dict[str, Any] = field(
        default_factory=dict
    )  # rule, distance_m, place used, reason, what decided the choice
    tried: tuple[str, ...] = ()  # responders who declined or did not answer
    co_assigned: tuple[CoAssigned, ...] = ()  # never the accountable unit; empty once the case has ended
    transferred_to: str | None = None  # the centre of the other county
    submitter: str | None = None  # who wrote the feedback; never its reviewer
    assigned_at: datetime | None = None
    acknowledged_at: datetime | None = None
    released_at: datetime | None = None
    first_attempt_at: datetime | None = None
    contacted_at: datetime | None = None
    contact_lost_at: datetime | None = None
    concluded_at: datetime | None = None
    feedback_at: datetime | None = None
    returned_at: datetime | None = None
    closed_at: datetime | None = None
    reopened_at: datetime | None = None
    cancelled_at: datetime | None = None
    transferred_at: datetime | None = None
    receipt_at: datetime | None = None
    stop_requested_at: datetime | None = None
    stop_resolved_at: datetime | None = None
    loss_before_fen: int | None = None
    loss_after_fen: int | None = None
    amount_saved_fen: int | None = None
    side_due_at: datetime | None = None  # when something beside the loop is next due (beside.py)
    timers: tuple[Timer, ...] = ()

    @property
    def units(self) -> frozenset[str]:
        """In whose scope the case is: whoever holds it, is responsible by area, or is co-assigned (domain.md §7)."""
        named = (self.assigned_unit, self.responsible_unit, *(one.unit for one in self.co_assigned))
        return frozenset(unit for unit in named if unit is not None)

    def is_shared_with(self, unit: str | None, responder: str | None) -> bool:
        """Whether this responder is the one named for a co-assigned unit."""
        return responder is not None and any((one.unit, one.responder) == (unit, responder) for one in self.co_assigned)

    @property
    def next_due_at(self) -> datetime | None:
        limit, side = limits.next_due(self.timers), self.side_due_at
        return side if limit is None else limit if side is None else min(limit, side)

    @property
    def total_due_at(self) -> datetime | None:
        total = limits.running(self.timers, TimerKind.TOTAL)
        return total.due_at if total else None


@value
class Fact:
    """One thing that happened to a case: a row of its timeline. `detail` holds no personal data; `private` is sealed."""

    action: Action
    version: int
    from_state: State | None
    to_state: State
    at: datetime  # the time that counts: the device's within the allowed skew, else the server's
    recorded_at: datetime
    actor: str
    role: Role
    unit: str | None = None
    occurred_at: datetime | None = None  # what the device said
    detail: dict[str, Any] = field(default_factory=dict)
    private: dict[str, Any] | None = None


def kept_of(why: Mapping[str, Any]) -> dict[str, Any]:
    """What of a choice stays on the case; the candidates are in the fact of the assignment."""
    return {name: value for name, value in why.items() if name != "candidates"}


@value
class Change:
    """What one command, message or tick did: the case as it is now and the facts that tell of it, in order."""

    case: Case
    facts: tuple[Fact, ...]
