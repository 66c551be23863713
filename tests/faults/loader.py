"""Sends warnings at a rate and keeps the number of each one that the broker acknowledged, on disk before it counts."""

import json
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import BinaryIO

from confluent_kafka import KafkaError, Message, Producer

from schemas.envelope import EventType
from schemas.topics import WARNING_ISSUED, WARNING_URGENT
from services.simulator.county import random_point
from tests.faults.installation import MOTING

SOURCE = "https://loader.test"
BROKEN_EVERY, URGENT_EVERY, REPEAT_EVERY = 50, 10, 25


class Loader(threading.Thread):
    """Every 50th record is broken, every 10th urgent; every 25th warning is sent again under a new id. Seeded.

    `acknowledged` counts records; `path` has one line a record: its instruction number, its ce_id, whether it is broken.
    """

    def __init__(self, bootstrap: str, path: Path, *, count: int, rate: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.path, self.count, self.rate = path, count, rate
        self.acknowledged = 0
        self.failed: list[str] = []
        self._random = Random(seed)
        self._changed = threading.Condition()
        self._fresh: list[bytes] = []
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,  # so that the topic holds each once and the sets can be compared
                "acks": "all",
                "linger.ms": 5,
                "message.timeout.ms": 120_000,
                "reconnect.backoff.max.ms": 500,
                "log_level": 0,
            }
        )

    def run(self) -> None:
        began = time.monotonic()
        with self.path.open("ab") as kept:
            for index in range(self.count):
                self._send(index)
                while time.monotonic() < began + index / self.rate or len(self._producer) > 5_000:
                    self._producer.poll(0.01)
                    self._keep(kept)
            while len(self._producer) or self._fresh:
                self._producer.poll(0.05)
                self._keep(kept)
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, acknowledged: int, within_s: float = 120) -> None:
        """Return once so many records are acknowledged."""
        with self._changed:
            reached = self._changed.wait_for(lambda: self.acknowledged >= acknowledged, within_s)
        assert reached, f"only {self.acknowledged} of {acknowledged} records were acknowledged"

    def _send(self, index: int) -> None:
        repeats = index % REPEAT_EVERY == REPEAT_EVERY - 1
        number, ce_id = f"L-{index - 1 if repeats else index}", f"load-{index}"
        broken = index % BROKEN_EVERY == 7
        urgent = (index - 1 if repeats else index) % URGENT_EVERY == 3
        value = b'{"instruction_number": 7' if broken else self._warning(number, urgent=urgent)
        self._producer.produce(
            WARNING_URGENT if urgent else WARNING_ISSUED,
            value,
            key=f"{SOURCE} {number}",
            headers=[
                ("ce_specversion", b"1.0"),
                ("ce_id", ce_id.encode()),
                ("ce_source", SOURCE.encode()),
                ("ce_type", EventType.WARNING_ISSUED.encode()),
                ("content-type", b"application/json"),
            ],
            on_delivery=lambda error, message: self._delivered(error, message, f"{number} {ce_id} {int(broken)}"),
        )

    def _warning(self, number: str, *, urgent: bool) -> bytes:
        unit = self._random.choice([unit for unit in MOTING.units if unit.polygon])
        lat, lon = random_point(self._random, unit)
        return json.dumps(
            {
                "instruction_number": number,
                "issued_at": datetime.now(UTC).isoformat(),
                "risk": "URGENT" if urgent else "HIGH",
                "subject": {"name": "测试甲", "phone": f"199-0000-{number}"},
                "places": {"current": {"point": {"lat": lat, "lon": lon, "datum": "WGS84"}}},
            }
        ).encode()

    def _delivered(self, error: KafkaError | None, _message: Message, line: str) -> None:
        if error is None:
            self._fresh.append(line.encode() + b"\n")
        else:
            self.failed.append(str(error))

    def _keep(self, kept: BinaryIO) -> None:
        if not self._fresh:
            return
        lines, self._fresh = self._fresh, []
        kept.write(b"".join(lines))
        kept.flush()
        os.fsync(kept.fileno())
        with self._changed:
            self.acknowledged += len(lines)
            self._changed.notify_all()
