"""What a lane has committed goes out beside its next batch; what the broker has is remembered until it can be deleted."""

import asyncio
import time
from collections.abc import Sequence

import structlog

from schemas.envelope import headers_for
from services.broker.producer import Message as Record
from services.broker.producer import Sender, SendUnknown, TooLargeToSend
from services.clock import Clock
from services.handlers.messages import SOURCE
from services.handlers.warning import Taken
from services.store.outbox import Message

log = structlog.get_logger(__name__)

HAND_OVERS = 4  # between tasks, from here to the wire: the delivery, aiokafka's sender, its request, uvloop's write
MOST = 500  # messages on their way at once, or a single batch: more is memory, and no help where the broker is slow


class Sending:
    """Some batches' messages at a time. `confirmed` are the outbox rows of messages that the broker has."""

    def __init__(self, sender: Sender, clock: Clock) -> None:
        self.confirmed: list[int] = []
        self.confirmed_at = 0.0  # monotonic
        self._sender, self._clock = sender, clock
        self._under_way: dict[asyncio.Task[None], int] = {}  # and how many messages each carries

    async def send(self, taken: Taken) -> None:
        """Begin to send what was committed; waits only where too much is on its way already."""
        messages = [message for opening in taken.opened for message in opening.messages]
        if not messages:
            return
        while self._under_way and sum(self._under_way.values()) + len(messages) > MOST:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        delivery = asyncio.create_task(self._deliver(messages, taken.outbox_ids))
        self._under_way[delivery] = len(messages)
        delivery.add_done_callback(self._under_way.pop)
        for _ in range(HAND_OVERS):  # else what is committed waits until the lane has prepared its next batch
            await asyncio.sleep(0)

    async def done(self) -> None:
        """Wait for what is under way: it ends within the sender's deadline, one way or the other."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    def forget(self, deleted: Sequence[int]) -> None:
        """The first of the confirmed rows are deleted, and that is committed."""
        del self.confirmed[: len(deleted)]

    async def _deliver(self, messages: Sequence[Message], ids: Sequence[int]) -> None:
        at = self._clock.now()
        records = [
            Record(
                topic=message.topic,
                key=message.key.encode(),
                value=message.value,
                headers=headers_for(id=message.ce_id, source=SOURCE, type=message.ce_type, time=at, key=message.key),
            )
            for message in messages
        ]
        try:
            await self._sender.send(records)
        except (SendUnknown, TooLargeToSend) as failed:
            # Stored they are; the relay sends them again with the same ids.
            log.warning("lane.left_to_relay", messages=len(records), reason=type(failed).__name__)
            return
        self.confirmed.extend(ids)
        self.confirmed_at = time.monotonic()
