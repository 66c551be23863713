"""What every line is measured on: a Kafka and a PostgreSQL of its own, a made-up county, and our processes. Measures nothing."""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_END, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from deploy.native.kafka import Kafka
from deploy.native.ports import free_port
from deploy.native.postgres import Postgres
from deploy.native.processes import ROOT, Process, Program, StartError, start
from schemas.topics import CASE_CHANGED, INSTRUCTION_ISSUED, TOPICS, WARNING_ISSUED
from services.broker.link import BrokerAddress
from services.broker.topics import ensure_topics
from services.clock import SteadyClock
from services.settings import DEMO_KEY, Settings, read_settings
from services.simulator.county import County, county
from services.store import registry, schema
from services.store.engine import Store

TEMPLATE = "bench_template"
FLOWING = (WARNING_ISSUED, INSTRUCTION_ISSUED, CASE_CHANGED)


class Ground:
    """The servers, with fsync on. Every `fresh_database` has the county, its whole watch on duty, and no case."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.kafka = Kafka(home=home / "kafka", lasting=True)
        # when a row was committed, and not only when its transaction began, is what lateness is
        self.postgres = Postgres(home=home / "postgres", settings={"track_commit_timestamp": "on"})
        self._numbers = itertools.count(1)

    def start(self) -> None:
        self.kafka.start()
        self.postgres.start()
        self._admin = AdminClient({"bootstrap.servers": self.kafka.bootstrap, "log_level": 0})
        asyncio.run(ensure_topics(BrokerAddress(bootstrap=self.kafka.bootstrap), TOPICS.values()))
        asyncio.run(_furnish(self.postgres.new_database(TEMPLATE), county()))

    def stop(self) -> None:
        self.kafka.stop()
        self.postgres.stop()
        shutil.rmtree(self.postgres.home, ignore_errors=True)

    @contextlib.contextmanager
    def fresh_database(self, made: County | None = None) -> Iterator[str]:
        """The URL of a new one, dropped afterwards. `made` is another county than the demo's."""
        name = f"bench_{next(self._numbers)}"
        url = self.postgres.new_database(name, template=TEMPLATE if made is None else "template1")
        try:
            if made is not None:
                asyncio.run(_furnish(url, made))
            yield url
        finally:
            self.postgres.drop_database(name)

    def empty_topics(self) -> list[int]:
        """Forget every record that warnings left on their topics; returns where the ordinary warnings' partitions begin.

        Offsets go on from where they were.
        """
        places = [TopicPartition(name, number, OFFSET_END) for name in FLOWING for number in partitions(name)]
        limit = time.monotonic() + 20
        while True:
            told = self._admin.delete_records(places)
            try:
                emptied = {(one.topic, one.partition): done.result(20).low_watermark for one, done in told.items()}
                break
            except KafkaException:  # a topic that was just made has no leader for a moment
                if time.monotonic() > limit:
                    raise
                time.sleep(0.2)
        return [emptied[WARNING_ISSUED, number] for number in partitions(WARNING_ISSUED)]

    def environment(self, database: str) -> dict[str, str]:
        """What a process of ours, or a floor, must know."""
        return {
            "QUANZU_PRODUCTION": "false",
            "QUANZU_DATABASE": database,
            "QUANZU_KAFKA": self.kafka.bootstrap,
            "QUANZU_MASTER_KEYS": DEMO_KEY,
            "QUANZU_INDEX_KEY": DEMO_KEY,
            "QUANZU_LOAD_CAP": "1000000",  # a hundred people take every case of a run
            "QUANZU_READS_PER_MIN": "0",
            "QUANZU_CHANGES_PER_MIN": "0",
            "QUANZU_INTAKE_PER_MIN": "0",
            "QUANZU_OPEN_PER_MIN": "0",
            "QUANZU_AT_ONCE": "64",  # one token stands for many people
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        }

    def settings(self, database: str) -> Settings:
        return read_settings(
            production=False, database=database, kafka=self.kafka.bootstrap, master_keys=DEMO_KEY, index_key=DEMO_KEY
        )

    def serve(self, name: str, database: str) -> Process:
        """One of our processes, just begun: who needs it to be ready looks at what it does."""
        port = str(free_port())
        return self.run(name, ("-m", "services.cli", "serve", name), database, QUANZU_METRICS_PORT=port)

    def run(self, name: str, argv: tuple[str, ...], database: str, **more: str) -> Process:
        """Any Python program on this ground, as a process of its own."""
        number = next(self._numbers)
        program = Program(
            name=name,
            argv=(sys.executable, *argv),
            log=self.home / f"{name}-{number}.log",
            cwd=ROOT,
            env={**self.environment(database), **more},
        )
        return start(program, ready=lambda: True)


def partitions(topic: str) -> range:
    return range(TOPICS[topic].partitions)


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """Started servers, whose data is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="quanzu-bench-"))
    home.chmod(0o711)  # PostgreSQL runs as another user
    made = Ground(home)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(home, ignore_errors=True)


async def _furnish(url: str, made: County) -> None:
    """Everybody is on duty: the most there is to choose from."""
    store = Store(url, name="bench")
    now = datetime.now(UTC)
    store.clock = SteadyClock(now)
    try:
        await schema.upgrade(store)
        async with store.begin() as tx:
            await registry.replace_all(
                tx,
                [
                    registry.Unit(
                        code=unit.code, kind=unit.kind, name_zh=unit.name_zh, name_en=unit.name_en, parent=unit.parent
                    )
                    for unit in made.units
                ],
                [registry.Area(unit=unit.code, polygon=unit.polygon) for unit in made.units if unit.polygon],
                [
                    registry.Station(unit=station.unit, name=station.unit, lat=station.lat, lon=station.lon)
                    for station in made.stations
                ],
                [registry.RegionCode(code=code.code, unit=code.unit) for code in made.region_codes],
                [
                    registry.Responder(
                        code=one.code,
                        unit=one.unit,
                        name=one.name,
                        grade=one.grade,
                        post_lat=one.post_lat,
                        post_lon=one.post_lon,
                    )
                    for one in made.responders
                ],
                [
                    registry.Duty(
                        responder=one.code, starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=1)
                    )
                    for one in made.responders
                ],
            )
    finally:
        await store.close()


def waited(process: Process, *, within_s: float) -> None:
    """Wait until a program has ended. Raises StartError when it takes longer."""
    limit = time.monotonic() + within_s
    while process.alive:
        if time.monotonic() > limit:
            process.kill()
            raise StartError(f"{process.name} took longer than {within_s:g} s")
        time.sleep(0.1)


def finished(process: Process, *, within_s: float = 300) -> dict[str, Any]:
    """The figures that a program wrote as the last line of its output. Raises StartError when it failed."""
    waited(process, within_s=within_s)
    try:
        figures: dict[str, Any] = json.loads(process.tail(1))
    except ValueError:
        raise StartError(f"{process.name} failed:\n{process.tail()}") from None
    return figures
