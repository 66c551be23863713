"""Case changes for whoever looks on: one reader of Kafka, one ring, each change encoded once. Knows no HTTP and no roles.

An event's id is the vector of positions after it (`tag/0:12,1:7`), so a stream may go on at another process of ours. A
reader is an index into the ring: one that falls out of it is told to read everything anew, and costs no memory meanwhile.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from pydantic import ValidationError

from schemas.case import CaseChanged
from schemas.envelope import BadEnvelope, EventType, must_be, read
from schemas.topics import CASE_CHANGED
from services.api import metrics
from services.broker.consumer import PositionLost
from services.broker.follow import Follower
from services.broker.link import BrokerAddress, BrokerSilent
from services.broker.salvage import Unread

log = structlog.get_logger(__name__)

RING: Final = 4096
CHUNK: Final = 256  # changes put into one write
MOST_JOINED: Final = 64
BEAT_S: Final = 5.0  # a comment that keeps proxies from closing the line, and a look whether the token still holds
FETCH_S: Final = 1.0
PAUSE_S: Final = 0.5  # where the broker gave no answer about a lost place


@dataclass(slots=True, kw_only=True)
class Reader:
    """Where somebody is in the ring, and whose cases they hear of."""

    unit: str | None
    at: int
    begins: int
    waiting: list[bytes] = field(default_factory=list)  # of what came before they looked on


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One change, ready to be sent."""

    frame: bytes
    partition: int
    offset: int
    units: frozenset[str]  # in whose scope the case is
    gone: bytes = b""  # for those in whose scope it is no longer: its id and nothing else
    left: frozenset[str] = frozenset()


class Broadcaster:
    """The newest changes of all cases, for any number of streams."""

    def __init__(self, *, size: int = RING) -> None:
        self.streams = 0
        self._ring: list[Told | None] = [None] * size
        self._head = 0  # changes ever told; the newest one is at (head - 1) modulo the size
        self._begins = 0  # how often reading began anew, with a gap before it
        self._tag = ""
        self._next: dict[int, int] = {}
        self._floor: dict[int, int] = {}  # by partition: from this offset on, the ring misses nothing
        self._news = asyncio.Event()
        self._closed = False
        self._joins: dict[tuple[int, int, str | None], bytes] = {}  # since the last change

    async def follow(self, address: BrokerAddress) -> None:
        """Read the topic of case changes from its end for ever; wait for the broker however long it is away."""
        follower = Follower(address, [CASE_CHANGED], name="quanzu-api-events")
        try:
            await follower.start()
            self._begin(address, follower)
            while True:
                try:
                    batches = await follower.fetch(wait=FETCH_S)
                except PositionLost:
                    log.warning("events.gap", action="events.gap")
                    self._begin(address, follower)
                    continue
                except BrokerSilent as silent:
                    log.info("events.broker_silent", action="events.broker_silent", reason=str(silent))
                    await asyncio.sleep(PAUSE_S)
                    continue
                for batch in batches:
                    for record in batch.records:
                        self._take(record)
        finally:
            await follower.stop()

    def _begin(self, address: BrokerAddress, follower: Follower) -> None:
        positions = {partition.partition: position for partition, position in follower.positions.items()}
        self.begin(address.incarnation or "kafka", positions)

    def begin(self, incarnation: str, positions: Mapping[int, int]) -> None:
        """From here on everything is told, and nothing before: every open stream has to read anew."""
        self._tag = hashlib.sha256(incarnation.encode()).hexdigest()[:8]
        self._next, self._floor = dict(positions), dict(positions)
        self._begins += 1
        self._head += len(self._ring)  # nothing that is in the ring can be reached any more
        self._ring = [None] * len(self._ring)
        self._wake()

    def _take(self, record: Any) -> None:
        if isinstance(record, Unread):
            metrics.UNREADABLE.inc()
            return
        try:
            envelope = read(record.headers, record.value)
            must_be(EventType.CASE_CHANGED, envelope)
            changed = CaseChanged.model_validate_json(envelope.data)
        except (BadEnvelope, ValidationError):
            metrics.UNREADABLE.inc()
            return
        self.tell(changed, partition=record.partition, offset=record.offset)

    def tell(self, changed: CaseChanged, *, partition: int, offset: int) -> None:
        """Put one change into the ring and wake the streams."""
        slot = self._head % len(self._ring)
        if (gone := self._ring[slot]) is not None:
            self._floor[gone.partition] = gone.offset + 1
        self._floor.setdefault(partition, offset)
        self._next[partition] = offset + 1
        self._ring[slot] = Told(
            frame=f"id: {self.position}\nevent: case\ndata: {changed.model_dump_json()}\n\n".encode(),
            partition=partition,
            offset=offset,
            units=frozenset(
                filter(None, (changed.assigned_unit, changed.responsible_unit, *changed.co_assigned_units))
            ),
            gone=f'id: {self.position}\nevent: gone\ndata: {{"case_id":"{changed.case_id}"}}\n\n'.encode(),
            left=frozenset(changed.left_units),
        )
        self._head += 1
        metrics.EVENTS.inc()
        self._wake()

    @property
    def position(self) -> str:
        """The id of the newest event."""
        return f"{self._tag}/{','.join(f'{number}:{self._next[number]}' for number in sorted(self._next))}"

    def close(self) -> None:
        """End every stream now."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._joins.clear()
        self._news.set()
        self._news = asyncio.Event()

    def reader(self, unit: str | None, last_id: str | None) -> "Reader":
        """Somebody who begins to look on, after the event `last_id`; `unit` None sees everything."""
        reader = Reader(unit=unit, at=self._head, begins=self._begins)
        missed = [] if last_id is None else self._after(last_id)
        if missed is None:
            reader.waiting.append(self._resync())
            return reader
        reader.waiting.append(b"retry: 1000\n\n" + (f"id: {self.position}\n\n".encode() if last_id is None else b""))
        for start in range(0, len(missed), CHUNK):
            if frames := _frames(missed[start : start + CHUNK], unit):
                reader.waiting.append(frames)
        return reader

    def read(self, reader: "Reader") -> bytes | None:
        """The next that this reader has to hear; None once there is nothing more."""
        if reader.waiting:
            return reader.waiting.pop(0)
        if reader.begins != self._begins or reader.at < self._head - len(self._ring):
            reader.at, reader.begins = self._head, self._begins
            return self._resync()
        while reader.at < self._head:
            first, reader.at = reader.at, min(self._head, reader.at + CHUNK)
            if frames := self._joined(first, reader.at, reader.unit):
                return frames
        return None

    def beat(self, reader: "Reader") -> bytes:
        """What a reader who has heard everything is told meanwhile."""
        return f":\nid: {self.position}\n\n".encode() if reader.at == self._head else b":\n\n"

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def news(self) -> asyncio.Event:
        """Set once there is more than there is now: to be taken before reading."""
        return self._news

    async def stream(
        self, *, unit: str | None, last_id: str | None, allowed: Callable[[], Awaitable[bool]], beat_s: float = BEAT_S
    ) -> AsyncIterator[bytes]:
        """The bytes of one reader: what came after `last_id`, then what comes.

        Ends when the broadcaster closes, or within `beat_s` of `allowed` turning false.
        """
        reader = self.reader(unit, last_id)
        beat_at = time.monotonic() + beat_s
        while True:
            news = self._news
            while (told := self.read(reader)) is not None:
                yield told
            if self._closed:
                return
            await _within(news, beat_at - time.monotonic())
            if time.monotonic() >= beat_at:
                if not await allowed():
                    return
                beat_at = time.monotonic() + beat_s
                yield self.beat(reader)

    def _joined(self, first: int, end: int, unit: str | None) -> bytes:
        """The frames of a stretch for one unit; most readers stand at the same place and get the very same bytes."""
        stretch = (first, end, unit)
        known = self._joins.get(stretch)
        if known is None:
            known = _frames(self._between(first, end), unit)
            if len(self._joins) < MOST_JOINED:
                self._joins[stretch] = known
        return known

    def _between(self, first: int, end: int) -> list[Told]:
        found = (self._ring[number % len(self._ring)] for number in range(first, end))
        return [told for told in found if told is not None]

    def _after(self, last_id: str) -> list[Told] | None:
        """What came after an event, or None where the ring can't say."""
        positions = _vector(last_id, self._tag)
        if positions is None or positions.keys() - self._next.keys():
            return None
        if any(
            not floor <= positions.get(number, floor) <= self._next[number] for number, floor in self._floor.items()
        ):
            return None
        kept = self._between(max(0, self._head - len(self._ring)), self._head)
        return [told for told in kept if told.offset >= positions.get(told.partition, 0)]

    def _resync(self) -> bytes:
        metrics.RESYNCS.inc()
        return f"id: {self.position}\nevent: resync\ndata: {{}}\n\n".encode()


def _frames(told: list[Told], unit: str | None) -> bytes:
    return b"".join(_frame(one, unit) for one in told)


def _frame(one: Told, unit: str | None) -> bytes:
    if unit is None or unit in one.units:
        return one.frame
    return one.gone if unit in one.left else b""


async def _within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()
    except TimeoutError:
        pass


def _vector(event_id: str, tag: str) -> dict[int, int] | None:
    """The positions in an event's id; None where it is none of ours, or of another broker's."""
    of, slash, pairs = event_id.partition("/")
    if not slash or of != tag or len(event_id) > 4000:
        return None
    try:
        split = [pair.split(":") for pair in pairs.split(",") if pair]
        return {int(partition): int(offset) for partition, offset in split}
    except ValueError:
        return None
