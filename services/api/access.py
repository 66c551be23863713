"""Who may ask what: one table, a line for each route and verb. What has no line is refused, and the app does not start.

`scope` says whose rows a route may touch; the store narrows every question to them (`store.scope`, `store.walls`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from starlette.routing import BaseRoute, compile_path
from starlette.types import Scope as Asked

from services.api.problems import Problematic
from services.domain.actor import CENTRE_ROLES, Actor
from services.domain.refusals import CaseNotFound, NotAllowed
from services.domain.words import Role
from services.handlers.entry_facts import refused


class Scope(StrEnum):
    NOBODYS = "nobodys"  # descriptions, empty pages, the way in itself: no identity is asked for
    OWN = "own"  # what belongs to the asker alone
    CASES = "cases"  # the cases of the asker's scope (domain.md §7)
    UNIT = "unit"  # rows of the asker's own unit; of every unit for the centre
    SOURCE = "source"  # what the asker's own source has sent
    CENTRE = "centre"  # what only the centre works with
    INSTALLATION = "installation"  # configuration, registry, people: no case data


class Purpose(StrEnum):
    """Why it is asked; every read of personal data is written down with it."""

    ENTRY = "entry"
    INTAKE = "intake"
    LOOP = "loop"
    REVIEW = "review"
    FIGURES = "figures"
    ROTA = "rota"
    REGISTRY = "registry"
    POLICY = "policy"
    POSITION = "position"
    PEOPLE = "people"
    AUDIT = "audit"
    DESCRIPTION = "description"


@dataclass(frozen=True, slots=True)
class Rule:
    roles: frozenset[Role]
    scope: Scope
    purpose: Purpose
    invited: bool = False  # what codes are called: the page of one case reads it too, and whoever was invited to it

    @property
    def open(self) -> bool:
        return self.scope is Scope.NOBODYS


_SYSTEM = frozenset({Role.SYSTEM})
NOBODY: Final[frozenset[Role]] = frozenset()
EVERYBODY: Final = frozenset(Role) - _SYSTEM
ANYONE: Final = EVERYBODY - {Role.DEVICE}  # a device is nobody
OPERATORS: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR})
SUPERVISOR: Final = frozenset({Role.SUPERVISOR})
FIELD: Final = frozenset({Role.DESK, Role.RESPONDER})
RESPONDER: Final = frozenset({Role.RESPONDER})
CASE_READERS: Final = CENTRE_ROLES | FIELD
REVIEWERS: Final = OPERATORS | {Role.REVIEWER}
ADMINISTRATOR: Final = frozenset({Role.ADMINISTRATOR})

_OPEN = Rule(NOBODY, Scope.NOBODYS, Purpose.DESCRIPTION)
_DOOR = Rule(NOBODY, Scope.NOBODYS, Purpose.ENTRY)
_MINE = Rule(ANYONE, Scope.OWN, Purpose.ENTRY)
_READ = Rule(CASE_READERS, Scope.CASES, Purpose.LOOP)
_ROTA = Rule(CASE_READERS, Scope.UNIT, Purpose.ROTA)
_RULES_OF_ROTA = Rule(OPERATORS | ADMINISTRATOR, Scope.INSTALLATION, Purpose.ROTA)
_CHANGE_ROTA = Rule(OPERATORS | {Role.DESK}, Scope.UNIT, Purpose.ROTA)
_SWAP = Rule(OPERATORS | FIELD, Scope.UNIT, Purpose.ROTA)
_NAMES = Rule(ANYONE, Scope.INSTALLATION, Purpose.REGISTRY, invited=True)
_REGISTRY = Rule(SUPERVISOR | ADMINISTRATOR, Scope.INSTALLATION, Purpose.REGISTRY)
_PEOPLE = Rule(ADMINISTRATOR, Scope.INSTALLATION, Purpose.PEOPLE)
_OVERSEE = Rule(CENTRE_ROLES | {Role.DESK}, Scope.UNIT, Purpose.FIGURES)
_SUBMIT = Rule(OPERATORS | {Role.DESK, Role.INTEGRATOR}, Scope.SOURCE, Purpose.INTAKE)
_REPORT = Rule(RESPONDER | {Role.DEVICE}, Scope.OWN, Purpose.POSITION)


def _case(roles: frozenset[Role], purpose: Purpose = Purpose.LOOP) -> Rule:
    return Rule(roles, Scope.CASES, purpose)


ACCESS: Final[Mapping[str, Rule]] = {
    # Open to all
    "GET /livez": _OPEN,
    "GET /readyz": _OPEN,
    "GET /startupz": _OPEN,
    "GET /openapi.json": _OPEN,
    "GET /asyncapi.json": _OPEN,
    "GET /docs": _OPEN,
    "GET /problems/{code}": _OPEN,
    "POST /public/tips": Rule(NOBODY, Scope.NOBODYS, Purpose.INTAKE),
    "GET /": _OPEN,
    "GET /phone": _OPEN,
    "GET /phone/{name}": _OPEN,
    "GET /wall": _OPEN,
    "GET /assets/{name}": _OPEN,
    "GET /login": _DOOR,
    "POST /login": _DOOR,
    "GET /login/return": _DOOR,
    "GET /login/password": _DOOR,
    "POST /login/password": _DOOR,
    "GET /enter/{secret}": _DOOR,
    "POST /enter/{secret}": _DOOR,
    # One's own
    "GET /me": _MINE,
    "GET /clock": _MINE,
    "POST /logout": _MINE,
    "GET /sessions": _MINE,
    "DELETE /sessions/{session}": _MINE,
    # Cases
    "GET /cases": _READ,
    "GET /cases/{case_id}": _READ,
    "GET /cases/{case_id}/status": _READ,
    "GET /cases/{case_id}/timeline": _READ,
    "GET /cases/{case_id}/place": _READ,
    "POST /cases/{case_id}/unmasking": _case(REVIEWERS),
    "POST /search": _READ,
    "GET /events": _READ,
    "GET /ground": Rule(ANYONE, Scope.INSTALLATION, Purpose.REGISTRY),
    "GET /fraud-types": _NAMES,
    "POST /cases/{case_id}/acknowledgement": _case(FIELD),
    "POST /cases/{case_id}/second-acknowledgement": _case(OPERATORS | FIELD),
    "POST /cases/{case_id}/decline": _case(FIELD),
    "POST /cases/{case_id}/hand-over": _case(FIELD),
    "POST /cases/{case_id}/attempts": _case(RESPONDER),
    "POST /cases/{case_id}/contact": _case(RESPONDER),
    "POST /cases/{case_id}/contact-lost": _case(RESPONDER),
    "POST /cases/{case_id}/conclusion": _case(RESPONDER | SUPERVISOR),
    "POST /cases/{case_id}/feedback": _case(RESPONDER),
    "POST /cases/{case_id}/assignment": _case(OPERATORS | {Role.DESK}),
    "POST /cases/{case_id}/co-assignments": _case(OPERATORS),
    "DELETE /cases/{case_id}/co-assignments/{unit}": _case(OPERATORS),
    "POST /cases/{case_id}/transfer": _case(OPERATORS),
    "POST /cases/{case_id}/receipt": _case(OPERATORS),
    "POST /cases/{case_id}/risk": _case(OPERATORS),
    "POST /cases/{case_id}/corrections": _case(SUPERVISOR),
    "POST /cases/{case_id}/closing": _case(OPERATORS, Purpose.REVIEW),
    "POST /cases/{case_id}/return": _case(OPERATORS, Purpose.REVIEW),
    "POST /cases/{case_id}/reopening": _case(SUPERVISOR, Purpose.REVIEW),
    "POST /cases/{case_id}/cancellation": _case(SUPERVISOR),
    "POST /cases/{case_id}/loss": _case(OPERATORS | FIELD),
    "POST /cases/{case_id}/invitations": _case(OPERATORS | {Role.DESK}, Purpose.ENTRY),
    # Evidence, notes, links, figures
    "GET /cases/{case_id}/evidence": _READ,
    "POST /cases/{case_id}/evidence": _case(OPERATORS | FIELD),
    "GET /cases/{case_id}/evidence/{evidence_id}/content": _READ,
    "POST /cases/{case_id}/evidence/{evidence_id}/withdrawal": _case(OPERATORS | FIELD),
    "POST /cases/{case_id}/notes": _case(REVIEWERS | FIELD),
    "GET /subjects/{case_id}/file": _READ,
    "GET /leads": _OVERSEE,
    "GET /figures": _OVERSEE,
    "GET /figures/cases": _OVERSEE,
    "GET /figures/watch-coverage": _OVERSEE,
    # Notices
    "GET /notices": _READ,
    "GET /notices/open": _READ,
    "POST /notices/seen": _case(OPERATORS | FIELD),
    "POST /notices/acknowledgements": _case(OPERATORS | FIELD),
    "POST /cases/{case_id}/escalate": _case(OPERATORS),
    # Intake
    "POST /warnings/withdrawals": _SUBMIT,
    "POST /warnings": _SUBMIT,
    "POST /warnings/batch": _SUBMIT,
    "POST /warnings/by-hand": _SUBMIT,
    "POST /warnings/table": _SUBMIT,
    "GET /warnings/{warning_id}": _SUBMIT,
    "GET /tips": Rule(OPERATORS, Scope.CENTRE, Purpose.INTAKE),
    "POST /tips/{tip_id}/confirmation": Rule(OPERATORS, Scope.CENTRE, Purpose.INTAKE),
    "POST /tips/{tip_id}/dismissal": Rule(OPERATORS, Scope.CENTRE, Purpose.INTAKE),
    # Stop payments and protective holds
    "GET /cases/{case_id}/stop-payments": _READ,
    "GET /stop-payments": _READ,
    "GET /stop-payments/unmatched": Rule(OPERATORS, Scope.CENTRE, Purpose.LOOP),
    "POST /cases/{case_id}/stop-payment": _case(OPERATORS | FIELD),
    "POST /cases/{case_id}/stop-payment/answer": _case(OPERATORS | {Role.BANK}),
    "POST /stop-payments/{order_id}/sending": _case(OPERATORS | FIELD),
    "POST /stop-payments/{order_id}/receipts": _case(OPERATORS | {Role.BANK}),
    "POST /stop-payments/{order_id}/returns": _case(OPERATORS | {Role.BANK}),
    "GET /cases/{case_id}/protective-holds": _READ,
    "POST /cases/{case_id}/protective-hold": _case(OPERATORS | FIELD),
    "POST /protective-holds/{hold}/notice": _case(OPERATORS | FIELD),
    "POST /protective-holds/{hold}/appeal": _case(OPERATORS | FIELD),
    "POST /protective-holds/{hold}/lifting": _case(OPERATORS),
    # After the loop
    "GET /follow-ups": _READ,
    "POST /follow-ups/{follow_up}/result": _case(OPERATORS | FIELD),
    "POST /follow-ups/{follow_up}/closing": _case(REVIEWERS | {Role.DESK}, Purpose.REVIEW),
    "GET /reviews": Rule(CASE_READERS, Scope.CASES, Purpose.REVIEW),
    "POST /reviews/{review}/cause": _case(REVIEWERS, Purpose.REVIEW),
    "POST /reviews/{review}/actions": _case(REVIEWERS, Purpose.REVIEW),
    "POST /reviews/{review}/closing": _case(REVIEWERS, Purpose.REVIEW),
    "GET /declines": _OVERSEE,
    "GET /audit": Rule(frozenset({Role.AUDITOR, Role.SUPERVISOR}), Scope.CENTRE, Purpose.AUDIT),
    "GET /dead-letters": Rule(OPERATORS, Scope.CENTRE, Purpose.LOOP),
    "POST /dead-letters/{letter_id}/opening": Rule(OPERATORS, Scope.CENTRE, Purpose.LOOP),
    "POST /dead-letters/{letter_id}/replay": Rule(OPERATORS, Scope.CENTRE, Purpose.LOOP),
    "POST /dead-letters/{letter_id}/mending": Rule(OPERATORS, Scope.CENTRE, Purpose.LOOP),
    # Rota
    "GET /rota/on-duty": _ROTA,
    "GET /rota/gaps": _ROTA,
    "GET /rota/units/{unit}": _ROTA,
    "GET /rota/units/{unit}/shifts": _ROTA,
    "GET /rota/units/{unit}/calendar": _ROTA,
    "GET /rota/handovers": _ROTA,
    "POST /rota/handovers/{handover}/acceptance": Rule(FIELD, Scope.UNIT, Purpose.ROTA),
    "PUT /rota/units/{unit}/rotation": _CHANGE_ROTA,
    "POST /rota/units/{unit}/leave": _CHANGE_ROTA,
    "POST /rota/units/{unit}/overrides": _CHANGE_ROTA,
    "POST /rota/units/{unit}/entries/{entry}/withdrawal": _CHANGE_ROTA,
    "POST /rota/units/{unit}/swaps": _SWAP,
    "POST /rota/units/{unit}/swaps/{swap}/acceptance": _SWAP,
    "POST /rota/units/{unit}/swaps/{swap}/refusal": _SWAP,
    "POST /rota/units/{unit}/swaps/{swap}/withdrawal": _SWAP,
    "GET /rota/patterns": Rule(ANYONE, Scope.INSTALLATION, Purpose.ROTA),
    "PUT /rota/patterns/{code}": _RULES_OF_ROTA,
    "GET /rota/holidays": Rule(ANYONE, Scope.INSTALLATION, Purpose.ROTA),
    "PUT /rota/holidays/{day}": _RULES_OF_ROTA,
    "DELETE /rota/holidays/{day}": _RULES_OF_ROTA,
    # Registry, policies, responders, people
    "GET /units": _NAMES,
    "GET /units/{unit}": Rule(CASE_READERS | ADMINISTRATOR, Scope.UNIT, Purpose.REGISTRY),
    "GET /registry/check": _REGISTRY,
    "GET /registry/files": _REGISTRY,
    "POST /registry/files/{kind}": _REGISTRY,
    "PUT /units/{code}/switches/{what}": _REGISTRY,
    "PUT /units/{code}/head": _REGISTRY,
    "GET /policies": Rule(ANYONE, Scope.INSTALLATION, Purpose.POLICY),
    "GET /policies/{version}": Rule(ANYONE, Scope.INSTALLATION, Purpose.POLICY),
    "GET /policies/{version}/preview": Rule(OPERATORS, Scope.CENTRE, Purpose.POLICY),
    "POST /policies": Rule(OPERATORS | ADMINISTRATOR, Scope.INSTALLATION, Purpose.POLICY),
    "POST /policies/check": Rule(OPERATORS | ADMINISTRATOR, Scope.INSTALLATION, Purpose.POLICY),
    "POST /policies/{version}/publication": Rule(SUPERVISOR, Scope.INSTALLATION, Purpose.POLICY),
    "DELETE /policies/{version}": Rule(OPERATORS | ADMINISTRATOR, Scope.INSTALLATION, Purpose.POLICY),
    "PUT /responders/{code}/status": Rule(FIELD | {Role.DEVICE}, Scope.UNIT, Purpose.POSITION),
    "POST /positions/owntracks": _REPORT,
    "POST /positions/traccar": _REPORT,
    "GET /people": _PEOPLE,
    "PUT /people/{name}": _PEOPLE,
    "POST /people/{name}/revocation": _PEOPLE,
}

OPEN: Final = frozenset(line.partition(" ")[2] for line, rule in ACCESS.items() if rule.open and "{" not in line)
OPEN_BELOW: Final = tuple(
    line.partition(" ")[2].partition("{")[0] for line, r in ACCESS.items() if r.open and "{" in line
)


_TEMPLATES: Final = [
    (verb, template, compile_path(template)[0]) for verb, _, template in (line.partition(" ") for line in ACCESS)
]


class NoRule(Exception):
    """A route that nobody is allowed to ask, because it has no line in ACCESS."""


def must_have_lines(routes: Iterable[BaseRoute], access: Mapping[str, Rule] = ACCESS) -> None:
    """Raises NoRule with the missing line."""
    missing = [line for route in routes for line in lines_of(route) if line not in access]
    if missing:
        raise NoRule(f"services/api/access.py has no line for {', '.join(missing)}")


def lines_of(route: BaseRoute) -> list[str]:
    """How a route is named in ACCESS, once for each verb. Whatever is mounted as a whole has the verb MOUNT."""
    verbs = (getattr(route, "methods", None) or {"MOUNT"}) - {"HEAD", "OPTIONS"}
    return [f"{verb} {getattr(route, 'path', '')}" for verb in sorted(verbs)]


def verbs_at(path: str) -> list[str]:
    """What may be asked of a path, whoever asks. A path that is named as it stands is no id of another's."""
    named = {verb for verb, template, _ in _TEMPLATES if template == path}
    return sorted(named or {verb for verb, _, fits in _TEMPLATES if fits.match(path)})


def permitted(asked: Asked) -> None:
    """The one place where a role is checked. Raises NotAllowed, CaseNotFound or Problematic."""
    rules: Mapping[str, Rule] = asked["app"].state.access
    route = asked["route"].path
    verb = "GET" if asked["method"] == "HEAD" else asked["method"]  # as `lines_of` names them
    rule = rules.get(f"{verb} {route}")
    if rule is not None and rule.open:
        return
    actor: Actor | None = asked["state"].get("actor")
    if actor is None:
        raise Problematic("unauthenticated")
    if rule is None or actor.role not in rule.roles:
        refused("role", who=actor.name, route=route)
        raise NotAllowed(role=actor.role)
    if actor.case is not None and rule.scope is not Scope.OWN and not rule.invited:
        _must_be_invited_to(actor, asked["path_params"])


def _must_be_invited_to(actor: Actor, named: Mapping[str, str]) -> None:
    """An invitation opens one case: what is about it, and nothing else that the responder may ask."""
    if "case_id" not in named:
        raise NotAllowed(role=actor.role)
    if named["case_id"].lower() != str(actor.case):
        raise CaseNotFound()
