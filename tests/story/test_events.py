"""The event stream: what it delivers, to whom, how it resumes, and that it never waits for a slow reader."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import uuid4

import httpx2
import orjson
import pytest
from centre import PHONE, START, Centre

from schemas.case import CaseChanged, Happened
from schemas.envelope import headers_for
from schemas.topics import CASE_CHANGED, TOPICS
from services.api.app import make_app
from services.api.events import Broadcaster
from services.broker.embedded import EmbeddedBroker
from services.broker.link import BrokerAddress
from services.broker.producer import Message, Sender
from services.broker.topics import ensure_topics
from services.health import served
from services.store import outbox


def changed(version: int, *, unit: str = "P1") -> CaseChanged:
    return CaseChanged(
        case_id=uuid4(),
        version=version,
        turn=1,
        changes=(Happened(action="OPEN", by="system"),),
        state="PENDING",
        risk="HIGH",
        mode="actual",
        responsible_unit=unit,
        at=START,
    )


def begun(size: int = 8) -> Broadcaster:
    broadcaster = Broadcaster(size=size)
    broadcaster.begin("test", {0: 10, 1: 0})
    return broadcaster


async def yes() -> bool:
    return True


def opened(broadcaster: Broadcaster, *, unit: str | None = None, last_id: str | None = None) -> AsyncIterator[bytes]:
    return broadcaster.stream(unit=unit, last_id=last_id, allowed=yes, beat_s=60)


async def rest(stream: AsyncIterator[bytes]) -> str:
    return b"".join([part async for part in stream]).decode()


def ids(text: str) -> list[str]:
    return [line.removeprefix("id: ") for line in text.splitlines() if line.startswith("id: ")]


async def test_a_stream_resumes_exactly_after_its_last_event() -> None:
    broadcaster = begun()
    for offset in (10, 11, 12):
        broadcaster.tell(changed(offset), partition=0, offset=offset)
    broadcaster.tell(changed(1), partition=1, offset=0)
    everything = opened(broadcaster, last_id=broadcaster.position.split("/")[0] + "/0:10,1:0")
    broadcaster.close()
    first, *others = ids(await rest(everything))

    resumed = await rest(opened(broadcaster, last_id=first))

    assert len(others) == 3
    assert ids(resumed) == others
    assert "resync" not in resumed


@pytest.mark.parametrize("last_id", ["", "x", "0:12", "{tag}/0:9,1:0", "{tag}/0:12,1:99", "{tag}/0:a", "{tag}/7:1"])
async def test_an_unknown_last_event_means_resync(last_id: str) -> None:
    broadcaster = begun()
    broadcaster.tell(changed(1), partition=0, offset=10)
    tag = broadcaster.position.split("/")[0]
    broadcaster.close()

    text = await rest(opened(broadcaster, last_id=last_id.replace("{tag}", tag)))

    assert "event: resync" in text
    assert ids(text) == [broadcaster.position]


async def test_an_event_that_left_the_ring_means_resync() -> None:
    broadcaster = begun(size=2)
    for offset in (10, 11, 12):
        broadcaster.tell(changed(offset), partition=0, offset=offset)
    tag = broadcaster.position.split("/")[0]
    broadcaster.close()

    assert "resync" in await rest(opened(broadcaster, last_id=f"{tag}/0:10,1:0"))
    assert ids(await rest(opened(broadcaster, last_id=f"{tag}/0:11,1:0"))) == [f"{tag}/0:12,1:0", f"{tag}/0:13,1:0"]


async def test_a_slow_reader_is_told_to_read_anew() -> None:
    broadcaster = begun(size=4)
    stream = opened(broadcaster)
    assert b"retry" in await anext(stream)
    for offset in range(10, 20):
        broadcaster.tell(changed(offset), partition=0, offset=offset)

    told = await anext(stream)

    assert b"event: resync" in told
    assert ids(told.decode()) == [broadcaster.position]
    broadcaster.tell(changed(20), partition=0, offset=20)
    assert b"event: case" in await anext(stream)


async def test_a_gap_in_the_reading_means_resync_for_all() -> None:
    broadcaster = begun()
    stream = opened(broadcaster)
    await anext(stream)

    broadcaster.begin("test", {0: 50, 1: 50})

    assert b"event: resync" in await anext(stream)


async def test_a_precinct_hears_only_of_its_own_cases() -> None:
    broadcaster = begun()
    stream = opened(broadcaster, unit="P2")
    await anext(stream)
    broadcaster.tell(changed(1, unit="P1"), partition=0, offset=10)
    broadcaster.tell(changed(2, unit="P2"), partition=0, offset=11)

    told = await anext(stream)

    assert told.count(b"event: case") == 1
    assert b'"responsible_unit":"P2"' in told


async def test_a_stream_ends_when_its_token_does() -> None:
    async def no() -> bool:
        return False

    stream = begun().stream(unit=None, last_id=None, allowed=no, beat_s=0)
    await anext(stream)

    assert [part async for part in stream] == []


async def test_a_quiet_stream_beats_and_stays_resumable() -> None:
    broadcaster = begun()
    stream = broadcaster.stream(unit="P2", last_id=None, allowed=yes, beat_s=0)
    await anext(stream)
    broadcaster.tell(changed(1, unit="P1"), partition=0, offset=10)

    beat = await anext(stream)

    assert beat.startswith(b":")
    assert ids(beat.decode()) == [broadcaster.position]


@pytest.fixture
def embedded() -> Iterator[BrokerAddress]:
    broker = EmbeddedBroker()
    yield broker.address
    broker.close()


async def relay(centre: Centre, sender: Sender) -> None:
    """Send what the outbox holds, as the relay does."""
    async with centre.store.begin() as tx:
        waiting = await outbox.claim(tx, limit=100, older_than=timedelta(0))
        now = [one.message for one in waiting if one.message.topic == CASE_CHANGED]
        headers = [
            headers_for(id=one.ce_id, source="/quanzu", type=one.ce_type, time=START, key=one.key) for one in now
        ]
        await sender.send(
            [
                Message(topic=one.topic, key=one.key.encode(), headers=header, value=one.value)
                for one, header in zip(now, headers, strict=True)
            ]
        )
        await outbox.forget(tx, [one.id for one in waiting])


async def next_event(lines: AsyncIterator[str]) -> tuple[str, str, str]:
    """(event, id, data) of the next event; comments and bare ids are passed over."""
    found: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line:
            found[name] = value
        elif "event" in found:
            return found["event"], found["id"], found["data"]
        else:
            found.clear()
    raise AssertionError("the stream has ended")


async def test_changes_are_streamed_and_resumed_over_kafka(centre: Centre, embedded: BrokerAddress) -> None:
    await ensure_topics(embedded, [TOPICS[CASE_CHANGED]])
    broadcaster = Broadcaster()
    app = make_app(centre.parts, broadcaster)
    sender = Sender(embedded)
    async with (
        served(app, host="127.0.0.1", port=0) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client,
    ):
        async with client.stream("GET", "/events", headers=centre.headers("desk-1")) as response:
            lines = response.aiter_lines()
            assert response.headers["content-type"].startswith("text/event-stream")
            assert await anext(lines) == "retry: 1000"
            following = asyncio.create_task(broadcaster.follow(embedded))
            assert (await next_event(lines))[0] == "resync"  # reading has begun
            await sender.start()
            other, case = await centre.warn(unit="P2"), await centre.warn(unit="P1")
            await relay(centre, sender)
            event, seen_id, data = await next_event(lines)
            assert (event, orjson.loads(data)["case_id"], orjson.loads(data)["version"]) == ("case", str(case), 2)
            assert str(other) not in data
            assert broadcaster.streams == 1
        await centre.do("R11", case, "acknowledgement")
        await relay(centre, sender)

        headers = centre.headers("desk-1") | {"last-event-id": seen_id}
        async with client.stream("GET", "/events", headers=headers) as response:
            lines = response.aiter_lines()
            event, _, data = await next_event(lines)
            assert (event, orjson.loads(data)["state"]) == ("case", "ACKNOWLEDGED")
            assert PHONE not in data
            broadcaster.close()
            assert [line async for line in lines if line and not line.startswith((":", "id"))] == []
    following.cancel()
    await asyncio.wait({following})
    await sender.stop()
