"""The brokers these tests speak to: a real Kafka, and the embedded one where both must behave alike."""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from services.broker.consumer import Batch, RawConsumer
from services.broker.embedded import EmbeddedBroker
from services.broker.link import BrokerAddress
from services.broker.topics import ensure_topics

LIBS = Path("var/kafka-libs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a topic table."""

    name: str
    partitions: int = 4
    retention: timedelta = timedelta(hours=72)
    cleanup: str = "delete"


Take = Callable[[RawConsumer, int], Awaitable[list[Batch]]]
Until = Callable[[Callable[[], bool]], Awaitable[None]]
NewTopic = Callable[[BrokerAddress], Awaitable[str]]


@pytest.fixture(params=["embedded", "kafka"])
def address(request: pytest.FixtureRequest) -> BrokerAddress:
    """Both brokers, one after the other."""
    found = request.getfixturevalue(f"{request.param}_address")
    assert isinstance(found, BrokerAddress)
    return found


@pytest.fixture
def embedded_address() -> Iterator[BrokerAddress]:
    broker = EmbeddedBroker()
    yield broker.address
    broker.close()


@pytest.fixture
def kafka_address(kafka: "Kafka") -> BrokerAddress:
    return BrokerAddress(bootstrap=kafka.bootstrap)


@pytest.fixture
def new_topic() -> NewTopic:
    """Makes a topic with four partitions (what the embedded broker gives) and returns its name."""

    async def make(address: BrokerAddress) -> str:
        name = f"test.{secrets.token_hex(6)}"
        await ensure_topics(address, [Row(name=name)])
        return name

    return make


@pytest.fixture
def take() -> Take:
    """Fetches until so many records have come, within 20 s."""

    async def fetch(consumer: RawConsumer, count: int) -> list[Batch]:
        batches: list[Batch] = []
        async with asyncio.timeout(20):
            while sum(len(batch.records) for batch in batches) < count:
                batches += await consumer.fetch(wait=0.2)
        return batches

    return fetch


@pytest.fixture
def until() -> Until:
    """Waits until something is so, within 30 s."""

    async def wait(is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not is_so():
                await asyncio.sleep(0.01)

    return wait


@pytest.fixture(scope="session")
def kafka() -> "Iterator[Kafka]":
    """A started Apache Kafka. A test that ends it starts it again."""
    if not LIBS.is_dir() or shutil.which("java") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Java or no jars of Kafka in var/kafka-libs")
        pytest.skip("no Java or no jars of Kafka in var/kafka-libs")
    server = Kafka(Path(tempfile.mkdtemp(prefix="quanzu-test-kafka-")))
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(server.home, ignore_errors=True)


class Kafka:
    """One KRaft node, on its data for as long as the tests run."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._port, self._controller = _free_port(), _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it on its data and wait until it answers."""
        properties = self._properties()
        if not (self.home / "data" / "meta.properties").exists():
            identity = secrets.token_hex(11)
            subprocess.run(
                [*_JAVA, "kafka.tools.StorageTool", "format", "-t", identity, "-c", properties],
                check=True,
                capture_output=True,
            )
        with (self.home / "kafka.log").open("ab") as log:
            self._process = subprocess.Popen([*_JAVA, "kafka.Kafka", properties], stdout=log, stderr=log)
        client = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0, "reconnect.backoff.max.ms": 100})
        end = time.monotonic() + 60
        while not _answers(client):
            assert time.monotonic() < end, "Kafka does not come up"

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _end(self, by: signal.Signals) -> None:
        self._signal(by)
        if self._process is not None:
            self._process.wait(30)
            self._process = None

    def _signal(self, which: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(which)

    def _properties(self) -> str:
        lines = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self._controller}",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "log.dirs": str(self.home / "data"),
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "broker.session.timeout.ms": "2000",
            "broker.heartbeat.interval.ms": "500",
        }
        path = self.home / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        return str(path)


_JAVA = ("java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{LIBS}/*")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(client: AdminClient) -> bool:
    try:
        return bool(client.list_topics(timeout=1).brokers)
    except KafkaException:
        return False
