"""The real app on one seeded database, as schemathesis asks it: each question by the next role, in turn.

The centre is made by the app's own start-up, in the very loop in which it is then asked.
"""

import shutil
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
import schemathesis
from access_world import ASKERS, lived_in
from centre import Centre, build
from schemathesis import engine
from schemathesis.checks import run_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.engine import events
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection

from services.store.engine import Store
from tests.hasty import hasty

NUMBERS: Final = frozenset({"follow_up", "review", "hold", "handover"})
BESIDE_AN_ID: Final = "^/(warnings|policies)/[a-z-]+$"
STREAM: Final = "/events"  # it does not end; one role at a time is enough
# Refusals that no schema can foretell: what is asked is well said, and may not be now.
REFUSALS: Final = ("2xx", "3xx", "401", "403", "404", "409", "410", "412", "422", "428", "429", "503", "507")
# Faults that no schema can tell: of fields that do not fit one another, of a day that is in no calendar, of a cursor;
# and of 1.0, which JSON Schema takes for an integer where we do not.
ACROSS: Final = frozenset(
    (
        "answer_incomplete",
        "cursor",
        "datetime_before_1970",
        "datetime_range",
        "day_or_hour",
        "int_type",
        "one_of_two",
        "period",
        "search_unclear",
        "subject_unidentified",
        "unknown_field",
    )
)


@dataclass(slots=True)
class FuzzedDoor:
    """An ASGI app; `ids` names what is there, so that not every question misses, `asked` counts answers by role."""

    template: Path
    file: Path
    centre: Centre | None = None
    ids: dict[str, list[Any]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    last: str = ""
    client: asgi.ASGIClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = asgi.get_client(self, max_stream_events=1)

    def ask_again(self, question: Any, name: str) -> Response:
        """The very same bytes, by another role."""
        assert self.centre is not None
        again = question.copy()
        again.headers["Authorization"] = f"Bearer {self.centre.secrets[name]}"
        return Response.from_any(self.client.send(again, timeout=20, allow_redirects=False))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        assert self.centre is not None
        await self.centre.app(scope, receive, send)
        actor = scope["state"].get("actor")
        self.last = "" if actor is None else actor.name
        if actor is not None:
            self.asked[actor.name] += 1

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self.centre = await build(
            hasty(Store(f"sqlite:///{shutil.copy(self.template, self.file)}", name="fuzzed")),
            lambda app: httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c"),
        )
        for one in (await lived_in(self.centre)).values():
            for name, value in one.items():
                self.ids.setdefault(name, []).append(int(value) if name in NUMBERS else value)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.centre.client.aclose()
        await self.centre.store.close()
        await send({"type": "lifespan.shutdown.complete"})


@schemathesis.check
def well_said_is_understood(_context: Any, response: Any, case: Any) -> None:
    """What the document allows may be refused, but never as something that can't be read."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 422:
        return
    problem = response.json()
    faults = {fault["error"] for fault in problem.get("errors", [])}
    if problem["type"] == "/problems/key-missing" or (problem["type"] == "/problems/invalid" and not faults & ACROSS):
        raise AssertionError(f"well said, and yet {problem['type']} {problem.get('errors')}")


@schemathesis.check
def good_for_every_role(context: Any, response: Any, case: Any) -> None:
    """The same question by everybody else: making one costs ten times what asking it does."""
    door: FuzzedDoor = case.operation.app
    assert door.centre is not None
    if case.operation.path == STREAM:
        return
    left_out = [good_for_every_role, ignored_auth]
    if case.meta is not None and case.meta.is_negative_at(ParameterLocation.HEADER):
        left_out.append(negative_data_rejection)  # the wrong header may be the one that is put right here
    checks = [check for check in context.internals.checks if check not in left_out]
    for name in sorted(set(ASKERS) - {door.last}):
        answer = door.ask_again(response.request, name)
        if found := run_checks(case=case, response=answer, ctx=context, checks=checks, on_failure=_keep):
            raise FailureGroup(list(found))


def _keep(_check: str, found: set[Failure], failure: Failure) -> None:
    found.add(failure)


def examine(door: FuzzedDoor, *, examples: int, phases: set[str], by_all: bool = True, seed: int = 0) -> dict[str, str]:
    """Ask every operation in these phases; what was found, one request for each.

    Each question is asked by every role, or in turn by the next one. Another `seed` makes other questions.
    """
    with asgi.get_client(door):
        pass
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NO_PROXY", asgi.HOST)  # to look for a proxy at each question costs as much as to ask it
        return _examined(door, examples, phases, by_all=by_all, seed=seed)


def _examined(door: FuzzedDoor, examples: int, phases: set[str], *, by_all: bool, seed: int) -> dict[str, str]:
    config = schemathesis.Config.from_dict(
        {
            "dictionaries": {name: {"values": values} for name, values in door.ids.items()},
            "parameters": {f"path.{name}": {"dictionary": name, "probability": 0.7} for name in door.ids},
            "checks": {
                "good_for_every_role": {"enabled": by_all},
                "positive_data_acceptance": {"expected-statuses": REFUSALS},
                "negative_data_rejection": {"expected-statuses": ["4xx", "503"]},
                "missing_required_header": {"expected-statuses": ["401", "403", "422", "428"]},
            },
            # A name below /warnings or /policies that is no id is a wrong id for the route that asks for one.
            "operations": [{"include-path-regex": BESIDE_AN_ID, "checks": {"unsupported_method": {"enabled": False}}}],
            "phases": {name: {"enabled": name in phases} for name in ("examples", "coverage", "fuzzing", "stateful")},
            "generation": {"max-examples": examples, "no-shrink": True, "deterministic": seed == 0},
            "seed": seed,
            "analysis": {"constants": {"enabled": False}},  # those of this module say nothing of the app
            "continue-on-failure": True,
            "max-stream-events": 1,
            "request-timeout": 20,
        }
    )
    schema = schemathesis.openapi.from_asgi("/openapi.json", door, config=config)
    schema.auth(refresh_interval=None)(_in_turn(door))
    found: dict[str, str] = {}
    for event in engine.from_schema(schema).execute():
        if isinstance(event, events.FatalError | events.NonFatalError):
            found[f"the run itself: {event}"] = ""
        elif isinstance(event, events.ScenarioFinished):
            found |= _failures(event)
    return found


def _in_turn(door: FuzzedDoor) -> type:
    """Each question by the next role."""
    assert door.centre is not None
    secrets = cycle([door.centre.secrets[name] for name in ASKERS])

    class InTurn:
        def get(self, _case: Any, _context: Any) -> str:
            return next(secrets)

        def set(self, case: Any, secret: str, _context: Any) -> None:
            case.headers["Authorization"] = f"Bearer {secret}"

    return InTurn


def _failures(event: events.ScenarioFinished) -> dict[str, str]:
    return {
        f"{event.recorder.cases[case].value.operation.label}: {node.name}: {_in_short(node.failure_info.failure)}": (
            node.failure_info.code_sample
        )
        for case, nodes in event.recorder.checks.items()
        for node in nodes
        if node.failure_info is not None
    }


def _in_short(failure: Failure) -> str:
    return " ".join(failure.message.split())[:300]
