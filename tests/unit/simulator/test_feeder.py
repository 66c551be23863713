"""The feeder: its pace follows the clock, and a list of incidents becomes warnings."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from schemas.topics import WARNING_ISSUED, WARNING_URGENT
from services.broker.embedded import EmbeddedBroker
from services.broker.follow import Follower
from services.broker.producer import Sender
from services.clock import MovedClock, SteadyClock
from services.handlers.warning import Incoming, decode
from services.simulator.county import county
from services.simulator.feeder import Feeder, Incident, read_incidents
from services.simulator.following import records
from services.simulator.traffic import Traffic

START = datetime(2026, 5, 1, 8, tzinfo=UTC)


@pytest.fixture
async def lines() -> AsyncIterator[tuple[Sender, Follower]]:
    """A sender and a follower of both warning topics, on a broker of their own."""
    broker = EmbeddedBroker()
    sender = Sender(broker.address, name="test")
    follower = Follower(broker.address, [WARNING_ISSUED, WARNING_URGENT], name="test")
    await follower.start()
    yield sender, follower
    await follower.stop()
    await sender.stop()
    broker.close()


async def received(follower: Follower, count: int) -> list[Incoming]:
    found: list[Incoming] = []
    async with asyncio.timeout(20):
        async for record in records(follower):
            found.append(decode(record.headers, record.value))
            if len(found) == count:
                break
    return found


async def test_the_feeder_sends_one_record_a_turn_of_the_clock(lines: tuple[Sender, Follower]) -> None:
    sender, follower = lines
    clock = MovedClock(START)
    feeding = asyncio.create_task(Feeder(sender, clock).feed(Traffic(county()), every=timedelta(seconds=80)))

    times = []
    for _ in range(3):
        (incoming,) = await received(follower, 1)
        times.append(incoming.warning.issued_at - START)
        clock.advance(timedelta(seconds=80))
    feeding.cancel()

    assert times == [timedelta(0), timedelta(seconds=80), timedelta(seconds=160)]


async def test_a_replay_keeps_the_gaps_between_incidents(lines: tuple[Sender, Follower]) -> None:
    sender, follower = lines
    clock = SteadyClock(START, speed=3600)
    gap = timedelta(minutes=30)
    incidents = [Incident(at=START + number * gap, lat=1.0, lon=2.0, type="THEFT") for number in range(4)]

    sent = await Feeder(sender, clock).replay(incidents, source="/simulation/test")

    found = sorted((await received(follower, 4)), key=lambda incoming: incoming.warning.issued_at)
    first = found[0].warning.issued_at
    assert sent == 4
    for number, incoming in enumerate(found):
        late = incoming.warning.issued_at - first - number * gap
        assert timedelta(minutes=-5) < late < timedelta(minutes=25)
    assert len({incoming.warning.subject.id_number for incoming in found}) == 4


async def test_the_public_incidents_become_warnings(lines: tuple[Sender, Follower], data_dir: Path) -> None:
    sender, follower = lines
    incidents = list(islice(read_incidents(data_dir / "chicago" / "incidents.csv.gz"), 500))
    clock = SteadyClock(START, speed=1_000_000)

    sent = await Feeder(sender, clock).replay(incidents, source="/simulation/chicago")

    found = await received(follower, 500)
    assert sent == 500
    assert sum(incoming.warning.places.current is None for incoming in found) == sum(
        row.lat is None for row in incidents
    )
    assert {incoming.warning.fraud_type for incoming in found} == {row.type for row in incidents}


def test_a_list_is_read_by_the_names_of_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "list.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("when,y,x,kind\n2026-05-01T08:00:00+08:00,1.5,2.5,A\n2026-05-01T08:00:00,,,B\n")

    rows = list(read_incidents(path, at="when", lat="y", lon="x", type="kind"))

    assert rows[0] == Incident(at=datetime(2026, 5, 1, tzinfo=UTC), lat=1.5, lon=2.5, type="A")
    assert rows[1] == Incident(at=START, lat=None, lon=None, type="B")
