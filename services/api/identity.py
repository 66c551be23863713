"""Who asks: `Authorization: Bearer qz_…` becomes an Actor before anything else happens. Decides no case.

No route of data is open: whatever is not in OPEN needs a token, a route nobody thought of as well. A revoked token is
refused within 5 seconds, an open stream under it ends within 5 more.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.problems import Problem, Problematic, answer
from services.domain.actor import CENTRE_ROLES, Actor
from services.domain.refusals import NotAllowed
from services.domain.words import Role
from services.store import tokens
from services.store.engine import Store

# Health without reasons of persons, the texts of problems, and descriptions of the interface: no data.
OPEN: Final = frozenset({"/livez", "/readyz", "/openapi.json", "/asyncapi.json", "/docs"})
OPEN_BELOW: Final = "/problems/"
KEPT_FOR: Final = timedelta(seconds=5)
MOST_KEPT: Final = 10_000

CASE_READERS: Final = CENTRE_ROLES | {Role.DESK, Role.RESPONDER}
OVERSEERS: Final = CENTRE_ROLES | {Role.DESK}
REGISTRARS: Final = frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR})
OPERATORS: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR})


class Identities:
    """Tokens and who they stand for; only good answers are kept, and only for 5 seconds."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._kept: dict[bytes, tuple[Actor, datetime]] = {}

    async def actor(self, secret: str) -> Actor | None:
        """Who comes with this secret, or None. Raises what the database raises when it is away."""
        digest = tokens.digest(secret)
        kept = self._kept.get(digest)
        if kept is not None and self._now() < kept[1]:
            return kept[0]
        async with self._store.read() as conn:
            actor = await tokens.actor_for(conn, secret)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        if actor is None:
            self._kept.pop(digest, None)
        else:
            self._kept[digest] = (actor, self._now() + KEPT_FOR)
        return actor


def secret_of(scope: Scope) -> str | None:
    """The token of a request, or None where there is nothing like one."""
    scheme, _, secret = Headers(scope=scope).get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.startswith(tokens.PREFIX) or len(secret) > 200:
        return None
    return secret


class Door:
    """Lets nobody in without a token, before a route is looked for or a body read."""

    def __init__(self, app: ASGIApp, *, identities: Identities) -> None:
        self.app = app
        self.identities = identities

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in OPEN and not scope["path"].startswith(OPEN_BELOW):
            secret = secret_of(scope)
            actor = None if secret is None else await self.identities.actor(secret)
            if actor is None:
                await answer(Problem(code="unauthenticated"), scope)(scope, receive, send)
                return
            scope["state"]["actor"] = actor
        await self.app(scope, receive, send)


def _actor(request: Request) -> Actor:
    actor: Actor | None = getattr(request.state, "actor", None)
    if actor is None:
        raise Problematic("unauthenticated")
    return actor


def _one_of(roles: frozenset[Role]) -> Callable[[Request], Awaitable[Actor]]:
    async def guard(request: Request) -> Actor:
        actor = _actor(request)
        if actor.role not in roles:
            raise NotAllowed(role=actor.role)
        return actor

    return guard


BEARER = Security(HTTPBearer(auto_error=False, description="A token made by `quanzu token make`."))
Anyone = Annotated[Actor, Depends(_one_of(frozenset(Role)))]
CaseReader = Annotated[Actor, Depends(_one_of(CASE_READERS))]
Overseer = Annotated[Actor, Depends(_one_of(OVERSEERS))]
Registrar = Annotated[Actor, Depends(_one_of(REGISTRARS))]
Operator = Annotated[Actor, Depends(_one_of(OPERATORS))]
