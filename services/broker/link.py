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
from aiokafka.conn import create_conn
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    NoError,
    OffsetOutOfRangeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.metadata import MetadataRequest

from services.broker.identity import TopicIdsRequest, ids_of
from services.broker.quiet import hush_aiokafka
from services.tls import WORDS, Certificates, Fault, fault_of

log = structlog.get_logger()

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0
FIRST_START = "the first start"  # what a client waits for before it was ever connected
TRY_S = 5.0  # one attempt to start, then the next
REFUSED_WITHIN_S = 2.0  # who refuses does it soon; who says nothing is away
AWAY = (KafkaError, OSError, TimeoutError)  # what a client raises while the broker is not there
NO_REFUSAL = {NoError.errno, OffsetOutOfRangeError.errno}  # the second is told as PositionLost

Answer = TypeVar("Answer")


class BrokerRefused(KafkaConnectionError):  # type: ignore[misc]  # aiokafka has no types
    """The broker is there, but it or we refuse: a certificate, a user, a password. Waiting may mend it, as any silence."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(WORDS[fault])
        self.fault = fault

    def __str__(self) -> str:
        return WORDS[self.fault]


class BrokerSilent(Exception):
    """The broker did not answer in time. Nothing is known about what it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """Where the broker is and how to speak to it."""

    bootstrap: str  # host:port, several with commas
    incarnation: str | None = None  # the embedded broker's own word; None: the cluster id is asked for
    security: Mapping[str, Any] = field(default_factory=dict, repr=False)  # aiokafka's security_protocol and sasl_…
    certificates: Certificates | None = None  # None: no TLS

    @property
    def embedded(self) -> bool:
        """Whether it keeps nothing on disk."""
        return self.incarnation is not None

    @property
    def arguments(self) -> dict[str, Any]:
        tls = {} if self.certificates is None else {"ssl_context": self.certificates.context()}
        return {"bootstrap_servers": self.bootstrap, **self.security, **tls}


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
    certificates: Certificates | None = None
    forbidden: frozenset[str] = frozenset()  # topics that the broker tells us nothing of
    fault: Fault | None = None  # why the last connection was refused
    refusals: Mapping[TopicPartition, str] = MappingProxyType({})  # what the last fetch answers refused, and why
    _pause_s = FIRST_PAUSE_S
    _not_before = 0.0
    _over = False

    async def send(self, node_id: Any, request: Any, *, group: ConnectionGroup = ConnectionGroup.DEFAULT) -> Any:
        try:
            answer = await super().send(node_id, request, group=group)
        except NodeNotReadyError as away:
            raise away if self.fault is None else BrokerRefused(self.fault) from away
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
        refused = {about[1] for about in answer.topics if about[0] == TopicAuthorizationFailedError.errno}
        self.forbidden = (self.forbidden - set(topics)) | refused
        return answer

    async def bootstrap(self) -> None:
        """As aiokafka's, which only logs why nobody let us in: raises BrokerRefused where it is a matter of trust."""
        self._renew()
        try:
            await super().bootstrap()
        except KafkaConnectionError as error:
            for host, port, _ in self.hosts:
                if (fault := await self._refusal(host, port)) is not None:
                    raise BrokerRefused(fault) from error
            raise

    def _renew(self) -> None:
        """New connections are made with the certificates as they are now."""
        if self.certificates is not None:
            self._ssl_context = self.certificates.context()

    async def _refusal(self, host: str, port: int) -> Fault | None:
        """Try one connection for its error, which aiokafka keeps to itself. A plain one is refused by nobody."""
        if self._security_protocol == "PLAINTEXT":
            return None
        try:
            async with asyncio.timeout(REFUSED_WITHIN_S):
                tried = await create_conn(
                    host,
                    port,
                    client_id=self._client_id,
                    request_timeout_ms=self._request_timeout_ms,
                    ssl_context=self._ssl_context,
                    security_protocol=self._security_protocol,
                    sasl_mechanism=self._sasl_mechanism,
                    sasl_plain_username=self._sasl_plain_username,
                    sasl_plain_password=self._sasl_plain_password,
                )
        except (SaslAuthenticationFailed, UnsupportedSaslMechanismError):
            return Fault.LOGIN
        except ConnectionResetError:  # before TLS was agreed on: the connection itself was taken
            return Fault.NO_TLS
        except AWAY as error:
            return fault_of(error)
        tried.close()
        return None

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
        if self._over:
            return None
        self._renew()
        found = await super()._get_conn(node_id, group=group, no_hint=no_hint)
        broker = None if found else self.cluster.broker_metadata(node_id)
        self.fault = None if broker is None else await self._refusal(broker.host, broker.port)
        return found

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


def calm(client: AIOKafkaClient, address: BrokerAddress) -> CalmClient:
    """Make an aiokafka client calm, in place: consumers and producers build theirs and let nobody pass another."""
    hush_aiokafka()
    client.__class__ = CalmClient
    calmed: CalmClient = client
    calmed.certificates = address.certificates
    return calmed


def told(error: BaseException) -> str:
    """Why the broker is away: in words where it refuses, else the kind alone."""
    return str(error) if isinstance(error, BrokerRefused) else type(error).__name__


Made = TypeVar("Made")


async def started(
    make: Callable[[], Made],
    begin: Callable[[Made], Awaitable[None]],
    drop: Callable[[Made], Awaitable[None]],
    waits: Callable[[str], None],
    *,
    patient: bool = True,
) -> Made:
    """Make a client and begin with it, again and again with a back-off until the broker is there; `waits` hears why.

    Raises BrokerRefused at once where it is not `patient`: a person who waits can mend it, time alone seldom.
    """
    pause_s = FIRST_PAUSE_S
    while True:
        client = make()
        try:
            async with asyncio.timeout(TRY_S):
                await begin(client)
        except AWAY as error:
            waits(f"the broker ({told(error)})")
            await drop(client)
            if isinstance(error, BrokerRefused) and not patient:
                raise
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
        raise BrokerSilent(f"no answer about {what} within {within:g} s ({told(error)})") from error


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
