"""Who asks: a token, a provider's access token or a session's cookie becomes an Actor before anything else happens.

Decides no case and no role. No route of data is open: whatever has no open line in `access` needs an identity, a route
nobody thought of as well. Sessions, links, people and devices are looked up at every request, so who is cut off is out
at once; a machine's token is kept for 5 seconds, or until somebody is cut off. Devices may give theirs as the password
of HTTP Basic, because OwnTracks can't send another header.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.bearer import AccessTokens
from services.api.credentials import BASIC_BELOW, SAFE_METHODS, Credential, Kind, comes_from_here, credential_of
from services.api.pace import Pace, Paces, is_open, kind_of
from services.api.problems import Problem, Problematic, answer
from services.api.turns import Turns, takes_long
from services.domain.actor import Actor
from services.domain.words import Role
from services.handlers.entry_facts import refused
from services.settings import Settings, Way
from services.store import people, sessions, sources, tokens
from services.store.engine import Store
from services.store.sessions import Limits

WAYS_IN: Final = ("/login", "/enter/")
KEPT_FOR: Final = timedelta(seconds=5)
MOST_KEPT: Final = 10_000
BOTH_SCHEMES: Final = {"www-authenticate": 'Bearer realm="quanzu", Basic realm="quanzu"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, and by which session, if by one."""

    actor: Actor
    session: int | None = None


class Identities:
    """Who stands behind a credential. It asks the database as the installation, not as whom it lets in."""

    def __init__(
        self, store: Store, now: Callable[[], datetime], settings: Settings, machines: AccessTokens | None = None
    ) -> None:
        self.store = store
        self.now = now
        self.limits = Limits(
            idle=timedelta(minutes=settings.session_idle_min), longest=timedelta(hours=settings.session_max_h)
        )
        self._by_token = Way.TOKENS in settings.ways_in
        self._machines = machines
        self._kept: dict[bytes, tuple[Actor, datetime]] = {}

    async def asker(self, given: Credential) -> Asker | None:
        """Who comes with this, or None. Raises Problematic, and what the database raises when it is away."""
        if given.kind is Kind.COOKIE:
            return await self._by_cookie(given.secret)
        actor = await (self._by_access_token(given.secret) if given.kind is Kind.JWT else self._by_secret(given.secret))
        if actor is None or (given.kind is Kind.BASIC and actor.role is not Role.DEVICE):
            return None
        return Asker(actor=actor)

    def forget(self) -> None:
        """Somebody was cut off, here or by another process: ask again for everybody."""
        self._kept.clear()

    async def _by_secret(self, secret: str) -> Actor | None:
        """Only good answers are kept, and none of a device: a lost phone is shut out now, whatever that costs."""
        digest = tokens.digest(secret)
        kept = self._kept.get(digest)
        if kept is not None and self.now() < kept[1]:
            return kept[0]
        async with self.store.read() as conn:
            actor = await tokens.actor_for(conn, secret)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        if actor is not None and actor.role is not Role.DEVICE and not self._by_token:
            actor = None
        if actor is None or actor.role is Role.DEVICE:
            self._kept.pop(digest, None)
        else:
            self._kept[digest] = (actor, self.now() + KEPT_FOR)
        return actor

    async def _by_access_token(self, token: str) -> Actor | None:
        machine = None if self._machines is None else await self._machines.machine(token, now=self.now())
        if machine is None:
            return None
        async with self.store.read() as conn:
            found = await people.by_login(conn, machine.login)
            if found is None or found.role is not Role.INTEGRATOR or machine.source is None:
                return None if found is None else found.actor
            known = await sources.find(conn, machine.source)
        return None if known is None else replace(found.actor, source=known.code)

    async def _by_cookie(self, secret: str) -> Asker | None:
        async with self.store.read() as conn:
            found = await sessions.find(conn, secret, now=self.now(), limits=self.limits)
        if found is None:
            return None
        if found.stale:
            async with self.store.begin() as tx:
                await sessions.seen(tx, found.id)
        return Asker(actor=found.actor, session=found.id)


class Door:
    """Lets nobody in without an identity, or too often, before a route is looked for or a body read."""

    def __init__(self, app: ASGIApp, *, identities: Identities, paces: Paces, settings: Settings) -> None:
        self.app = app
        self.identities = identities
        self.paces = paces
        self.settings = settings
        self._turns = Turns(settings.at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        problem = await self._refused(scope)
        actor: Actor | None = scope["state"].get("actor")
        if problem is not None:
            await answer(problem, scope)(scope, receive, send)
        elif actor is None or takes_long(scope["path"]):
            await self.app(scope, receive, send)
        else:
            kind = kind_of(scope)
            name = (
                actor.as_source if kind is Pace.INTAKE else actor.name
            )  # a source is one asker, whichever key it brings
            await self._turns.pass_on(f"{kind.value} {name}", self.app, scope, receive, send)

    async def _refused(self, scope: Scope) -> Problem | None:
        given = credential_of(scope, self.settings)
        by_cookie = given is not None and given.kind is Kind.COOKIE
        # What a browser adds by itself proves no intention; a form of another site may bring it along.
        acts = scope["method"] not in SAFE_METHODS and (by_cookie or scope["path"].startswith(WAYS_IN))
        if acts and not comes_from_here(scope, self.settings, or_says_nothing=not by_cookie):
            refused("cross-site")
            return Problem(code="cross-site")
        if is_open(scope["path"]):
            return self.paces.of_address(scope)
        asker = None if given is None else await self.identities.asker(given)
        if asker is None:
            if given is not None:
                refused(given.kind.value)
            schemes = BOTH_SCHEMES if scope["path"].startswith(BASIC_BELOW) else {}
            return self.paces.of_address(scope) or Problem(code="unauthenticated", headers=schemes)
        scope["state"]["actor"] = asker.actor
        scope["state"]["session"] = asker.session
        return self.paces.of_asker(scope, asker.actor)


async def asking(request: Request) -> Actor:
    """Whom the request comes from. Whether they may was decided before, by `access`."""
    actor: Actor | None = getattr(request.state, "actor", None)
    if actor is None:
        raise Problematic("unauthenticated")
    return actor


# Named for the reader of a route; which roles these are is said in `access` and checked there.
Anyone = Annotated[Actor, Depends(asking)]
Reporter = Anyone
StatusTeller = Anyone
CaseReader = Anyone
Overseer = Anyone
Registrar = Anyone
Operator = Anyone
Administrator = Anyone
Submitter = Anyone
AuditReader = Anyone
