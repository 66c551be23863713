"""Who a target is at this moment: the words of a policy resolved to people who can be reached. No I/O."""

from collections.abc import Mapping
from typing import Protocol

from services.domain.notice import Recipient
from services.domain.policy_rules import Target
from services.domain.roster import Roster
from services.domain.value import value

COUNTY, CENTRE = "county", "centre"  # kinds of units


class Placed(Protocol):
    """A unit of the tree."""

    @property
    def kind(self) -> str: ...
    @property
    def parent(self) -> str | None: ...


@value
class Staff:
    """Everybody who may be called in: who is on duty, who leads, who sits at the desks and in the centre."""

    roster: Roster
    units: Mapping[str, Placed]
    desks: Mapping[str, tuple[str, ...]]  # by unit, the names that sign in at its desk
    operators: tuple[str, ...]
    supervisors: tuple[str, ...]
    muted: frozenset[str] = frozenset()  # units whose people get no notices


@value
class Found:
    """Whom a target means now; nobody, although they are there, where their unit gets no notices."""

    recipients: tuple[Recipient, ...] = ()
    is_muted: bool = False


NOBODY = Found()


def found_for(target: Target, unit: str | None, responder: str | None, staff: Staff, *, anyhow: bool = False) -> Found:
    """`unit` is whose desk and head are meant, `responder` who holds the case; `anyhow`: told even when off duty."""
    if target is Target.OPERATOR:
        return _centre(target, staff.operators)
    if target is Target.SUPERVISOR:
        return _centre(target, staff.supervisors)
    if target is Target.COUNTY_LEADER:
        return Found(recipients=_county(unit, staff))
    if target is Target.RESPONDER:
        unit, reached = _holder(unit, responder, staff, anyhow=anyhow)
    elif target is Target.DUTY_DESK:
        reached = None if unit is None else _desk(unit, staff)
    else:
        head = None if unit is None else staff.roster.heads.get(unit)
        reached = None if head is None else Recipient(target=target, unit=unit, person=head, people=(head,))
    if unit in staff.muted:
        return Found(is_muted=True)
    return NOBODY if reached is None else Found(recipients=(reached,))


def centre_queue(target: Target, staff: Staff) -> Recipient:
    """The centre's own row, whoever is there: what nobody else can be told is never lost."""
    names = staff.supervisors if target is Target.SUPERVISOR else staff.operators
    return Recipient(target=target, people=names)


def _centre(target: Target, names: tuple[str, ...]) -> Found:
    return Found(recipients=(Recipient(target=target, people=names),)) if names else NOBODY


def _holder(
    unit: str | None, responder: str | None, staff: Staff, *, anyhow: bool
) -> tuple[str | None, Recipient | None]:
    if responder is None:
        return unit, None
    index = staff.roster.index.get(responder)
    if index is not None:
        unit = staff.roster.unit_of[index]
    elif not anyhow:
        return unit, None
    return unit, Recipient(target=Target.RESPONDER, unit=unit, person=responder, people=(responder,))


def _desk(unit: str, staff: Staff) -> Recipient | None:
    people = (*staff.desks.get(unit, ()), *_on_duty(unit, staff.roster))
    return Recipient(target=Target.DUTY_DESK, unit=unit, people=people) if people else None


def _county(unit: str | None, staff: Staff) -> tuple[Recipient, ...]:
    """Who is on duty in the county above the unit, else its head, else the head of the centre."""
    for code in _above(unit, staff.units):
        people = _on_duty(code, staff.roster) if staff.units[code].kind == COUNTY else ()
        people = people or tuple(filter(None, (staff.roster.heads.get(code),)))
        if people:
            target = Target.COUNTY_LEADER
            return tuple(Recipient(target=target, unit=code, person=who, people=(who,)) for who in people)
    return ()


def _above(unit: str | None, units: Mapping[str, Placed]) -> list[str]:
    """The counties and centres above a unit, the nearest first; then the only county, and the centres."""
    found: list[str] = []
    seen: set[str] = set()
    while unit is not None and unit in units and unit not in seen:
        seen.add(unit)
        if units[unit].kind in (COUNTY, CENTRE):
            found.append(unit)
        unit = units[unit].parent
    counties = [code for code, one in units.items() if one.kind == COUNTY]
    centres = sorted(code for code, one in units.items() if one.kind == CENTRE)
    only = counties if len(counties) == 1 else []
    return list(dict.fromkeys((*found, *only, *centres)))


def _on_duty(unit: str, roster: Roster) -> tuple[str, ...]:
    first, end = roster.units.get(unit, (0, 0))
    return tuple(roster.responders[first:end])
