"""Follower: everything that comes on some topics, for whoever looks on (the event stream, the simulator)."""

import time
from collections.abc import Iterable, Mapping

from aiokafka import TopicPartition

from services.broker.consumer import Batch, PositionLost, RawConsumer
from services.broker.link import BrokerAddress, BrokerSilent


class Follower:
    """Reads all partitions of `topics` from their ends, or from `positions` where given; no group, no commits."""

    def __init__(
        self,
        address: BrokerAddress,
        topics: Iterable[str],
        *,
        positions: Mapping[TopicPartition, int] | None = None,
        name: str = "quanzu-follower",
        look_every_s: float = 5.0,
    ) -> None:
        self._topics = list(topics)
        self._given = dict(positions or {})
        self._consumer = RawConsumer(address, name=name)
        self._incarnation = ""
        self._look_at = 0.0
        self._look_every_s = look_every_s

    @property
    def positions(self) -> Mapping[TopicPartition, int]:
        """The next offset to be handed out, by partition."""
        return self._consumer.positions

    @property
    def waiting_for(self) -> str | None:
        """What is missing; None while the broker answers."""
        return self._consumer.waiting_for

    def stalled(self, now: float) -> bool:
        """Whether nothing has come from the broker for too long at monotonic time `now`."""
        return self._consumer.stalled(now)

    async def start(self) -> None:
        """Connect and take the places to read from, however long the broker stays away. Cancel it to give up."""
        await self._consumer.start()
        while True:
            try:
                await self._take_places(self._given)
                return
            except BrokerSilent:
                continue  # each try waited for its deadline

    async def stop(self, within: float = 5.0) -> None:
        """Close; returns after `within` seconds at the latest and never raises."""
        await self._consumer.stop(within)

    async def fetch(self, max_records: int = 500, *, wait: float) -> list[Batch]:
        """As RawConsumer.fetch. PositionLost: records are missing here, and reading goes on at the ends.

        Raises BrokerSilent where a lost place could not be taken anew; the next call tries again.
        """
        await self._look_for_changes()
        try:
            return await self._consumer.fetch(max_records, wait=wait)
        except PositionLost:
            await self._take_places({})
            raise

    async def _take_places(self, given: Mapping[TopicPartition, int]) -> None:
        partitions = await self._consumer.partitions(self._topics)
        ends = await self._consumer.end_offsets(partitions - given.keys())
        self._consumer.assign({partition: given.get(partition, ends.get(partition, 0)) for partition in partitions})
        self._incarnation = self._consumer.incarnation()
        self._look_at = time.monotonic() + self._look_every_s

    async def _look_for_changes(self) -> None:
        """New partitions are read from their first record; on another cluster no position means anything."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + self._look_every_s
        if self._consumer.incarnation() != self._incarnation:
            lost = dict(self.positions)
            await self._take_places({})
            for partition, position in lost.items():
                raise PositionLost(partition, position)
        try:
            new = await self._consumer.partitions(self._topics) - self.positions.keys()
            begins = await self._consumer.bounds(new)
        except BrokerSilent:
            return
        if new:
            self._consumer.assign({**self.positions, **{partition: begin for partition, (begin, _) in begins.items()}})
