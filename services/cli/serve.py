"""serve: the processes of an installation, some or all, in this one process. Knows nothing of what they do."""

import asyncio
import contextlib
import fcntl
import gc
import importlib
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import structlog
import typer
import uvloop

from services import log as logs
from services.broker.secured import address_of
from services.cli import running
from services.cli.running import Running
from services.cli.session import make_file, own_settings, sqlite_path, store_of
from services.cli.stopped import Stopped
from services.cli.words import say
from services.health import Health, health_app, served
from services.settings import Settings
from services.wiring import Parts, opened

log = structlog.get_logger(__name__)

PROCESSES: Mapping[str, str] = {
    "router": "services.router.loop",
    "timekeeper": "services.timekeeper.loop",
    "relay": "services.relay.loop",
    "api": "services.api.app",
}
GRACE_S = 10.0  # a process that waits for a broker or a database that is away is then cancelled

Run = Callable[[Parts], Awaitable[None]]


def serve(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[router timekeeper relay api]")] = None,
) -> None:
    chosen = chosen_of(names or [])
    settings = own_settings(ctx)
    must_fit(settings, chosen)
    logs.set_up(process="+".join(chosen) if len(chosen) < len(PROCESSES) else "all")
    with alone(settings):
        raise typer.Exit(uvloop.run(serve_all(settings, chosen)))


serve.__doc__ = f"{say('help.serve')}\n\n{say('example', command='quanzu serve · quanzu serve router relay')}"


def chosen_of(names: Sequence[str]) -> tuple[str, ...]:
    """The named processes in their own order, each once; none named means all. Raises Stopped."""
    unknown = [name for name in names if name not in PROCESSES]
    if unknown:
        raise Stopped(say("fault.no_process", name=unknown[0], known=" ".join(PROCESSES)), code=2)
    return tuple(name for name in PROCESSES if not names or name in names)


def must_fit(settings: Settings, chosen: Sequence[str]) -> None:
    """Refuse what can't work: processes apart on a file or on a broker inside one of them; keys that are no keys."""
    apart = len(chosen) < len(PROCESSES)
    if apart and sqlite_path(settings) is not None:
        raise Stopped(say("fault.sqlite_apart"), code=2)
    if apart and not settings.kafka:
        raise Stopped(say("fault.embedded_apart"), code=2)
    _ = settings.masters, settings.index  # raise BadSetting now, not after the database has answered
    if "api" in chosen:
        settings.must_let_in()
    settings.must_guard_database()
    address_of(settings)


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """On SQLite: no second process serves the same file. Raises Stopped."""
    path = sqlite_path(settings)
    if path is None:
        yield
        return
    make_file(settings)
    with path.with_name(path.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Stopped(say("fault.sqlite_taken", path=path), code=2) from None
        yield


@dataclass(slots=True)
class Ending:
    """What SIGTERM and Ctrl-C do: the first ends in good order, the second at once."""

    work: "asyncio.Task[int] | None"
    parts: Parts | None = None
    asked: bool = False

    def ask(self) -> None:
        if self.asked:
            os._exit(130)
        self.asked = True
        log.info("serve.ending")
        if self.parts is not None:
            self.parts.stop.set()
        elif self.work is not None:
            self.work.cancel()  # it still waits for the database


async def serve_all(settings: Settings, chosen: Sequence[str]) -> int:
    """Run until a signal (0) or until one of them ends by itself (1). Health is told before anything else answers."""
    ending = Ending(asyncio.current_task())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.ask)
    health = Health()
    try:
        async with served(health_app(health), host=settings.metrics_host, port=settings.metrics_port) as port:
            log.info("serve.started", processes=list(chosen), metrics_port=port)
            await _migrate_file(settings)
            async with opened(settings, name="-".join(chosen), health=health) as parts:
                ending.parts = parts
                with _told_where(parts):
                    return await together(parts, {name: _run_of(name) for name in chosen})
    except asyncio.CancelledError:
        if not ending.asked:
            raise
        return 0


async def _migrate_file(settings: Settings) -> None:
    """A file has one user, so nobody else would migrate it."""
    if sqlite_path(settings) is not None:
        from services.store import schema  # noqa: PLC0415 - Alembic is large: only who migrates carries it

        async with store_of(settings, newest=False) as store:
            await schema.upgrade(store)


def _told_where(parts: Parts) -> contextlib.AbstractContextManager[None]:
    """An embedded broker has a port of its own choice: say it where other commands look."""
    settings = parts.settings
    if settings.kafka:
        return contextlib.nullcontext()
    settings.var.mkdir(parents=True, exist_ok=True)
    log.info("broker.embedded", bootstrap=parts.broker.bootstrap, note="keeps nothing on disk")
    here = Running(kafka=parts.broker.bootstrap, pid=os.getpid(), database=settings.database)
    return running.written(settings.var, here)


def _run_of(name: str) -> Run:
    run: Run = importlib.import_module(PROCESSES[name]).run
    return run


def tuned() -> None:
    """Look for garbage seldom: what is here stays, and a batch's objects go by their reference counts alone.

    With the interpreter's own thresholds the collector takes 70 of the router's 250 µs a warning: it looks through
    every batch several times while it is made, and through all that stays every few batches.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


async def together(parts: Parts, runs: Mapping[str, Run]) -> int:
    """Run these until `parts.stop`; one that ends before that stops the others. 0, or 1 where one failed."""
    tuned()
    tasks = {asyncio.ensure_future(run(parts)): name for name, run in runs.items()}
    stopping = asyncio.create_task(parts.stop.wait())
    await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
    early = [tasks[task] for task in tasks if task.done() and not parts.stop.is_set()]
    parts.stop.set()
    _, late = await asyncio.wait(tasks, timeout=GRACE_S)
    for task in late:
        log.warning("process.cancelled", process=tasks[task])
        task.cancel()
    answers = await asyncio.gather(*tasks, stopping, return_exceptions=True)
    failed = False
    for name, answer in zip(runs, answers, strict=False):
        if isinstance(answer, Exception):
            failed = True
            log.error("process.failed", process=name, exc_info=answer)
        elif name in early:
            failed = True
            log.error("process.ended", process=name)
    return int(failed)
