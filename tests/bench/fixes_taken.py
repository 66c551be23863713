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
    """Say how many a second, from the first that came on; and how many a second of the processor."""
    settings = read_settings()
    assert settings.kafka is not None
    positions = Positions(lambda: datetime.now(UTC), source_datum=settings.source_datum)
    places = {TopicPartition(RESPONDER_POSITION, number): begin for number, begin in enumerate(begins)}
    follower = Follower(BrokerAddress(bootstrap=settings.kafka), [RESPONDER_POSITION], positions=places)
    await follower.start()
    as_served()
    first: tuple[float, float, int] | None = None
    seen = 0
    try:
        while seen < count:
            for batch in await follower.fetch(wait=1.0):
                seen += len(batch.records)
                if mode == "take":
                    positions.take(batch.records)
            if first is None and seen:
                first = (time.monotonic(), time.process_time(), seen)
        ended, spent_s = time.monotonic(), time.process_time()
    finally:
        await follower.stop()
    assert first is not None
    assert mode == "fetch" or positions.newest, "no fix was good"
    began, began_cpu, had = first
    told = {"rate": (count - had) / (ended - began), "a_core": (count - had) / (spent_s - began_cpu)}
    say(json.dumps(told | {"known": len(positions.newest)}))


if __name__ == "__main__":
    uvloop.run(asyncio.wait_for(run(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])), timeout=120))
