"""The records of a follower one by one, for the parts of the simulation that look on. Reads on after a gap."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import structlog

from services.broker.consumer import PositionLost
from services.broker.follow import Follower
from services.broker.salvage import Unread

log = structlog.get_logger(__name__)

WAIT_S = 0.5


async def records(follower: Follower, *, until: asyncio.Event | None = None) -> AsyncIterator[Any]:
    """Every record (aiokafka's) as it comes, until the event is set; those that can't be read are left out."""
    while until is None or not until.is_set():
        try:
            batches = await follower.fetch(wait=WAIT_S)
        except PositionLost as lost:
            log.warning("follower.records_missed", topic=lost.partition.topic, partition=lost.partition.partition)
            continue
        for batch in batches:
            for record in batch.records:
                if not isinstance(record, Unread):
                    yield record
