"""Who does something: a person or a process with a role and, below the centre, a unit."""

from dataclasses import dataclass
from uuid import UUID

from services.domain.words import Role

CENTRE_ROLES = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.REVIEWER, Role.AUDITOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    name: str  # the token's or the person's; never a subject's
    role: Role
    unit: str | None = None  # None: the centre
    responder: str | None = None  # the responder's code, where the actor is one
    source: str | None = None  # an integrator's: as in the CloudEvents of its warnings
    case: UUID | None = None  # who came by an invitation sees this case and no other

    @property
    def as_source(self) -> str:
        """Whose warnings are these when this actor sends some: an integrator's own; else the desk where they are entered."""
        if self.role is Role.INTEGRATOR:
            return self.source or f"/token/{self.name}"
        return f"/desk/{self.unit or 'centre'}"

    @property
    def sees_every_unit(self) -> bool:
        return self.role in CENTRE_ROLES

    def sees(self, *units: str | None) -> bool:
        """Whether a case held by one of `units`, or theirs by area, is in this actor's scope (domain.md §7)."""
        if self.sees_every_unit:
            return True
        return self.role in (Role.DESK, Role.RESPONDER) and self.unit is not None and self.unit in units


ROUTER = Actor(name="router", role=Role.SYSTEM)
TIMEKEEPER = Actor(name="timekeeper", role=Role.SYSTEM)
HANDOVER = Actor(name="handover", role=Role.SYSTEM)  # a change of shift
REGISTRY = Actor(name="registry", role=Role.SYSTEM)  # somebody has left
RULES = Actor(name="rules", role=Role.SYSTEM)  # what a rule of the policy does by itself
