"""Bank: answers each stop-payment request once, after a while. Holds no money and knows no account."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from random import Random
from typing import Literal
from uuid import UUID

import structlog
from pydantic import ValidationError

from schemas.envelope import BadEnvelope, EventType, headers_for, must_be, read
from schemas.stop_payment import StopPaymentRequested, StopPaymentResolved
from schemas.topics import STOP_PAYMENT_REQUESTED, STOP_PAYMENT_RESOLVED
from services.broker.follow import Follower
from services.broker.link import BrokerAddress
from services.broker.producer import Message, Sender, SendUnknown
from services.clock import Clock
from services.simulator.chance import Lognormal, Shares, one_of
from services.simulator.following import records

log = structlog.get_logger(__name__)

# All invented. Of a hundred answers; seconds of the clock from the request to the answer.
ANSWERS: Shares[str] = {"HELD": 80, "HELD_IN_PART": 10, "REJECTED": 10}
REASONS: Shares[Literal["mismatch", "empty", "other"]] = {"mismatch": 40, "empty": 40, "other": 20}
TO_DECIDE = Lognormal(mean=240, sigma=0.6)
HELD_FOR = timedelta(hours=48)
SOURCE = "/simulation/bank"


class Bank:
    """One bank for every account. A request that comes again (same order) gets no second answer."""

    def __init__(self, address: BrokerAddress, sender: Sender, clock: Clock, *, seed: int = 7) -> None:
        self._follower = Follower(address, [STOP_PAYMENT_REQUESTED], name="simulated-bank")
        self._sender = sender
        self._clock = clock
        self._seed = seed
        self._orders: set[UUID] = set()

    async def start(self) -> None:
        """From here on every request is seen."""
        await self._follower.start()

    async def stop(self) -> None:
        """Look on no longer; to be called whatever became of `start` and `run`."""
        await self._follower.stop()

    async def run(self) -> None:
        """Answer requests until cancelled."""
        async with asyncio.TaskGroup() as answering:
            async for request in self._requests():
                if request.order_id not in self._orders:
                    self._orders.add(request.order_id)
                    answering.create_task(self._answer(request))

    async def _requests(self) -> AsyncIterator[StopPaymentRequested]:
        async for record in records(self._follower):
            try:
                envelope = read(record.headers, record.value)
                must_be(EventType.STOP_PAYMENT_REQUESTED, envelope)
                yield StopPaymentRequested.model_validate_json(envelope.data)
            except (BadEnvelope, ValidationError) as bad:
                log.warning("bank.unreadable", kind=type(bad).__name__, partition=record.partition)

    async def _answer(self, request: StopPaymentRequested) -> None:
        rng = Random(f"{self._seed}:{request.order_id}")
        await self._clock.sleep_until(self._clock.now() + timedelta(seconds=TO_DECIDE.draw(rng)))
        now = self._clock.now()
        resolved = decided(request, rng, now=now)
        key = str(request.case_id)
        message = Message(
            topic=STOP_PAYMENT_RESOLVED,
            key=key.encode(),
            value=resolved.model_dump_json().encode(),
            headers=headers_for(
                id=f"{request.order_id}:resolved",
                source=SOURCE,
                type=EventType.STOP_PAYMENT_RESOLVED,
                time=now,
                key=key,
            ),
        )
        while True:
            try:
                await self._sender.send([message])
            except SendUnknown as unknown:
                log.warning("bank.sends_again", reason=str(unknown))
            else:
                return


def decided(request: StopPaymentRequested, rng: Random, *, now: datetime) -> StopPaymentResolved:
    """The answer: the whole amount held, a part of it, or the request rejected."""
    answer = one_of(rng, ANSWERS)
    share = {"HELD": 1.0, "HELD_IN_PART": rng.uniform(0.1, 0.9)}.get(answer)
    reason = one_of(rng, REASONS)
    return StopPaymentResolved(
        order_id=request.order_id,
        case_id=request.case_id,
        result="REJECTED" if share is None else "HELD",
        held_fen=None if share is None else int(request.amount_fen * share),
        held_until=None if share is None else now + HELD_FOR,
        reason=reason if share is None else None,
        resolved_at=now,
    )
