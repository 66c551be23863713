"""Whose cases, in SQL: the units that hold a case, are responsible by area, or are co-assigned (Case.units says the same)."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select

from services.domain.states import State
from services.store import tables

cases, co_assignment = tables.cases, tables.co_assignment
UNANSWERED = (State.PENDING, State.ASSIGNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The cases of one unit; with `responder`, of those only the own ones and the ones nobody has acknowledged."""

    unit: str
    responder: str | None = None

    @property
    def holds(self) -> ColumnElement[bool]:
        whole = of_unit(self.unit)
        if self.responder is None:
            return whole
        named = _together(co_assignment.c.unit == self.unit, co_assignment.c.responder == self.responder)
        return whole & or_(cases.c.responder == self.responder, named, cases.c.state.in_(UNANSWERED))


def of_unit(unit: str) -> ColumnElement[bool]:
    """Held by the unit, its own by area, or shared with it."""
    return or_(cases.c.assigned_unit == unit, cases.c.responsible_unit == unit, _together(co_assignment.c.unit == unit))


def _together(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return cases.c.id.in_(select(co_assignment.c.case_id).where(co_assignment.c.removed_at.is_(None), *conditions))
