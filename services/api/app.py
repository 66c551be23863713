"""The HTTP door of the loop: the app, and the process that serves it. Rules are in the handlers, statuses in `problems`."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.api.edge import Edge
from services.api.events import Broadcaster
from services.api.identity import BASIC, BEARER, Door, Identities
from services.api.problems import Problematic, answer, problem_of
from services.api.rates import Rates
from services.api.reads import Reads
from services.api.routes import (
    acknowledgements,
    attempts,
    audit,
    case_reviews,
    cases,
    changes,
    co_assignments,
    conclusions,
    dead_letters,
    declines,
    escalations,
    evidence,
    figures,
    follow_ups,
    handovers,
    leads,
    notes,
    notices,
    pages,
    policies,
    positions,
    protective_holds,
    registry,
    reviews,
    rota,
    rota_changes,
    rota_rules,
    status,
    stop_orders,
    stop_payments,
    streams,
    subjects,
    tips,
    transfers,
    units,
    warnings,
    withdrawals,
)
from services.broker.producer import Sender
from services.domain.contents import Unkept
from services.domain.policy_fault import BadPolicy
from services.domain.refusals import Refused
from services.handlers.evidence import sweep
from services.health import Pulse, served
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

DATA_ROUTES: Final = (
    cases,
    subjects,
    leads,
    acknowledgements,
    attempts,
    conclusions,
    stop_payments,
    stop_orders,
    protective_holds,
    evidence,
    notes,
    reviews,
    escalations,
    notices,
    co_assignments,
    transfers,
    declines,
    figures,
    changes,
    follow_ups,
    case_reviews,
    registry,
    rota,
    rota_changes,
    rota_rules,
    handovers,
    status,
    units,
    policies,
    dead_letters,
    warnings,
    withdrawals,
    tips,
    audit,
    streams,
)
DEVICE_ROUTES: Final = (positions,)
LOOK_S: Final = 2.0
SWEEP_EVERY: Final = timedelta(hours=1)


def make_app(parts: Parts, broadcaster: Broadcaster | None = None, sender: Sender | None = None) -> FastAPI:
    """The app on `parts`. Without a broadcaster that somebody runs, /events only says that it is alive; without a
    sender no position is taken.

    /metrics is not here but on each process's own listener, which is not public.
    """
    app = FastAPI(
        title="Quanzu 劝阻",
        version="1.0.0",
        summary="Fraud warnings to the right responder, and back, inside one hour.",
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # its logs would quote what was sent
    )
    app.state.parts = parts
    app.state.identities = Identities(parts.store, parts.clock.now)
    app.state.broadcaster = broadcaster or Broadcaster()
    app.state.sender = sender
    app.state.rates = Rates()
    app.state.evidence_turns = evidence.Turns(evidence.MOST_AT_ONCE)
    app.add_middleware(Door, identities=app.state.identities)
    app.state.reads = Reads(parts.store, parts.clock.now)
    # the last one added is the outermost
    app.add_middleware(Edge, reads=app.state.reads, evidence_bytes=parts.settings.evidence_bytes)
    for kind in (Refused, Problematic, Unkept, BadPolicy, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _problem)
    for module in DATA_ROUTES:
        app.include_router(module.router, dependencies=[BEARER])
    for module in DEVICE_ROUTES:
        app.include_router(module.router, dependencies=[BEARER, BASIC])
    app.include_router(tips.open_router)
    app.include_router(pages.router)
    app.router.routes.extend(route for route in parts.health.routes() if route.path != "/metrics")
    return app


async def _problem(request: Request, error: Exception) -> Response:
    return answer(problem_of(error), request.scope)


async def run(parts: Parts, *, on_port: Callable[[int], None] | None = None) -> None:
    """Serve until `parts.stop`; `on_port` hears the port, which may be another than the settings'.

    Open streams end at once then; a request under way has three seconds.
    """
    broadcaster = Broadcaster()
    sender = Sender(parts.broker, name="api")
    app = make_app(parts, broadcaster, sender)
    connecting = asyncio.create_task(sender.start())  # positions wait for nobody, and nobody waits for this
    following = asyncio.create_task(broadcaster.follow(parts.broker))
    watching = asyncio.create_task(_watch_database(parts))
    noting = asyncio.create_task(app.state.reads.keep())
    sweeping = asyncio.create_task(_sweep_evidence(parts))
    stopping = asyncio.create_task(parts.stop.wait())
    try:
        async with served(app, host=parts.settings.api_host, port=parts.settings.api_port) as port:
            log.info("api.serves", action="api.serves", host=parts.settings.api_host, port=port)
            if on_port is not None:
                on_port(port)
            done, _ = await asyncio.wait({following, watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
            broadcaster.close()
        for task in done - {stopping}:
            task.result()  # these two never end by themselves: what ended one is a bug, and the process ends with it
    finally:
        tasks = {connecting, following, watching, noting, sweeping, stopping}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await app.state.reads.stop()
        await sender.stop()


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
