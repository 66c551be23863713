"""The whole of Quanzu on this machine, without containers: `python -m deploy.native.stack up|down|status`.

PostgreSQL, Kafka and the four processes run on after `up` has ended; their data stays in var/stack after `down`.
"""

import argparse
import asyncio
import fcntl
import importlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.native.kafka import Kafka
from deploy.native.places import elsewhere
from deploy.native.ports import answers, free_port
from deploy.native.postgres import Postgres
from deploy.native.processes import ROOT, MissingError, Program, StartError, start
from deploy.native.state import Part, State, keep_settings, kept_secrets

QUANZU = str(Path(sys.executable).with_name("quanzu"))
API_PORT = "QUANZU_API_PORT"
METRICS_PORT = "QUANZU_METRICS_PORT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One of our processes: its command and the ports it wants first. It says that it is ready on METRICS_PORT."""

    name: str
    argv: tuple[str, ...]
    ports: Mapping[str, int]


SERVICES = (
    Service(name="router", argv=(QUANZU, "serve", "router"), ports={METRICS_PORT: 9101}),
    Service(name="timekeeper", argv=(QUANZU, "serve", "timekeeper"), ports={METRICS_PORT: 9102}),
    Service(name="relay", argv=(QUANZU, "serve", "relay"), ports={METRICS_PORT: 9103}),
    Service(name="api", argv=(QUANZU, "serve", "api"), ports={METRICS_PORT: 9104, API_PORT: 8000}),
)


def declare_topics(bootstrap: str) -> int:
    """Create the topics that are not there yet; returns how many it created."""
    ensure_topics = importlib.import_module("services.broker.topics").ensure_topics
    address = importlib.import_module("services.broker.link").BrokerAddress(bootstrap=bootstrap)
    return len(asyncio.run(ensure_topics(address, importlib.import_module("schemas.topics").TOPICS.values())))


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Where it lives and what its commands are; they are data, so that the launcher is proved without the product."""

    home: Path = ROOT / "var" / "stack"
    services: Sequence[Service] = SERVICES
    upgrade: tuple[str, ...] = (QUANZU, "db", "upgrade")
    declare_topics: Callable[[str], int] = declare_topics
    postgres_port: int = 15432  # these two, too, are only wanted first
    kafka_port: int = 19092

    def up(self) -> None:
        """Start what does not run; harmless when all runs. A failure stops what this call started, and is raised."""
        with self._alone() as state:
            before = dict(state.parts)
            try:
                self._start_all(state)
            except BaseException:
                for name in reversed([name for name, part in state.parts.items() if before.get(name) != part]):
                    state.stop(name)
                    say(name, "stopped again")
                raise

    def down(self, *, erase: bool = False) -> None:
        """Stop everything, the last one first, and wait for it. Harmless when nothing runs. `erase` removes data."""
        with self._alone() as state:
            for name in reversed(list(state.parts)):
                state.stop(name)
                say(name, "stopped")
        if erase:
            for folder in (self.home, elsewhere((self.home / "postgres").resolve())):
                shutil.rmtree(folder, ignore_errors=True)

    def status(self) -> bool:
        """Print a line for each part; true when all of them run and are ready."""
        state = State.read(self._state_file)
        names = dict.fromkeys(["postgres", "kafka", *(one.name for one in self.services)])
        troubles = {name: _trouble(state, name) for name in names}
        for name, trouble in troubles.items():
            say(name, trouble or f"pid {state.parts[name].pid} {state.parts[name].ready_url}", good=not trouble)
        return not any(troubles.values())

    @property
    def _state_file(self) -> Path:
        return self.home / "state.json"

    def _start_all(self, state: State) -> None:
        port = _server_port(state, "postgres", self.postgres_port)
        postgres = Postgres(home=self.home / "postgres", port=port, detached=True)
        _start_server(state, "postgres", postgres, f"127.0.0.1:{postgres.port}")
        port = _server_port(state, "kafka", self.kafka_port)
        kafka = Kafka(home=self.home / "kafka", port=port, lasting=True, detached=True)
        _start_server(state, "kafka", kafka, kafka.bootstrap)
        settings = {
            "QUANZU_DATABASE": postgres.url,
            "QUANZU_KAFKA": kafka.bootstrap,
            **kept_secrets(self.home / "secrets.env"),
            "QUANZU_IDENTITY": os.environ.get("QUANZU_IDENTITY", "tokens"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        }
        keep_settings(self.home / "settings.env", settings)
        if not all(state.alive(service.name) for service in self.services):
            self._upgrade(settings)
            say("topics", f"in place, {self._topics(kafka.bootstrap)} of them new")
        for service in self.services:
            self._start_service(state, service, settings)

    def _upgrade(self, settings: Mapping[str, str]) -> None:
        log = self.home / "logs" / "db-upgrade.log"
        log.parent.mkdir(exist_ok=True)
        since = time.monotonic()
        try:
            with log.open("w") as out:
                environment = {**os.environ, **settings}
                done = subprocess.run(self.upgrade, env=environment, stdout=out, stderr=out, timeout=120, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StartError(f"database: {error}") from error
        if done.returncode:
            end = "\n".join(log.read_text().splitlines()[-15:])
            raise StartError(f"database: its upgrade failed with exit code {done.returncode}; the end of {log}:\n{end}")
        say("database", "up to date", since=since)

    def _topics(self, bootstrap: str) -> int:
        try:
            return self.declare_topics(bootstrap)
        except Exception as error:
            raise StartError(f"topics: {type(error).__name__}: {error}") from error

    def _start_service(self, state: State, service: Service, settings: Mapping[str, str]) -> None:
        if state.alive(service.name):
            say(service.name, "runs already")
            return
        wanted = {**service.ports, **state.ports(service.name)}
        ports = {setting: free_port(first) for setting, first in wanted.items()}
        moved = "".join(f", {wanted[one]} is taken" for one in ports if ports[one] != wanted[one])
        ready_url = f"http://127.0.0.1:{ports[METRICS_PORT]}/readyz"
        program = Program(
            name=service.name,
            argv=service.argv,
            log=self.home / "logs" / f"{service.name}.log",
            ports=tuple(ports.values()),
            cwd=ROOT,
            env={**settings, **{setting: str(port) for setting, port in ports.items()}},
        )
        since = time.monotonic()
        process = start(program, ready=lambda: answers(ready_url), detached=True)
        state.add(service.name, Part.of(process, ports, ready_url))
        say(service.name, f"{ready_url}{moved}", since=since)

    @contextmanager
    def _alone(self) -> Iterator[State]:
        """The state, held by one command at a time."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield State.read(self._state_file)


def say(name: str, what: str, *, since: float | None = None, good: bool = True) -> None:
    """One line of the banner."""
    took = f"  {time.monotonic() - since:.1f}s" if since is not None else ""
    print(f"  {'✔' if good else '✘'} {name:<11} {what}{took}", flush=True)


def show_doors(stack: Stack) -> None:
    """Where to look, once all runs."""
    ports = State.read(stack.home / "state.json").ports("api")
    inside = f"http://127.0.0.1:{ports[METRICS_PORT]}"
    place = os.path.relpath(stack.home)
    print(f"  API         http://127.0.0.1:{ports[API_PORT]}    events /events")
    print(f"  Its routes  {inside}/docs    /openapi.json    messages /asyncapi.json    metrics /metrics")
    print(f"  Commands    set -a; . {place}/settings.env; set +a; .venv/bin/quanzu doctor")
    print(f"  Logs        {place}/logs    data {place}    stop: make down (the data stays)")


def main() -> int:
    """Run one command; 0 fine, 1 a part failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m deploy.native.stack", description=__doc__.partition("\n")[0])
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument("--erase", action="store_true", help="down: remove the data, the logs and the secrets too")
    wish = parser.parse_args()
    stack = Stack()
    try:
        if wish.command == "status":
            return 0 if stack.status() else 1
        if wish.command == "down":
            stack.down(erase=wish.erase)
        else:
            stack.up()
            show_doors(stack)
    except (StartError, MissingError, OSError) as error:
        print(f"  ✘ {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # what a shell expects of a command that Ctrl-C ended
    return 0


def _trouble(state: State, name: str) -> str:
    if name not in state.parts:
        return "does not run"
    part = state.parts[name]
    if not state.alive(name):
        return f"died, see {part.log}"
    return f"not ready: {part.ready_url}" if part.ready_url and not answers(part.ready_url) else ""


def _server_port(state: State, name: str, first: int) -> int:
    """The port it had: what runs already knows that one. Only a new server may move to the next free one."""
    return state.ports(name).get(name) or free_port(first)


def _start_server(state: State, name: str, server: Postgres | Kafka, where: str) -> None:
    if state.alive(name):
        say(name, f"{where}, runs already")
        return
    since = time.monotonic()
    server.start()
    if server.process is not None:
        state.add(name, Part.of(server.process, {name: server.port}))
    say(name, f"{where}, data in {server.home}", since=since)


if __name__ == "__main__":
    sys.exit(main())
