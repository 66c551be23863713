"""A Kafka with TLS, passwords and rules of access: who should gets in, and whoever is refused is told why and loses nothing."""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from deploy.native.kafka import Door, Kafka
from schemas.topics import CASE_CHANGED, TOPICS, WARNING_ISSUED
from services.broker.consumer import RawConsumer
from services.broker.follow import Follower
from services.broker.link import BrokerAddress, BrokerSilent
from services.broker.producer import Message, Sender, SendUnknown
from services.broker.rights import Right, rights_of
from services.broker.secured import address_of
from services.broker.topics import ensure_topics
from services.cli import main
from services.cli.kafka import words_of
from services.settings import DEMO_KEY, read_settings
from services.tls import WORDS, Fault
from tests.certificates import Authority

PASSWORD = secrets.token_hex(8)
PREFIX = "User:quanzu-"


@dataclass
class Guarded:
    """One broker with four doors, the authority it trusts and one that nobody does."""

    kafka: Kafka
    ours: Authority
    theirs: Authority

    def settings(self, process: str, *, door: str = "PASSWORDS", **given: Any) -> Any:
        port = next(one.bootstrap for one in self.kafka.doors if one.name == door)
        laid = {
            "kafka": port,
            "kafka_security": "SASL_SSL",
            "kafka_user": f"quanzu-{process}",
            "kafka_password": PASSWORD,
            "kafka_ca": self.ours.root,
        }
        return read_settings(**(laid | given))

    def address(self, process: str, **given: Any) -> BrokerAddress:
        return address_of(self.settings(process, **given))


@pytest.fixture(scope="module")
def guarded(server_programs: None) -> Iterator[Guarded]:
    home = Path(tempfile.mkdtemp(prefix="quanzu-test-doors-"))
    ours, theirs = Authority(home, "ours"), Authority(home, "theirs")
    kafka = Kafka(
        home=home / "kafka",
        doors=(
            Door(name="PASSWORDS", keystore=ours.keystore("broker", ours.sign("127.0.0.1"))),
            Door(name="EXPIRED", keystore=ours.keystore("expired", ours.sign("127.0.0.1", expired=True))),
            Door(name="ELSEWHERE", keystore=ours.keystore("elsewhere", ours.sign("kafka.example"))),
            Door(name="MUTUAL", keystore=ours.keystore("mutual", ours.sign("127.0.0.1")), trusted=ours.root),
        ),
        users={f"quanzu-{process}": PASSWORD for process in ("router", "timekeeper", "relay", "api")},
    )
    try:
        kafka.start()
        *reads, writes = rights_of("relay")
        kafka.allow(words_of(writes, PREFIX))  # by Kafka's own tool, as printed
        others = (right for process in ("router", "timekeeper", "api") for right in rights_of(process))
        lay_down(kafka, [*reads, *others])
        asyncio.run(ensure_topics(address_of(Guarded(kafka, ours, theirs).settings("router"))))
        yield Guarded(kafka, ours, theirs)
    finally:
        kafka.stop()
        shutil.rmtree(home, ignore_errors=True)


def lay_down(kafka: Kafka, rights: list[Right]) -> None:
    """As `quanzu kafka acls` says it, without a Java for each line."""
    rules = [
        AclBinding(
            ResourceType[right.kind.upper()],
            name,
            ResourcePatternType.LITERAL,
            f"{PREFIX}{right.party}",
            "*",
            AclOperation[operation.name],
            AclPermissionType.ALLOW,
        )
        for right in rights
        for name in right.names
        for operation in right.operations
    ]
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for laid in admin.create_acls(rules).values():
        laid.result(timeout=10)


@asynccontextmanager
async def sending(address: BrokerAddress) -> AsyncIterator[Sender]:
    """A sender that may never come to its start."""
    sender = Sender(address, name="test-sender")
    starting = asyncio.create_task(sender.start())
    try:
        yield sender
    finally:
        starting.cancel()
        await asyncio.wait({starting})
        await sender.stop()


@asynccontextmanager
async def reading(address: BrokerAddress) -> AsyncIterator[RawConsumer]:
    consumer = RawConsumer(address, name="test-reader")
    starting = asyncio.create_task(consumer.start())
    try:
        yield consumer
    finally:
        starting.cancel()
        await asyncio.wait({starting})
        await consumer.stop()


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not what():
            await asyncio.sleep(0.02)


def messages(topic: str = CASE_CHANGED) -> list[Message]:
    mark = secrets.token_hex(4)
    return [Message(topic=topic, key=b"case", value=f"{mark}-{number}".encode()) for number in range(3)]


async def values(reader: Follower, count: int) -> list[bytes]:
    found: list[bytes] = []
    async with asyncio.timeout(15):
        while len(found) < count:
            for batch in await reader.fetch(wait=0.2):
                found += [record.value for record in batch.records if record.value is not None]
    return found


@asynccontextmanager
async def following(guarded: Guarded) -> AsyncIterator[Follower]:
    """The api reads what the relay writes, each by its own rights."""
    reader = Follower(guarded.address("api"), [CASE_CHANGED], name="test-follower")
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


async def refused(address: BrokerAddress, fault: Fault, guarded: Guarded) -> None:
    """Sender, reader and maker of topics all say why; what could not be sent is handed back and arrives by a right one."""
    why = f"the broker ({WORDS[fault]})"
    left = messages()
    async with following(guarded) as reader:
        async with sending(address) as sender, reading(address) as consumer:
            await until(lambda: sender.waiting_for == consumer.waiting_for == why)
            with pytest.raises(SendUnknown, match=WORDS[fault]) as unsent:
                await sender.send(left, within=0.5)
            with pytest.raises(BrokerSilent, match=WORDS[fault]):
                await ensure_topics(address, [TOPICS[CASE_CHANGED]], within=1)
        async with sending(guarded.address("relay")) as well:
            await well.send(unsent.value.messages)
        assert await values(reader, 3) == [message.value for message in left]


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_the_right_users_speak_end_to_end(guarded: Guarded, mechanism: str) -> None:
    sent = messages()
    async with following(guarded) as reader, sending(guarded.address("relay", kafka_mechanism=mechanism)) as sender:
        await sender.send(sent)

        assert await values(reader, 3) == [message.value for message in sent]
    assert sender.waiting_for is None
    assert PASSWORD not in repr(guarded.address("relay"))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"kafka_password": "guessed"}, Fault.LOGIN),
        ({"kafka_user": "quanzu-nobody"}, Fault.LOGIN),
        ({"door": "EXPIRED"}, Fault.EXPIRED),
        ({"door": "ELSEWHERE"}, Fault.OTHER_HOST),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value,
)
async def test_whoever_is_refused_hears_why(guarded: Guarded, given: dict[str, Any], fault: Fault) -> None:
    await refused(guarded.address("relay", **given), fault, guarded)


async def test_a_broker_of_another_authority_is_not_trusted(guarded: Guarded) -> None:
    await refused(guarded.address("relay", kafka_ca=guarded.theirs.root), Fault.UNKNOWN_CA, guarded)


async def test_a_broker_without_tls_gets_no_password(guarded: Guarded) -> None:
    await refused(guarded.address("relay", kafka=guarded.kafka.bootstrap), Fault.NO_TLS, guarded)


@pytest.mark.parametrize(
    ("process", "why"),
    [
        ("api", "TopicAuthorizationFailedError"),
        ("timekeeper", "ClusterAuthorizationFailedError"),
    ],  # the second writes nothing
)
async def test_a_process_writes_only_what_is_its_own(guarded: Guarded, process: str, why: str) -> None:
    async with sending(guarded.address(process)) as sender:
        with pytest.raises(SendUnknown, match=why) as unsent:
            await sender.send(messages(), within=2)

    assert len(unsent.value.messages) == 3


async def test_a_process_reads_only_what_is_its_own(guarded: Guarded) -> None:
    """It would otherwise look as if there were no such topic, and nobody would know."""
    async with reading(guarded.address("timekeeper")) as consumer:
        await until(lambda: consumer.waiting_for is None)
        assert await consumer.partitions([WARNING_ISSUED]) == set()

        assert consumer.waiting_for == f"{WARNING_ISSUED} (TopicAuthorizationFailedError)"


async def test_a_renewed_certificate_needs_no_restart(guarded: Guarded) -> None:
    """Expired at first, then replaced in its place; the broker knows the user by the certificate's common name."""
    ours = guarded.ours
    shown = ours.keystore("relay", ours.sign("relay.example", common_name="quanzu-relay", expired=True))
    given = {"door": "MUTUAL", "kafka_security": "SSL", "kafka_certificate": shown, "kafka_user": ""}
    sent = messages()
    async with following(guarded) as reader, sending(guarded.address("relay", **given)) as sender:
        await until(lambda: sender.waiting_for == f"the broker ({WORDS[Fault.OURS]})")

        ours.keystore("relay", ours.sign("relay.example", common_name="quanzu-relay"))
        await until(lambda: sender.waiting_for is None)
        await sender.send(sent)

        assert await values(reader, 3) == [message.value for message in sent]


async def test_nobody_comes_without_a_certificate_where_one_is_asked(guarded: Guarded) -> None:
    await refused(guarded.address("relay", door="MUTUAL", kafka_security="SSL"), Fault.OURS, guarded)


def test_the_doctor_names_a_wrong_password(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = guarded.settings("api")
    given = {
        "QUANZU_KAFKA": settings.kafka,
        "QUANZU_KAFKA_SECURITY": "SASL_SSL",
        "QUANZU_KAFKA_USER": "quanzu-api",
        "QUANZU_KAFKA_PASSWORD": "guessed",
        "QUANZU_KAFKA_CA": str(settings.kafka_ca),
        "QUANZU_PRODUCTION": "false",
        "QUANZU_DATABASE": f"sqlite:///{tmp_path}/none.db",
        "QUANZU_MASTER_KEYS": DEMO_KEY,
        "QUANZU_INDEX_KEY": DEMO_KEY,
        "LC_ALL": "C",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    assert main(["doctor"]) == 1

    shown = capsys.readouterr().out
    assert "wrong user or password" in shown
    assert "guessed" not in shown
