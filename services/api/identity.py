"""Who asks: `Authorization: Bearer qz_…` becomes an Actor before anything else happens. Decides no case.

No route of data is open: whatever is not in OPEN needs a token, a route nobody thought of as well. A revoked token is
refused within 5 seconds, an open stream under it ends within 5 more; a device's is refused at once. Devices may give
theirs as the password of HTTP Basic, because OwnTracks can't send another header.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBasic, HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.problems import Problem, Problematic, answer
from services.domain.actor import CENTRE_ROLES, Actor
from services.domain.refusals import NotAllowed
from services.domain.words import Role
from services.store import tokens
from services.store.engine import Store

# Health without reasons of persons, the texts of problems, and descriptions of the interface: no data.
OPEN: Final = frozenset({"/livez", "/readyz", "/openapi.json", "/asyncapi.json", "/docs", "/public/tips"})
OPEN_BELOW: Final = "/problems/"
BASIC_BELOW: Final = "/positions/"  # nowhere else: what a browser has kept would come by itself
KEPT_FOR: Final = timedelta(seconds=5)
MOST_KEPT: Final = 10_000
BOTH_SCHEMES: Final = {"www-authenticate": 'Bearer realm="quanzu", Basic realm="quanzu"'}

CASE_READERS: Final = CENTRE_ROLES | {Role.DESK, Role.RESPONDER}
OVERSEERS: Final = CENTRE_ROLES | {Role.DESK}
REGISTRARS: Final = frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR})
OPERATORS: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR})
SUBMITTERS: Final = OPERATORS | {Role.DESK, Role.INTEGRATOR}
AUDITORS: Final = frozenset({Role.AUDITOR, Role.SUPERVISOR})


class Identities:
    """Tokens and who they stand for; only good answers are kept, for 5 seconds, and none of a device."""

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
        if actor is None or actor.role is Role.DEVICE:  # a lost phone is shut out now, whatever that costs
            self._kept.pop(digest, None)
        else:
            self._kept[digest] = (actor, self._now() + KEPT_FOR)
        return actor


def secret_of(scope: Scope) -> str | None:
    """The token of a request, or None where there is nothing like one."""
    scheme, _, secret = _given(scope)
    if scheme == "basic" and scope["path"].startswith(BASIC_BELOW):
        secret = _password(secret)
    elif scheme != "bearer":
        return None
    return secret if secret.startswith(tokens.PREFIX) and len(secret) <= 200 else None


def _given(scope: Scope) -> tuple[str, str, str]:
    scheme, space, given = Headers(scope=scope).get("authorization", "").partition(" ")
    return scheme.lower(), space, given


def _password(credentials: str) -> str:
    """What follows the first colon; the name before it is whatever the app was told. Empty where it can't be read."""
    try:
        return base64.b64decode(credentials[:1000], validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


class Door:
    """Lets nobody in without a token, before a route is looked for or a body read."""

    def __init__(self, app: ASGIApp, *, identities: Identities) -> None:
        self.app = app
        self.identities = identities

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in OPEN and not scope["path"].startswith(OPEN_BELOW):
            secret = secret_of(scope)
            actor = None if secret is None else await self.identities.actor(secret)
            if actor is None or (actor.role is not Role.DEVICE and _given(scope)[0] == "basic"):
                schemes = BOTH_SCHEMES if scope["path"].startswith(BASIC_BELOW) else {}
                await answer(Problem(code="unauthenticated", headers=schemes), scope)(scope, receive, send)
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
BASIC = Security(HTTPBasic(auto_error=False, description="Any name; the password is a device's token."))
Anyone = Annotated[Actor, Depends(_one_of(frozenset(Role) - {Role.DEVICE}))]  # a device is nobody
Reporter = Annotated[Actor, Depends(_one_of(frozenset({Role.DEVICE, Role.RESPONDER})))]
StatusTeller = Annotated[Actor, Depends(_one_of(frozenset({Role.DEVICE, Role.RESPONDER, Role.DESK})))]
CaseReader = Annotated[Actor, Depends(_one_of(CASE_READERS))]
Overseer = Annotated[Actor, Depends(_one_of(OVERSEERS))]
Registrar = Annotated[Actor, Depends(_one_of(REGISTRARS))]
Operator = Annotated[Actor, Depends(_one_of(OPERATORS))]
Submitter = Annotated[Actor, Depends(_one_of(SUBMITTERS))]
AuditReader = Annotated[Actor, Depends(_one_of(AUDITORS))]
