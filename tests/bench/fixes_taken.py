"""Read a backlog of fixes as a process that chooses does. A program of its own.

`python -m tests.bench.fixes_taken take|fetch COUNT BEGINS`: `fetch` looks at no record; BEGINS are offsets by partition.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime

import uvloop
from aiokafka import TopicPartition

from schemas.topics import RESPONDER_POSITION
from services.broker.follow import Follower
from services.broker.link import BrokerAddress
from services.handlers.positions import Positions
from services.settings import read_settings
from tests.bench.inside import as_served
from tests.bench.rows import say


async def run(mode: str, count: int, begins: list[int]) -> None:
    """Say how many a second, from the first that came on."""
    settings = read_settings()
    assert settings.kafka is not None
    positions = Positions(lambda: datetime.now(UTC), source_datum=settings.source_datum)
    places = {TopicPartition(RESPONDER_POSITION, number): begin for number, begin in enumerate(begins)}
    follower = Follower(BrokerAddress(bootstrap=settings.kafka), [RESPONDER_POSITION], positions=places)
    await follower.start()
    as_served()
    first: tuple[float, int] | None = None
    seen = 0
    try:
        while seen < count:
            for batch in await follower.fetch(wait=1.0):
                seen += len(batch.records)
                if mode == "take":
                    positions.take(batch.records)
            if first is None and seen:
                first = (time.monotonic(), seen)
        ended = time.monotonic()
    finally:
        await follower.stop()
    assert first is not None
    assert mode == "fetch" or positions.newest, "no fix was good"
    began, had = first
    say(json.dumps({"rate": (count - had) / (ended - began), "known": len(positions.newest)}))


if __name__ == "__main__":
    uvloop.run(asyncio.wait_for(run(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])), timeout=120))
