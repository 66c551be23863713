"""An installation of real processes on real servers, and the faults that a test may do to it. It checks nothing."""

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from deploy.native.kafka import Kafka
from deploy.native.ports import answers, free_port
from deploy.native.postgres import Postgres
from deploy.native.processes import ROOT, Process, Program, start
from schemas.topics import WARNING_ISSUED, WARNING_URGENT
from services.clock import SteadyClock
from services.settings import DEMO_KEY
from services.simulator.county import County, county
from services.store import policies, registry, schema
from services.store.engine import Store
from tests.faults.telling import Counts, counts_of, waits_for
from tests.topics import renew_topics

MOTING: County = county()
NAMES = ("router-1", "router-2", "timekeeper", "relay")
SECONDS = 1 / 60  # a policy counts in minutes
LIMITS_S = {
    "ASSIGN": 2,
    "ACK": 3,
    "FIRST_ATTEMPT": 1,
    "CONTACT": 1,
    "DISSUADE": 1,
    "FEEDBACK": 1,
    "TOTAL": 9,
    "VISIT": 2,
    "SECOND_ACK": 2,
}


def until(holds: Callable[[], object], within_s: float = 60.0, what: str = "it") -> None:
    """Ask again and again until it is so: what is waited for happens in other processes."""
    limit = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > limit:
            raise AssertionError(f"{what} did not come to be within {within_s:.0f} s")
        time.sleep(0.05)


class Installation:
    """Two routers, a timekeeper and a relay in processes of their own, with a database and limits of a few seconds."""

    def __init__(self, kafka: Kafka, postgres: Postgres, logs: Path) -> None:
        self.kafka, self.postgres, self.logs = kafka, postgres, logs
        self.database = f"faults_{uuid.uuid4().hex[:10]}"
        self.url = postgres.new_database(self.database)
        self.running: dict[str, Process] = {}
        self.ports: dict[str, int] = {}
        self.unsure: set[str] = set()  # kinds of process that may have written more than they counted
        self.strikes = 0
        self.longest_away_s = 0.0  # that a process or a server was not there, by our doing
        self._last_counts: list[Counts] = []  # of processes that are no more
        asyncio.run(self._settle())
        bounds = bounds_of(kafka.bootstrap, WARNING_ISSUED, WARNING_URGENT)
        self.begins = {place: begin for place, (begin, _) in bounds.items()}

    async def _settle(self) -> None:
        """The county with one responder on duty in each precinct, so that an unanswered case goes back to the queue."""
        await renew_topics(self.kafka.bootstrap)
        store = Store(self.url, name="test")
        store.clock = SteadyClock(await store.measure_time())
        await schema.upgrade(store)
        async with store.begin() as tx:
            shift = {"starts_at": tx.now - timedelta(days=1), "ends_at": tx.now + timedelta(days=30)}
            await registry.replace_all(
                tx,
                [registry.Unit(**_of(unit, "code kind name_zh name_en parent")) for unit in MOTING.units],
                [registry.Area(**_of(unit, "polygon"), unit=unit.code) for unit in MOTING.units if unit.polygon],
                [registry.Responder(**_of(one, "code unit name grade post_lat post_lon")) for one in MOTING.responders],
                [registry.Duty(responder=one.code, **shift) for one in MOTING.responders if one.code.endswith("-01")],
            )
            await policies.publish(tx, short_policy(), by="test", note="limits of seconds", at=tx.now)
        await store.close()

    def start(self, name: str, *, waits: bool = True) -> None:
        """Start `router-1`, `router-2`, `timekeeper` or `relay`; `waits` until it says that it is ready."""
        port = self.ports[name] = free_port()
        environment = {
            "QUANZU_PRODUCTION": "false",
            "QUANZU_DATABASE": self.url,
            "QUANZU_KAFKA": self.kafka.bootstrap,
            "QUANZU_MASTER_KEYS": DEMO_KEY,
            "QUANZU_INDEX_KEY": DEMO_KEY,
            "QUANZU_METRICS_PORT": str(port),
            "QUANZU_NEIGHBOUR_LIMIT_M": "0",  # else an unanswered case goes round the county before it is quiet
            "PYTHONPATH": str(ROOT),
        }
        program = Program(
            name=name,
            argv=(sys.executable, "-m", "services.cli", "serve", name.partition("-")[0]),
            log=self.logs / f"{self.database}-{name}.log",
            cwd=ROOT,
            env=environment,
        )
        self.running[name] = start(program, ready=lambda: not waits or answers(f"http://127.0.0.1:{port}/readyz"))

    def start_all(self, names: Sequence[str] = NAMES) -> None:
        """Side by side: each takes seconds to load."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(self.start, names))

    def stop_all(self) -> list[str]:
        """SIGTERM to each; what did not end with 0 within ten seconds, in words."""
        with ThreadPoolExecutor() as pool:
            names = list(self.running)
            ended = dict(zip(names, pool.map(self.stop, names), strict=True))
        return [f"{name} ended with {code} after {s:.1f} s" for name, (code, s) in ended.items() if code or s > 10]

    def kill(self, *names: str) -> None:
        """SIGKILL, and start them again as a supervisor would."""
        with self.struck():
            self._kill(names)

    def _kill(self, names: Sequence[str]) -> None:
        for name in names:
            self._last_counts.append(counts_of(self.ports[name]))
            self.unsure.add(name.partition("-")[0])
            self.running.pop(name).kill()
        self.start_all(names)

    def counts(self) -> list[Counts]:
        """The last reading of every process that there was."""
        return [*self._last_counts, *(counts_of(self.ports[name]) for name in self.running)]

    def away(self, server: Kafka | Postgres, *whose: str) -> None:
        """Kill a server, and start it again when `whose` processes say that they wait; all are ready again afterwards."""
        with self.struck():
            server.kill()
            for name in whose:
                until(lambda name=name: waits_for(self.ports[name]), 20, f"red readiness of {name}")  # type: ignore[misc]
            server.start()
            for name in self.running:
                until(lambda name=name: waits_for(self.ports[name]) == {}, 30, f"{name} ready again")  # type: ignore[misc]

    @contextmanager
    def struck(self) -> Iterator[None]:
        """One strike: from its beginning until what it hit is well again."""
        self.strikes += 1
        began = time.monotonic()
        yield
        self.longest_away_s = max(self.longest_away_s, time.monotonic() - began)

    def stop(self, name: str) -> tuple[int | None, float]:
        """SIGTERM; returns the exit code and the seconds it took."""
        process, began = self.running.pop(name), time.monotonic()
        process.stop(within_s=15)
        return (process.child.returncode if process.child else None), time.monotonic() - began

    @contextmanager
    def open(self, *names: str) -> "Iterator[Installation]":
        """Started, whole or only `names`; whatever happens, nothing is left running."""
        try:
            self.start_all(names or NAMES)
            yield self
        finally:
            for process in self.running.values():
                process.kill()
            self.postgres.start()
            self.postgres.drop_database(self.database)


def _of(given: Any, names: str) -> dict[str, Any]:
    return {name: getattr(given, name) for name in names.split()}


def short_policy() -> dict[str, Any]:
    document = policies.default_document()
    for limits in document["limits_min"].values():
        limits.update({kind: seconds * SECONDS for kind, seconds in LIMITS_S.items()})
    return document


def bounds_of(bootstrap: str, *topics: str) -> dict[tuple[str, int], tuple[int, int]]:
    """The first offset there is and the one after the last, of every partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "log_level": 0})
    try:
        found = consumer.list_topics(timeout=10).topics
        places = [(name, number) for name in topics for number in found[name].partitions]
        return {place: consumer.get_watermark_offsets(TopicPartition(*place), timeout=10) for place in places}
    finally:
        consumer.close()


def everything_on(bootstrap: str, topic: str) -> list[tuple[str, dict[str, Any]]]:
    """(ce_id, body) of every record on a topic now, in the order of each partition."""
    bounds = {number: ends for (_, number), ends in bounds_of(bootstrap, topic).items()}
    reader = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "test", "enable.partition.eof": True, "log_level": 0}
    )
    reader.assign([TopicPartition(topic, number, begin) for number, (begin, _) in bounds.items()])
    unread = {number for number, (begin, end) in bounds.items() if begin < end}
    found: list[tuple[str, dict[str, Any]]] = []
    while unread:
        got = reader.poll(10)
        assert got is not None, f"{topic} cannot be read"
        if got.error() is None:
            found.append((dict(got.headers())["ce_id"].decode(), json.loads(got.value())))
        else:
            unread.discard(got.partition())
    reader.close()
    return found
