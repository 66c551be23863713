"""What a process waits for, and the small listener that tells it: /livez, /readyz, /metrics. Not on the public port.

The api lays its descriptions beside them.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import structlog
import uvicorn
from prometheus_client import REGISTRY, Gauge, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from services.lines import LineProtocol

log = structlog.get_logger(__name__)
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no type here

Check = Callable[[], str | None]

READY = Gauge("quanzu_ready", "1 while this process is ready for its work; what it waits for is on /readyz.")


class Health:
    """The checks of one process by name; each says why it is not well, or None. `alive` fails only to be restarted."""

    def __init__(self) -> None:
        self._ready: dict[str, Check] = {}
        self._alive: dict[str, Check] = {}
        self._told: list[BaseRoute] = []

    def ready_when(self, name: str, check: Check) -> None:
        self._ready[name] = check

    def alive_while(self, name: str, check: Check) -> None:
        """For a loop that can't mend itself: while `check` gives a reason, /livez is red and the process is replaced."""
        self._alive[name] = check

    def waits(self) -> dict[str, str]:
        """What is not ready, and why."""
        return {name: reason for name, check in self._ready.items() if (reason := check()) is not None}

    def dead(self) -> dict[str, str]:
        return {name: reason for name, check in self._alive.items() if (reason := check()) is not None}

    def faults(self) -> dict[str, str]:
        return self.waits() | self.dead()

    def tell(self, routes: Sequence[BaseRoute]) -> None:
        """More for the listener of this process, also where it listens already."""
        self._told.extend(routes)

    def listed(self) -> list[BaseRoute]:
        """Everything for the listener, which asks once: the list itself, so that what is told later is there at once."""
        self._told[:0] = self.routes()
        return self._told

    def routes(self) -> list[Route]:
        READY.set_function(lambda: float(not self.faults()))  # asked at each scrape: a hung loop can't keep it at 1
        return [
            Route("/livez", self._answer(self.dead)),
            Route("/readyz", self._answer(self.faults)),
            Route("/metrics", metrics),
        ]

    def _answer(self, faults: Callable[[], dict[str, str]]) -> Callable[[Request], JSONResponse]:
        def answer(_request: Request) -> JSONResponse:
            found = faults()
            return JSONResponse({"ok": not found, "waiting_for": found}, status_code=503 if found else 200)

        return answer


class Pulse:
    """How one loop gets on: ready while its last round worked; dead when it stands still although nobody is away."""

    def __init__(self, health: Health, name: str, *, dead_after_s: float = 30.0) -> None:
        self.reason: str | None = "the first round"
        self._name = name
        self._away = False
        self._beat_at = time.monotonic()
        self._dead_after_s = dead_after_s
        health.ready_when(name, lambda: self.reason)
        health.alive_while(name, self._stuck)

    def beat(self) -> None:
        """A round worked."""
        if self._away:
            log.warning("loop.goes_on", loop=self._name)
        self._beat_at, self._away, self.reason = time.monotonic(), False, None

    def missed(self, reason: str, *, away: bool) -> None:
        """A round did not work; `away`: because somebody else does not answer, which no restart of ours would mend."""
        if away and not self._away:
            log.warning("loop.waits", loop=self._name, reason=reason)
        self._away, self.reason = away, reason

    def _stuck(self) -> str | None:
        still = not self._away and time.monotonic() - self._beat_at > self._dead_after_s
        return f"no progress: {self.reason or 'it stands still'}" if still else None


def metrics(request: Request) -> Response:
    """All metrics of this process, in the format that the reader asks for."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(REGISTRY), headers={"content-type": content_type})


class QuietServer(uvicorn.Server):
    """A uvicorn server inside a process that handles its own signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def served(app: object, *, host: str, port: int, proxies: str = "") -> AsyncIterator[int]:
    """Serve an ASGI app as long as the block lasts; gives the port. A port in use: the next free one, and the log says so.

    `proxies` may say, in their headers, from which address and by which scheme somebody really asks; nobody else may.
    """
    server, listening = None, None
    for tried in [port, *range(port + 1, port + 20), 0] if port else [0]:
        try:
            listening = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, tried)
        except OSError:
            continue
        break
    if listening is None:
        raise OSError(f"no free port near {port} on {host}")
    socket = listening.sockets[0].dup()
    listening.close()
    bound: int = socket.getsockname()[1]
    if bound != port and port:
        log.warning("listener.moved", wanted=port, port=bound)
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]  # any ASGI callable
        http=LineProtocol,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=3,  # an open event stream would keep it for ever
        server_header=False,
        forwarded_allow_ips=proxies,
    )
    server = QuietServer(config)
    running = asyncio.create_task(server.serve(sockets=[socket]))
    try:
        while not server.started and not running.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield bound
    finally:
        server.should_exit = True
        await running
        socket.close()


def health_app(health: Health) -> Starlette:
    app = Starlette()
    app.router.routes = health.listed()
    return app
