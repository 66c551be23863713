"""The HTTP door of the loop: the app, and the process that serves it. Rules are in the handlers, statuses in `problems`."""

import asyncio
import resource
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import httpx2
import structlog
from fastapi import APIRouter, FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.types import ASGIApp

from services.api.access import ACCESS, Rule, must_have_lines
from services.api.bearer import AccessTokens
from services.api.document import Described, named_once
from services.api.edge import Edge
from services.api.events import Broadcaster
from services.api.every_route import ROUTES, bare
from services.api.feeding import Feed
from services.api.finding import Finding
from services.api.identity import Door, Identities
from services.api.oidc import Logins
from services.api.pace import Paces
from services.api.provider import Provider
from services.api.rates import Rates
from services.api.reading import Reading
from services.api.reads import Reads
from services.api.routes import console, evidence, pages
from services.broker.producer import Sender
from services.domain.contents import Unkept
from services.handlers.evidence import sweep
from services.handlers.passwords import Passwords
from services.health import Pulse, served
from services.outgoing import OWN, Guarded
from services.settings import Way
from services.store.signals import Signal
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

LOOK_S: Final = 2.0
SWEEP_EVERY: Final = timedelta(hours=1)
NO_WALL: Final = (
    "the database has no role quanzu_api: as its administrator run CREATE ROLE quanzu_api NOLOGIN and"
    " GRANT quanzu_api TO the user of QUANZU_DATABASE, then `quanzu db upgrade`"
)


class Layered(Described):
    """A FastAPI with our own layers alone."""

    def build_middleware_stack(self) -> ASGIApp:
        """FastAPI's would catch, bound and tell once more what `Edge` does, and try the routes that `Finding` knows."""
        app: ASGIApp = AsyncExitStackMiddleware(Finding(self.router))  # whose stack closes what was uploaded
        for kind, given, named in reversed(self.user_middleware):
            app = kind(app, *given, **named)
        return app


def make_app(
    parts: Parts,
    broadcaster: Broadcaster | None = None,
    sender: Sender | None = None,
    *,
    access: Mapping[str, Rule] = ACCESS,
    outside: httpx2.AsyncClient | None = None,
    routes: APIRouter | None = None,
) -> FastAPI:
    """The app on `parts`, with all routes. Without a broadcaster that somebody runs, /events only says that it is alive;
    without a sender no position is taken; without `outside` no identity provider is reached. Raises NoRule.

    /metrics is not here but on each process's own listener, which is not public; nor, in production, what routes there are.
    """
    app = Layered(
        title="Quanzu 劝阻",
        version="1.0.0",
        summary="Fraud warnings to the right responder, and back, inside one hour.",
        docs_url=None,
        openapi_url=None,
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        generate_unique_id_function=named_once,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # its logs would quote what was sent
    )
    app.state.parts = parts
    app.state.access = access
    app.state.feed = Feed(broadcaster or Broadcaster())
    app.state.sender = sender
    app.state.rates = Rates()
    app.state.evidence_coming_in = evidence.ComingIn(evidence.MOST_AT_ONCE)
    app.state.reads = Reads(parts.store, parts.clock.now)
    _let_in(app, parts, outside)
    app.add_middleware(Reading)
    app.state.paces = Paces(parts.settings)
    app.add_middleware(Door, identities=app.state.identities, paces=app.state.paces, settings=parts.settings)
    # the last one added is the outermost
    settings = parts.settings
    app.add_middleware(Edge, reads=app.state.reads, evidence_bytes=settings.evidence_bytes, by_https=settings.by_https)
    plain = [route for route in parts.health.routes() if route.path != "/metrics"]
    if parts.settings.tells_publicly:
        plain += pages.descriptions(app)
    must_have_lines((*bare(), *plain), access)
    app.router.routes.extend((routes or ROUTES).routes)
    app.include_router(console.pages_of(console.BUILT))
    app.router.routes.extend(plain)
    return app


def _let_in(app: FastAPI, parts: Parts, outside: httpx2.AsyncClient | None) -> None:
    """Who may come in, by which of the ways that the settings name."""
    settings = parts.settings
    provider = None
    if Way.OIDC in settings.ways_in and outside is not None:
        provider = Provider(settings.oidc_issuer, outside)
    machines = AccessTokens(provider, settings) if provider is not None and settings.jwt_audience else None
    app.state.identities = Identities(parts.store, parts.clock.now, settings, machines)
    app.state.logins = None if provider is None else Logins(provider, settings)
    app.state.passwords = Passwords()


async def run(parts: Parts, *, on_port: Callable[[int], None] | None = None) -> None:
    """Serve until `parts.stop`; `on_port` hears the port, which may be another than the settings'.

    Open streams end at once then; a request under way has three seconds.
    """
    _take_all_files()
    await _walled(parts)
    broadcaster = Broadcaster()
    sender = Sender(parts.broker, name="api")
    # Nothing that the environment names comes between us and the provider.
    outside = httpx2.AsyncClient(trust_env=False, transport=Guarded(OWN))
    app = make_app(parts, broadcaster, sender, outside=outside)
    parts.health.tell(pages.descriptions(app))
    connecting = asyncio.create_task(sender.start())  # positions wait for nobody, and nobody waits for this
    following = asyncio.create_task(broadcaster.follow(parts.broker))
    watching = asyncio.create_task(_watch_database(parts))
    noting = asyncio.create_task(app.state.reads.keep())
    sweeping = asyncio.create_task(_sweep_evidence(parts))
    forgetting = asyncio.create_task(_forget_at_once(parts, app.state.identities))
    stopping = asyncio.create_task(parts.stop.wait())
    try:
        async with served(
            app, host=parts.settings.api_host, port=parts.settings.api_port, proxies=parts.settings.proxies
        ) as port:
            log.info("api.serves", action="api.serves", host=parts.settings.api_host, port=port)
            if on_port is not None:
                on_port(port)
            done, _ = await asyncio.wait(
                {following, watching, forgetting, stopping}, return_when=asyncio.FIRST_COMPLETED
            )
            broadcaster.close()
        for task in done - {stopping}:
            task.result()  # these never end by themselves: what ended one is a bug, and the process ends with it
    finally:
        tasks = {connecting, following, watching, noting, sweeping, forgetting, stopping}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await app.state.reads.stop()
        await sender.stop()
        await outside.aclose()


def _take_all_files() -> None:
    """Each stream is an open file, and what a process may have at first is often a thousand."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _walled(parts: Parts) -> None:
    """Wait until the database itself holds back what an asker may not see (`store.walls`); health says so meanwhile."""
    why: list[str | None] = [NO_WALL]
    parts.health.ready_when("rows", lambda: why[0])
    while not parts.stop.is_set():
        try:
            if await parts.store.has_wall():
                why[0] = None
                return
        except DATABASE_AWAY:
            pass
        log.warning("api.waits", action="api.waits", reason=NO_WALL)
        await asyncio.sleep(LOOK_S)


async def _forget_at_once(parts: Parts, identities: Identities) -> None:
    """Whoever is cut off anywhere is out here too; without a signal nothing is kept longer than five seconds."""
    while True:
        await parts.store.signals.wait(Signal.ENTRY, seconds=60)
        identities.forget()


async def _watch_database(parts: Parts) -> None:
    """Red while the database does not answer. The broker is no such reason: commands and questions work without it."""
    pulse = Pulse(parts.health, "api")
    while True:
        if await parts.store.answers():
            pulse.beat()
        else:
            pulse.missed("the database does not answer", away=True)
        await asyncio.sleep(LOOK_S)


async def _sweep_evidence(parts: Parts) -> None:
    """Once an hour, take away what was put and never named. Here, because the api is sure to reach where it lies."""
    while True:
        try:
            swept = await sweep(parts.store, parts.contents, now=parts.clock.now())
        except (Unkept, *DATABASE_AWAY) as away:
            log.info("evidence.not_swept", reason=type(away).__name__)
        else:
            if swept:
                log.warning("evidence.swept", action="evidence.swept", count=swept)
        await parts.clock.sleep_until(parts.clock.now() + SWEEP_EVERY)
