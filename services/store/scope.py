"""Whose cases, in SQL: the units that hold a case, are responsible by area, or are co-assigned (Case.units says the same).

Every question about cases that somebody asks is narrowed by the scope of who asks. On PostgreSQL the policies of
`walls` say it once more, for the questions that were forgotten.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, false, or_, select

from services.domain.actor import Actor
from services.domain.states import State
from services.domain.words import Role
from services.store import tables

cases, co_assignment = tables.cases, tables.co_assignment
UNANSWERED = (State.PENDING, State.ASSIGNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The cases of one unit; with `responder`, of those only the own ones and the ones nobody has acknowledged.

    With `case` that one of them and no other; with `asked_banks` those of which a bank was asked something, of any
    unit; with nothing, none.
    """

    unit: str | None = None
    responder: str | None = None
    case: UUID | None = None
    asked_banks: bool = False

    @property
    def holds(self) -> ColumnElement[bool]:
        if self.asked_banks:
            return cases.c.stop_requested_at.is_not(None)
        if self.unit is None:
            return false()
        whole = of_unit(self.unit)
        if self.case is not None:
            whole &= cases.c.case_id == self.case
        if self.responder is None:
            return whole
        named = _together(co_assignment.c.unit == self.unit, co_assignment.c.responder == self.responder)
        return whole & or_(cases.c.responder == self.responder, named, cases.c.state.in_(UNANSWERED))


def scope_of(actor: Actor, *, acting: bool = False) -> Scope | None:
    """What this actor may see; None: every case. Who acts may try a colleague's case, and is told who holds it."""
    if actor.sees_every_unit or actor.role is Role.SYSTEM:
        return None
    if actor.role is Role.BANK:
        return Scope(asked_banks=True)
    if actor.role is Role.DESK:
        return Scope(unit=actor.unit)
    if actor.role is Role.RESPONDER:
        return Scope(unit=actor.unit, responder=None if acting else actor.responder, case=actor.case)
    return Scope()


def of_unit(unit: str) -> ColumnElement[bool]:
    """Held by the unit, its own by area, or shared with it."""
    one = bindparam("unit", unit, type_=cases.c.assigned_unit.type, unique=True)  # sent once, not thrice
    return or_(cases.c.assigned_unit == one, cases.c.responsible_unit == one, _together(co_assignment.c.unit == one))


def _together(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return cases.c.id.in_(select(co_assignment.c.case_id).where(co_assignment.c.removed_at.is_(None), *conditions))
