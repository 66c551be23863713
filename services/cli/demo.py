"""demo: the whole system in one process on a made-up county, with a faster clock. Only puts parts together."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

import typer
import uvloop
from rich.cells import cell_len

from schemas.instruction import InstructionIssued
from schemas.topics import TOPICS
from services import log as logs
from services.api import app as api
from services.cli import running
from services.cli.demo_story import Story, clock_time
from services.cli.demo_words import say
from services.cli.running import Running
from services.cli.serve import Ending, Run, alone, together
from services.cli.session import sqlite_path
from services.clock import SteadyClock
from services.health import Health, health_app, served
from services.relay import loop as relay
from services.router import loop as router
from services.settings import DEMO_KEY, Settings, read_settings
from services.simulator import loop as simulator
from services.simulator.county import PRECINCTS, RESPONDERS, SHIFTS
from services.simulator.people import LEFT_EVERY
from services.simulator.seed import Tokens, seed
from services.store import schema
from services.store.engine import Store
from services.store.summary import Summary, summary
from services.timekeeper import loop as timekeeper
from services.wiring import Parts, opened

EVERY_S = 8.0  # of the person's time
LOG = "demo.log"
DESK_OF = "MT01"  # the precinct whose own desk can be looked at
Out = Callable[[str], None]


def demo(
    speed: Annotated[float, typer.Option(min=0.1, max=600, help="how fast the clock runs")] = 10,
    minutes: Annotated[float | None, typer.Option(min=0, help="end after so many minutes of your time")] = None,
) -> None:
    """Show it: a made-up county, made-up people, a faster clock. Example: quanzu demo --speed 10 --minutes 5"""
    settings = demo_settings()
    settings.var.mkdir(parents=True, exist_ok=True)
    with alone(settings), (settings.var / LOG).open("w", encoding="utf-8") as file:
        logs.set_up(process="demo", stream=file)
        playing = Playing(speed=speed, minutes=minutes, every_s=EVERY_S)
        raise typer.Exit(uvloop.run(_until_a_signal(settings, playing, typer.echo)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """`minutes` (None: without end) and `every_s` are the person's time, not the clock's."""

    speed: float
    minutes: float | None
    every_s: float


def demo_settings(**given: object) -> Settings:
    """The demo's own database and keys, whatever the environment says; ports and the folder as usual. Raises BadSetting."""
    var = read_settings(**given).var
    fixed = {"production": False, "kafka": "", "master_keys": DEMO_KEY, "index_key": DEMO_KEY}
    return read_settings(**{**given, **fixed, "database": f"sqlite:///{var / 'demo.db'}"})


async def _until_a_signal(settings: Settings, playing: Playing, out: Out) -> int:
    ending = Ending(asyncio.current_task())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.ask)
    try:
        code, _ = await play(settings, playing, out, ending=ending)
    except asyncio.CancelledError:
        if not ending.asked:
            raise
        return 0
    return code


async def play(settings: Settings, playing: Playing, out: Out, *, ending: Ending | None = None) -> tuple[int, Summary]:
    """Play until the minutes are over or `parts.stop` is set; gives the exit code and what was counted at the end."""
    began = time.monotonic()
    health = Health()
    out(_done("config", say("config.is", database=sqlite_path(settings)), began))
    tokens = await _fresh_database(settings)
    counts = {"units": len(PRECINCTS), "responders": RESPONDERS, "shifts": SHIFTS}
    out(_done("database", say("database.is", **counts), began))
    async with opened(settings, name="demo", health=health, speed=playing.speed) as parts:
        if ending is not None:
            ending.parts = parts
        out(_done("broker", say("broker.is", bootstrap=parts.broker.bootstrap, topics=len(TOPICS)), began))
        async with served(health_app(health), host=settings.metrics_host, port=settings.metrics_port) as metrics_port:
            show = Show(parts=parts, tokens=tokens, playing=playing, metrics_port=metrics_port, began=began, out=out)
            code = await show.run()
        async with parts.store.read() as conn:
            counted = await summary(conn, now=parts.clock.now())
    for line in summary_lines(counted):
        out(line)
    out("  " + say("stopped", database=sqlite_path(settings)))
    return code, counted


async def _fresh_database(settings: Settings) -> Tokens:
    """A new file with the county in it. The data of the last demo goes now, not at its end: it could be looked at."""
    path = sqlite_path(settings)
    assert path is not None  # noqa: S101 - the demo's settings say so
    for left in path.parent.glob(path.name + "*"):
        if not left.name.endswith(".lock"):
            left.unlink()
    store = Store(settings.database, name="demo-seed")
    try:
        store.clock = SteadyClock(await store.measure_time())
        await schema.upgrade(store)
        async with store.begin() as tx:
            return await seed(tx)
    finally:
        await store.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """One run of the parts, all of them in this process."""

    parts: Parts
    tokens: Tokens
    playing: Playing
    metrics_port: int
    began: float
    out: Out

    async def run(self) -> int:
        """Until `parts.stop` or the end of the minutes; 1 where one of the parts failed."""
        served_at: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        story = Story(self.parts, self.out)
        runs: Mapping[str, Run] = {
            "router": router.run,
            "timekeeper": timekeeper.run,
            "relay": relay.run,
            "api": partial(api.run, on_port=served_at.set_result),
            "story": story.run,
            "simulator": partial(self._simulate, served_at=served_at),
            "end": partial(_end, minutes=self.playing.minutes),
        }
        try:
            await story.start()
            return await together(self.parts, runs)
        finally:
            await story.stop()

    async def _simulate(self, parts: Parts, served_at: asyncio.Future[int]) -> None:
        """Once the api has its port: say where everything is, and let the people begin."""
        stopping = asyncio.create_task(parts.stop.wait())
        either: set[asyncio.Future[Any]] = {served_at, stopping}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not served_at.done():
            return
        here = self._here(served_at.result())
        with running.written(parts.settings.var, here):
            self._say_where(here, served_at.result())
            every = timedelta(seconds=self.playing.every_s * self.playing.speed)
            api, left = here.api or "", partial(self._say_left, here.api or "")
            await simulator.run(parts, api=api, tokens=self.tokens, every=every, left=left)

    def _say_left(self, api: str, told: InstructionIssued) -> None:
        """A case that waits for the person at the screen, and its responder's phone."""
        token = self.tokens.responders.get(told.responder or "")
        if token is not None:
            about = f"{clock_time(told.assigned_at)}  {told.instruction_number}  "
            self.out(about + say("phone.is", api=api, token=token, case=told.case_id))

    def _here(self, api_port: int) -> Running:
        settings = self.parts.settings
        return Running(
            kafka=self.parts.broker.bootstrap,
            api=f"http://{settings.api_host}:{api_port}",
            metrics=f"http://{settings.metrics_host}:{self.metrics_port}/metrics",
            pid=os.getpid(),
            database=settings.database,
            demo=True,
            tokens={
                "operator": self.tokens.operator,
                "supervisor": self.tokens.supervisor,
                "desk": self.tokens.desks[DESK_OF],
            },
        )

    def _say_where(self, here: Running, api_port: int) -> None:
        playing, settings, out = self.playing, self.parts.settings, self.out
        about = {"every": playing.every_s, "speed": playing.speed, "hour": 60 / playing.speed, "left": LEFT_EVERY}
        out(_done("traffic", say("traffic.is", **about), self.began))
        for wanted, port in ((settings.api_port, api_port), (settings.metrics_port, self.metrics_port)):
            if wanted not in (0, port):
                out("  ! " + say("moved", wanted=wanted, port=port))
        token = self.tokens.operator
        out(f"    {_padded('board')}  {say('board.is', api=here.api, token=token)}")
        out(f"    {_padded('phone')}  {say('phone.where', left=LEFT_EVERY)}")
        out(f"    {_padded('api')}  {here.api}/docs")
        out(f"    {_padded('metrics')}  {here.metrics}      {say('log')} {settings.var / LOG}")
        out(f"    {_padded('login')}  {say('login.is', token=token)}")
        out(f"    {_padded('ask')}  curl -H 'Authorization: Bearer {token}' '{here.api}/cases?state=ASSIGNED'")
        out("  " + say("made_up"))
        out("  " + say("try", near=DESK_OF))


async def _end(parts: Parts, minutes: float | None) -> None:
    """Stop everything when the time is over."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(parts.stop.wait(), None if minutes is None else minutes * 60)
    parts.stop.set()


def _padded(what: str) -> str:
    """The word in a column of ten; a Chinese character is two wide."""
    word = say(what)
    return word + " " * (10 - cell_len(word))


def _done(what: str, text: str, began: float) -> str:
    return f"  ✔ {_padded(what)}  {text}  {time.monotonic() - began:.1f}s"


def summary_lines(counted: Summary) -> list[str]:
    """What the demo ends with, one count a line."""
    rate = counted.one_hour
    share = say("none")
    if rate.value is not None:
        share = say("share", value=rate.value, part=rate.part, whole=rate.whole)
    rows: Mapping[str, object] = {
        "warnings": counted.warnings,
        "cases": counted.cases,
        "assigned": _listed(counted.assigned_by_rule),
        "acknowledged": counted.acknowledged,
        "breached": _listed(counted.breached_by_limit),
        "reported": counted.reported,
        "closed": counted.closed,
        "dead_letters": counted.dead_letters,
        "one_hour": share,
    }
    return [say("summary"), *(f"    {say(f'summary.{name}')}: {value}" for name, value in rows.items())]


def _listed(counts: Mapping[str, int]) -> str:
    return "   ".join(f"{name} {count}" for name, count in counts.items()) or say("none")
