"""Instructions as they arrive on their topic, seen from outside: when each warning's first one came. Changes nothing."""

import threading
import time
from types import TracebackType

import orjson
from confluent_kafka import Consumer, TopicPartition

from schemas.topics import INSTRUCTION_ISSUED
from tests.bench.ground import Ground, partitions


class Arrivals:
    """Listens from the end of the topic as long as the block lasts, in a thread: librdkafka waits outside the GIL."""

    def __init__(self, ground: Ground) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": ground.kafka.bootstrap, "group.id": "bench", "enable.auto.commit": False}
        )
        places = [TopicPartition(INSTRUCTION_ISSUED, number) for number in partitions(INSTRUCTION_ISSUED)]
        for place in places:
            _, place.offset = self._consumer.get_watermark_offsets(place, timeout=10)
        self._consumer.assign(places)
        self._seen: list[tuple[int, bytes]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "Arrivals":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._consumer.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            message = self._consumer.poll(0.1)
            if message is not None and message.error() is None:
                self._seen.append((time.monotonic_ns(), message.value() or b""))

    def first(self, tag: str) -> dict[int, int]:
        """When each warning of a run was first answered (monotonic nanoseconds), by its number."""
        found: dict[int, int] = {}
        start = f"BENCH-{tag}-"
        for at, value in list(self._seen):
            name = orjson.loads(value)["instruction_number"]
            if name.startswith(start):
                found.setdefault(int(name.removeprefix(start)), at)
        return found

    def wait_for(self, tag: str, count: int, *, within_s: float) -> dict[int, int]:
        """`first`, once all of `count` are there. Raises TimeoutError, naming how many were missing."""
        limit = time.monotonic() + within_s
        while len(self._seen) < count or len(found := self.first(tag)) < count:
            if time.monotonic() > limit:
                raise TimeoutError(f"{count - len(self.first(tag))} of {count} warnings have no instruction")
            time.sleep(0.2)
        return found


def delays_ms(sent: list[int], arrived: dict[int, int]) -> list[float]:
    """From handing a warning over to its first instruction, in the order of sending."""
    return [(arrived[number] - at) / 1e6 for number, at in enumerate(sent)]
