"""What every Kafka client of ours shares: the address, a calm client, calls that end. It moves no records."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

import structlog
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.errors import KafkaConnectionError, KafkaError, NoError, OffsetOutOfRangeError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.metadata import MetadataRequest

from services.broker.identity import TopicIdsRequest, ids_of
from services.broker.quiet import hush_aiokafka

log = structlog.get_logger()

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0
FIRST_START = "the first start"  # what a client waits for before it was ever connected
TRY_S = 5.0  # one attempt to start, then the next
AWAY = (KafkaError, OSError, TimeoutError)  # what a client raises while the broker is not there
NO_REFUSAL = {NoError.errno, OffsetOutOfRangeError.errno}  # the second is told as PositionLost

Answer = TypeVar("Answer")


class BrokerSilent(Exception):
    """The broker did not answer in time. Nothing is known about what it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """Where the broker is and how to speak to it."""

    bootstrap: str  # host:port, several with commas
    incarnation: str | None = None  # the embedded broker's own word; None: the cluster id is asked for
    security: Mapping[str, Any] = field(default_factory=dict)  # aiokafka's security_protocol, ssl_context, sasl_…

    @property
    def embedded(self) -> bool:
        """Whether it keeps nothing on disk."""
        return self.incarnation is not None

    @property
    def arguments(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.bootstrap, **self.security}


class Waiting:
    """What a client waits for (None: nothing, the broker answers). Logs where a silence begins and where it ends."""

    def __init__(self, client: str) -> None:
        self.reason: str | None = FIRST_START
        self._client = client

    def tell(self, reason: str | None) -> None:
        was_silent = self.reason not in {None, FIRST_START}
        if reason is not None and not was_silent:
            log.warning("broker.silent", client=self._client, reason=reason)
        elif reason is None and was_silent:
            log.warning("broker.answers", client=self._client)
        self.reason = reason


class CalmClient(AIOKafkaClient):  # type: ignore[misc]  # aiokafka has no types
    """aiokafka's connection pool with a back-off, and a memory of when the broker last answered.

    A broker that stops cleanly first says "no leader"; aiokafka then asks for new metadata without any pause and
    burns a whole core. Here refreshes are spaced, farther apart while they fail. And a refresh still awaited when
    the client closes is answered, because its waiters would otherwise wait for ever.
    """

    answered_at = 0.0  # monotonic; of any request
    fetched_at = 0.0  # monotonic; of a fetch request
    cluster_id: str | None = None
    refusals: Mapping[TopicPartition, str] = MappingProxyType({})  # what the last fetch answers refused, and why
    _pause_s = FIRST_PAUSE_S
    _not_before = 0.0
    _over = False

    async def send(self, node_id: Any, request: Any, *, group: ConnectionGroup = ConnectionGroup.DEFAULT) -> Any:
        try:
            answer = await super().send(node_id, request, group=group)
        except RuntimeError as closed:  # uvloop's word for a connection that has just been closed under our hands
            raise KafkaConnectionError("the connection was closed") from closed
        self.answered_at = time.monotonic()
        if isinstance(request, FetchRequest):
            self.fetched_at = self.answered_at
            self._note(answer)
        return answer

    def _note(self, answer: Any) -> None:
        """aiokafka logs what a fetch is refused and asks again for ever, so somebody has to know."""
        codes = {TopicPartition(topic, part[0]): part[1] for topic, parts in answer.topics for part in parts}
        refused = {place: for_code(code).__name__ for place, code in codes.items() if code not in NO_REFUSAL}
        if refused or self.refusals:
            others = {place: why for place, why in self.refusals.items() if place not in codes}
            self.refusals = others | refused

    async def ask(self, topics: list[str]) -> Any:
        """Ask any node for its metadata of `topics` (an empty list: only of the cluster)."""
        answer = await self.send(self.get_random_node(), MetadataRequest(topics))
        self.cluster_id = answer.cluster_id
        return answer

    async def topic_ids(self, topics: list[str]) -> dict[str, UUID]:
        """Which topics these names mean now; empty where the broker has no ids for topics."""
        try:
            return ids_of(await self.send(self.get_random_node(), TopicIdsRequest(topics)))
        except NotImplementedError:
            return {}

    async def _metadata_update(self, cluster_metadata: Any, topics: Any) -> bool:
        await asyncio.sleep(self._not_before - time.monotonic())
        updated: bool = await super()._metadata_update(cluster_metadata, topics)
        self._pause_s = FIRST_PAUSE_S if updated else min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._not_before = time.monotonic() + self._pause_s
        return updated

    async def _get_conn(self, node_id: Any, *, group: Any = ConnectionGroup.DEFAULT, no_hint: bool = False) -> Any:
        return None if self._over else await super()._get_conn(node_id, group=group, no_hint=no_hint)

    def force_metadata_update(self) -> Awaitable[bool]:
        if not self._over:
            refreshed: Awaitable[bool] = super().force_metadata_update()
            return refreshed
        unanswered: asyncio.Future[bool] = self._loop.create_future()
        unanswered.set_result(False)
        return unanswered

    async def close(self) -> None:
        self._over = True
        await super().close()
        if self._md_update_fut is not None and not self._md_update_fut.done():
            self._md_update_fut.set_result(False)


def calm(client: AIOKafkaClient) -> CalmClient:
    """Make an aiokafka client calm, in place: consumers and producers build theirs and let nobody pass another."""
    hush_aiokafka()
    client.__class__ = CalmClient
    calmed: CalmClient = client
    return calmed


Made = TypeVar("Made")


async def started(
    make: Callable[[], Made],
    begin: Callable[[Made], Awaitable[None]],
    drop: Callable[[Made], Awaitable[None]],
    waits: Callable[[str], None],
) -> Made:
    """Make a client and begin with it, again and again with a back-off until the broker is there; `waits` hears why."""
    pause_s = FIRST_PAUSE_S
    while True:
        client = make()
        try:
            async with asyncio.timeout(TRY_S):
                await begin(client)
        except AWAY as error:
            waits(f"the broker ({type(error).__name__})")
            await drop(client)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        except BaseException:
            await drop(client)
            raise
        else:
            return client


async def answered(call: Awaitable[Answer], *, within: float, what: str) -> Answer:
    """The answer of a call that might never return by itself; BrokerSilent after `within` seconds or on an error."""
    try:
        async with asyncio.timeout(within):
            return await call
    except AWAY as error:
        raise BrokerSilent(f"no answer about {what} within {within:g} s ({type(error).__name__})") from error


async def over(call: Coroutine[Any, Any, Any], *, within: float) -> bool:
    """Run a closing call to its end or for `within` seconds; never raises, says whether it came to its end.

    In a task of its own, because aiokafka's stop() can raise a bare CancelledError that nobody asked for.
    """
    task = asyncio.ensure_future(call)
    try:
        await asyncio.wait({task}, timeout=within)
    finally:
        task.cancel()
    return task.done() and not task.cancelled() and task.exception() is None
