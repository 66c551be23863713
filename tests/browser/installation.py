"""An installation as its user starts it, of the made-up county, and who sends to it: a file and a broker inside one
process, or PostgreSQL, Kafka and the four processes.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from confluent_kafka import Producer

from deploy.native.ports import free_port
from deploy.native.processes import ROOT
from schemas.envelope import EventType, headers_for
from schemas.topics import WARNING_ISSUED, WARNING_URGENT
from services.broker.link import BrokerAddress
from services.broker.topics import ensure_topics
from services.clock import SteadyClock
from services.domain.case import case_id_for
from services.settings import DEMO_KEY
from services.simulator.county import LAT, LON
from services.simulator.seed import Tokens, seed
from services.store import schema
from services.store.engine import Store

SOURCE = "/browser"
UP_WITHIN_S = 30.0
FOUR = ("router", "timekeeper", "relay", "api")
UNMASKED = 2  # so many persons an hour and asker are shown whole


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What it stands on; without a `kafka` everything is in one process, with a broker inside."""

    home: Path
    database: str
    kafka: str = ""
    port: int = field(default_factory=free_port)
    inner: tuple[int, ...] = field(default_factory=lambda: tuple(free_port() for _ in FOUR))


@dataclass(kw_only=True)
class Installation:
    api: str
    tokens: Tokens
    producer: Producer
    client: httpx2.Client
    ground: Ground
    served: Sequence[subprocess.Popen[bytes]]
    sent: int = 0
    keys: int = 0
    unit_of: dict[str, str] = field(default_factory=dict)

    def warn(self, *, risk: str = "HIGH", number: str | None = None, **given: Any) -> UUID:
        """Put one warning on Kafka; the id of the case it will be."""
        self.sent += 1
        number = number or f"B-{self.sent:04}"
        place = given.pop("place", {"point": {"lat": LAT, "lon": LON, "datum": "WGS84"}, "address": "墨汀县柳湾1号"})
        told = {
            "instruction_number": number,
            "issued_at": datetime.now(UTC).isoformat(),
            "risk": risk,
            "fraud_type": "FAKE_LOAN",
            "subject": {"name": f"测试{self.sent}", "phone": f"199-0000-{self.sent:04}"},
            "places": {} if place is None else {"current": place},
            **given,
        }
        self.put(json.dumps(told).encode(), urgent=risk == "URGENT")
        return case_id_for(SOURCE, number)

    def put(self, body: bytes, *, urgent: bool = False) -> None:
        self.sent += 1
        headers = headers_for(
            id=f"event-{self.sent}", source=SOURCE, type=EventType.WARNING_ISSUED, time=datetime.now(UTC), key="k"
        )
        self.producer.produce(WARNING_URGENT if urgent else WARNING_ISSUED, body, key=b"k", headers=list(headers))
        self.producer.flush(10)

    def case(self, case_id: UUID, *, until: str | None = None) -> dict[str, Any]:
        """The case once it is there (and in the state `until`)."""
        return waited(lambda: self.found(case_id, until))

    def found(self, case_id: UUID, until: str | None = None) -> dict[str, Any] | None:
        """The case, if it is there (and in the state `until`)."""
        answer = self.client.get(f"/cases/{case_id}", headers=bearer(self.tokens.supervisor))
        if answer.status_code != 200:
            return None
        seen: dict[str, Any] = answer.json()
        return seen if until in (None, seen["state"]) else None

    def do(self, case_id: UUID, what: str, body: Any = None, *, token: str) -> None:
        """One command of somebody at another screen."""
        self.keys += 1
        turn = self.case(case_id)["turn"]
        headers = bearer(token) | {"idempotency-key": f"other-{self.keys}", "if-match": f'"{turn}"'}
        answer = self.client.post(f"/cases/{case_id}/{what}", headers=headers, json=body or {})
        assert answer.status_code == 200, answer.text

    def down(self) -> None:
        """The server ends, as for an update."""
        for one in self.served:
            one.terminate()
        for one in self.served:
            one.wait(20)

    def up(self) -> None:
        """It is there again: the same file, the same address, another broker."""
        self.served = _serving(self.ground)
        self.producer = _producer(self.client, self.ground)

    def reported(self, case_id: UUID) -> str:
        """Drive a case to its feedback by its responder; who that was."""
        who = self.case(case_id, until="ASSIGNED")["responder"]
        token = self.tokens.responders[who]
        self.do(case_id, "acknowledgement", token=token)
        self.do(case_id, "attempts", {"channel": "visit", "result": "REACHED_IN_PERSON"}, token=token)
        self.do(case_id, "contact", {"mode": "in_person"}, token=token)
        self.do(case_id, "conclusion", {"outcome": "DISSUADED_NO_LOSS", "amount_saved_fen": 100_000}, token=token)
        self.do(case_id, "feedback", {"text": "已当面劝阻。"}, token=token)
        return str(who)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def waited(look: Any, *, within_s: float = 15.0) -> Any:
    """What `look` gives as soon as it gives something."""
    ends = time.monotonic() + within_s
    while (found := look()) is None:
        assert time.monotonic() < ends, "it did not come"
        time.sleep(0.02)
    return found


@contextmanager
def started(home: Path) -> Iterator[Installation]:
    """Everything in one process on SQLite; ended with the block."""
    with started_on(Ground(home=home, database=f"sqlite:///{home / 'browser.db'}")) as made:
        yield made


@contextmanager
def started_on(ground: Ground) -> Iterator[Installation]:
    """On an empty database and a Kafka without our topics, or the one inside; ended with the block."""
    tokens = _apart(lambda: asyncio.run(_seeded(ground)))
    api, served = f"http://127.0.0.1:{ground.port}", _serving(ground)
    with httpx2.Client(base_url=api, trust_env=False, timeout=10) as client:
        try:
            producer = _producer(client, ground)
        except BaseException:
            for one in served:
                one.kill()
                one.wait()
            raise
        made = Installation(api=api, tokens=tokens, producer=producer, client=client, ground=ground, served=served)
        try:
            yield made
        finally:
            made.down()


def _serving(ground: Ground) -> list[subprocess.Popen[bytes]]:
    surroundings = os.environ | {
        "QUANZU_PRODUCTION": "false",
        "QUANZU_DATABASE": ground.database,
        "QUANZU_KAFKA": ground.kafka,
        "QUANZU_MASTER_KEYS": DEMO_KEY,
        "QUANZU_INDEX_KEY": DEMO_KEY,
        "QUANZU_API_PORT": str(ground.port),
        "QUANZU_READS_PER_MIN": "0",
        "QUANZU_CHANGES_PER_MIN": "0",
        "QUANZU_INTAKE_PER_MIN": "0",
        "QUANZU_OPEN_PER_MIN": "0",
        "QUANZU_UNMASK_PER_HOUR": str(UNMASKED),
        "QUANZU_VAR": str(ground.home),
    }
    served = []
    for what, port in zip([[name] for name in FOUR] if ground.kafka else [[]], ground.inner, strict=False):
        with (ground.home / "serve.log").open("ab") as log:
            served.append(
                subprocess.Popen(
                    [sys.executable, "-m", "services.cli", "serve", *what],
                    cwd=ROOT,
                    env=surroundings | {"QUANZU_METRICS_PORT": str(port)},
                    stdout=log,
                    stderr=log,
                )
            )
    return served


def _producer(client: httpx2.Client, ground: Ground) -> Producer:
    kafka = waited(lambda: _up(client, ground), within_s=UP_WITHIN_S)
    return Producer({"bootstrap.servers": kafka, "linger.ms": 0, "log_level": 0})


def _up(client: httpx2.Client, ground: Ground) -> str | None:
    try:
        client.get("/livez")
        if ground.kafka:
            ready = [client.get(f"http://127.0.0.1:{port}/readyz").status_code == 200 for port in ground.inner]
            return ground.kafka if all(ready) else None
        kafka: str = json.loads((ground.home / "run.json").read_text())["kafka"]
    except (httpx2.TransportError, OSError, ValueError):
        return None
    return kafka


async def _seeded(ground: Ground) -> Tokens:
    if ground.kafka:
        await ensure_topics(BrokerAddress(bootstrap=ground.kafka))
    store = Store(ground.database, name="seed")
    try:
        store.clock = SteadyClock(datetime.now(UTC))
        await schema.upgrade(store)
        async with store.begin() as tx:
            return await seed(tx)
    finally:
        await store.close()


def _apart(work: Any) -> Any:
    """Done in a thread: a browser that is driven from here has a loop of its own in this one."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]
