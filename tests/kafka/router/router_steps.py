"""Steps that tests of the router take: run routers in this process, put records on topics, look at what became of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from aiokafka import AIOKafkaProducer
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from sqlalchemy import Row, Table, select

from schemas.envelope import EventType
from schemas.topics import INSTRUCTION_ISSUED, WARNING_ISSUED
from services.clock import SteadyClock
from services.router.loop import run
from services.settings import DEMO_KEY, Settings, read_settings
from services.simulator.county import County, county, random_point
from services.store import registry, tables
from services.store.engine import Store
from services.store.schema import upgrade
from services.wiring import Parts, opened

SOURCE = "https://centre.test"
MOTING: County = county()
Headers = list[tuple[str, bytes]]


def settings_for(database: str, kafka: str) -> Settings:
    return read_settings(
        database=database, kafka=kafka, production=False, master_keys=DEMO_KEY, index_key=DEMO_KEY, source_datum="WGS84"
    )


async def settle_county(url: str) -> None:
    """Migrate the database and put the county in, everybody on duty for a long time."""
    store = Store(url, name="test")
    store.clock = SteadyClock(await store.measure_time())
    await upgrade(store)
    async with store.begin() as tx:
        shift = {"starts_at": tx.now - timedelta(days=1), "ends_at": tx.now + timedelta(days=30)}
        await registry.replace_all(
            tx,
            [registry.Unit(**_of(unit, "code kind name_zh name_en parent")) for unit in MOTING.units],
            [registry.Area(**_of(unit, "polygon"), unit=unit.code) for unit in MOTING.units if unit.polygon],
            [registry.RegionCode(code=one.code, unit=one.unit) for one in MOTING.region_codes],
            [registry.Responder(**_of(one, "code unit name grade post_lat post_lon")) for one in MOTING.responders],
            [registry.Duty(responder=one.code, **shift) for one in MOTING.responders],
        )
    await store.close()


def _of(given: Any, names: str) -> dict[str, Any]:
    return {name: getattr(given, name) for name in names.split()}


@dataclass(slots=True)
class Centre:
    """One database and one broker, with a store to look through and a producer to send with."""

    settings: Settings
    store: Store
    random: Random = field(default_factory=lambda: Random(7))
    sent: int = 0

    @staticmethod
    @asynccontextmanager
    async def opened(settings: Settings) -> "AsyncIterator[Centre]":
        store = Store(settings.database, name="test")
        store.clock = SteadyClock(await store.measure_time())
        yield Centre(settings, store)
        await store.close()

    @asynccontextmanager
    async def router(self) -> AsyncIterator[Parts]:
        """A router in this process, from the first connection until it has stopped in good order."""
        async with opened(self.settings, name="router") as parts:
            running = asyncio.create_task(run(parts))
            try:
                yield parts
            finally:
                parts.stop.set()
                async with asyncio.timeout(15):
                    await running

    def warning(self, number: str | None = None, **changes: Any) -> dict[str, Any]:
        """A good warning about somebody new, inside a precinct."""
        self.sent += 1
        unit = self.random.choice([unit for unit in MOTING.units if unit.polygon])
        lat, lon = random_point(self.random, unit)
        return {
            "instruction_number": number or f"MT-{self.sent}",
            "issued_at": self.now().isoformat(),
            "risk": "HIGH",
            "subject": {"name": "测试甲", "phone": f"199-0000-{self.sent:06}"},
            "places": {"current": {"point": {"lat": lat, "lon": lon, "datum": "WGS84"}}},
        } | changes

    def now(self) -> datetime:
        assert self.store.clock is not None
        return self.store.clock.now()

    async def send(self, *warnings: dict[str, Any], topic: str = WARNING_ISSUED, broker: str = "") -> None:
        """Each as an event of its own, acknowledged."""
        await self.put([event(json.dumps(one).encode()) for one in warnings], topic=topic, broker=broker)

    async def put_everywhere(self, count: int) -> None:
        """So many good warnings, evenly over the ordinary topic's partitions."""
        records = [event(json.dumps(self.warning()).encode()) for _ in range(count)]
        spread = [records[number::12] for number in range(12)]
        await asyncio.gather(*(self.put(some, partition=number) for number, some in enumerate(spread)))

    async def put(
        self,
        records: Sequence[tuple[Headers, bytes | None]],
        *,
        topic: str = WARNING_ISSUED,
        partition: int | None = None,
        broker: str = "",
    ) -> list[tuple[int, int]]:
        """Any records, acknowledged; returns partition and offset of each."""
        producer = AIOKafkaProducer(
            bootstrap_servers=broker or self.settings.kafka, acks="all", max_request_size=20 << 20
        )
        await producer.start()
        try:
            waiting = [
                await producer.send(topic, value, key=f"{index}".encode(), headers=headers, partition=partition)
                for index, (headers, value) in enumerate(records)
            ]
            done = [await one for one in waiting]
        finally:
            await producer.stop()
        return [(one.partition, one.offset) for one in done]

    async def rows(self, table: Table) -> "Sequence[Row[Any]]":
        async with self.store.read() as conn:
            return (await conn.execute(select(table))).all()

    async def cases(self) -> "dict[str, Row[Any]]":
        return {row.instruction_number: row for row in await self.rows(tables.cases)}

    async def until(self, holds: "Callable[[], Any]", *, within: float = 20.0) -> Any:
        """Ask (a coroutine function) again and again until the answer is truthy; returns it."""
        async with asyncio.timeout(within):
            while not (answer := await holds()):
                await asyncio.sleep(0.05)
        return answer

    async def count(self, table: Table, wanted: int, *, within: float = 20.0) -> "Sequence[Row[Any]]":
        """Wait until a table has so many rows, never more, and return them."""
        rows: Sequence[Row[Any]] = ()

        async def there() -> bool:
            nonlocal rows
            rows = await self.rows(table)
            assert len(rows) <= wanted, f"{len(rows)} rows of {table.name}, not {wanted}"
            return len(rows) == wanted

        try:
            await self.until(there, within=within)
        except TimeoutError:
            raise AssertionError(f"only {len(rows)} rows of {table.name}, not {wanted}") from None
        return rows

    async def all_sent(self) -> None:
        """Wait until the broker has every message that lanes send."""

        async def nothing_waits() -> bool:
            return not [row for row in await self.rows(tables.outbox) if row.writer is not None]

        await self.until(nothing_waits)

    async def shared(self, shares: list[int], topic: str = WARNING_ISSUED) -> bool:
        """Whether the lanes that have partitions of a topic have so many, ascending, and none is left over."""
        owners = [row.lane for row in await self.rows(tables.position) if row.topic == topic]
        return None not in owners and sorted(owners.count(lane) for lane in set(owners)) == shares

    async def read_up(self) -> None:
        """Wait until the routers' positions stand at the end of both topics."""

        async def at_the_end() -> bool:
            rows = await self.rows(tables.position)
            ends = await asyncio.to_thread(ends_of, self.settings.kafka, [row.topic for row in rows])
            return all(row.next_offset == ends[row.topic, row.partition] for row in rows)

        await self.until(at_the_end)

    async def messages(self, broker: str, topic: str = INSTRUCTION_ISSUED) -> list[dict[str, Any]]:
        """The bodies of everything on a topic now."""
        return [json.loads(value) for _, value in await asyncio.to_thread(everything, broker, topic)]


def ends_of(bootstrap: str, topics: Iterable[str]) -> dict[tuple[str, int], int]:
    """The offset after the last record of every partition."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    found = admin.list_topics(timeout=10).topics
    places = [TopicPartition(name, number) for name in set(topics) for number in found[name].partitions]
    answers = admin.list_offsets({place: OffsetSpec.latest() for place in places})
    return {(place.topic, place.partition): answer.result(timeout=10).offset for place, answer in answers.items()}


def everything(bootstrap: str, topic: str) -> list[tuple[dict[str, bytes], bytes]]:
    """Headers and value of every record on a topic now, partition by partition."""
    ends = {number: end for (_, number), end in ends_of(bootstrap, [topic]).items()}
    reader = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "test", "enable.auto.commit": False, "enable.partition.eof": True}
        | {"log_level": 0}
    )
    reader.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in ends])
    found, unread = [], set(ends)
    while unread:
        got = reader.poll(10)
        assert got is not None, "the topic cannot be read"
        if got.error() is None:
            found.append((dict(got.headers() or []), got.value()))
        else:
            assert got.error().code() == KafkaError._PARTITION_EOF
            unread.discard(got.partition())
    reader.close()
    return found


_ids = iter(range(1, 10**9))


def event(
    data: bytes,
    *,
    id: str | None = None,
    type: str = EventType.WARNING_ISSUED,
) -> "tuple[Headers, bytes]":
    """A binary CloudEvent under an id of its own."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", (id or f"event-{next(_ids)}").encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", type.encode()),
        ("content-type", b"application/json"),
    ]
    return headers, data
