"""The floor of a delay: consume, produce, commit, and nothing between. A program of its own, that runs until it is ended.

What it sends is as large as an instruction and names the warning in the same field.
"""

import asyncio
import time

import orjson
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from schemas.topics import INSTRUCTION_ISSUED, WARNING_ISSUED
from services.settings import read_settings
from tests.bench.warnings import SOURCE

INSTRUCTION_BYTES = 760  # a measured one; the message here is filled up to it


async def run() -> None:
    bootstrap = read_settings().kafka
    consumer = AIOKafkaConsumer(
        WARNING_ISSUED,
        bootstrap_servers=bootstrap,
        group_id=f"echo-{time.monotonic_ns()}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await asyncio.gather(consumer.start(), producer.start())
    while True:
        batches = await consumer.getmany(timeout_ms=1000, max_records=500)
        records = [record for batch in batches.values() for record in batch]
        if records:
            sent = [await producer.send(INSTRUCTION_ISSUED, _answer(record.key), record.key) for record in records]
            await asyncio.gather(*sent)
            await consumer.commit()


def _answer(key: bytes) -> bytes:
    number = key.decode().removeprefix(f"{SOURCE}:")
    return orjson.dumps({"instruction_number": number, "filling": ""}).ljust(INSTRUCTION_BYTES)


if __name__ == "__main__":
    uvloop.run(run())
