"""How often one asker may ask anything at all: an allowance for each asker and kind of request, which fills by and by.

Asked before a route is looked for and a body read, in this process alone. By hand: the library that keeps the rates of
`rates` walks through every asker's window at each hit, 470 µs a request with a thousand askers against 1 µs here.
"""

import math
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from starlette.types import Scope

from services.api import metrics
from services.api.access import ACCESS, OPEN, OPEN_BELOW
from services.api.credentials import SAFE_METHODS
from services.api.problems import Problem
from services.domain.actor import Actor
from services.settings import Settings

MINUTE_S: Final = 60.0
SLACK_S: Final = 1e-6  # of adding up
MOST_KEPT: Final = 50_000
PROBES: Final = frozenset({"/livez", "/readyz"})  # who looks after the process must always hear how it is


class Pace(StrEnum):
    """Apart from each other: who reads too much may still act."""

    READ = "read"
    CHANGE = "change"
    INTAKE = "intake"  # warnings of a source: above its quota they wait, long before they are refused here
    OPEN = "open"  # by address: nobody says who asks, or says so wrongly


INTAKE: Final = frozenset(
    line for line, rule in ACCESS.items() if line.startswith("POST /warnings") and not rule.open
)  # no path of these has a name in it


class Allowance:
    """Requests of one kind: a minute's worth at once, and then as many as come back by and by."""

    def __init__(self, pace: Pace, per_min: int) -> None:
        self._one_s = MINUTE_S / per_min if per_min else 0.0
        self._full_at: dict[str, float] = {}  # by asker: when the allowance is whole again
        self._refused = metrics.TOO_MANY.labels(pace.value)

    def spend(self, name: str, now: float) -> Problem | None:
        """Take one, or say when there is one again; without a bound there always is."""
        full_at = max(self._full_at.get(name, 0.0), now) + self._one_s
        if full_at - now > MINUTE_S + SLACK_S:
            self._refused.inc()
            return Problem(code="too-many", headers={"retry-after": str(math.ceil(full_at - now - MINUTE_S))})
        if self._one_s:
            self._full_at[name] = full_at
            if len(self._full_at) > MOST_KEPT:
                self._forget(now)
        return None

    def _forget(self, now: float) -> None:
        """Whoever has a whole allowance; where nearly nobody has, all begin anew rather than be gone through each time."""
        kept = {name: at for name, at in self._full_at.items() if at > now}
        self._full_at = kept if len(kept) < MOST_KEPT // 2 else {}


class Paces:
    """The allowances of everybody. Nothing here waits."""

    def __init__(self, settings: Settings, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        per_min = {
            Pace.READ: settings.reads_per_min,
            Pace.CHANGE: settings.changes_per_min,
            Pace.INTAKE: settings.intake_per_min,
            Pace.OPEN: settings.open_per_min,
        }
        self._of = {pace: Allowance(pace, bound) for pace, bound in per_min.items()}

    def of_asker(self, scope: Scope, actor: Actor) -> Problem | None:
        """What to answer somebody who asks too often; None: let them in."""
        return self._of[kind_of(scope)].spend(actor.name, self._seconds())

    def of_address(self, scope: Scope) -> Problem | None:
        """The same for somebody who has no name here."""
        if scope["path"] in PROBES:
            return None
        client = scope.get("client")
        return self._of[Pace.OPEN].spend(_household(str(client[0])) if client else "", self._seconds())


def kind_of(scope: Scope) -> Pace:
    """What somebody with a name asks."""
    if scope["method"] in SAFE_METHODS:
        return Pace.READ
    return Pace.INTAKE if f"{scope['method']} {scope['path']}" in INTAKE else Pace.CHANGE


def _household(address: str) -> str:
    """An address, of the sixth version the half that one customer gets: the other half is theirs to change."""
    return ":".join(address.split(":", 4)[:4]) if ":" in address else address


def is_open(path: str) -> bool:
    """Whether a path needs no identity."""
    return path in OPEN or path.startswith(OPEN_BELOW)
