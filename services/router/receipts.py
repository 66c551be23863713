"""Receipts: the bank's answers on Kafka become facts of their cases. Keeps no position: every start reads them all again.

Each counts once by its event, and a week's answers are few. What one does, or why it does nothing, is in stop_receipt.
"""

import asyncio
import time

import structlog
from pydantic import ValidationError

from schemas.envelope import BadEnvelope, EventType, must_be, read
from schemas.stop_payment import StopPaymentResolved
from schemas.topics import STOP_PAYMENT_RESOLVED
from services.broker.consumer import PositionLost, RawConsumer
from services.broker.link import BrokerSilent
from services.broker.salvage import Unread
from services.domain.refusals import Refused
from services.handlers.stop_receipt import receive
from services.handlers.tally import tally
from services.router import metrics
from services.wiring import DATABASE_AWAY, Parts

log = structlog.get_logger(__name__)

WAIT_S, PAUSE_S = 0.2, 0.5
LOOK_S = 30.0  # how often the topic is asked whether it has grown
LONGEST_EVENT = 1000


async def read_receipts(parts: Parts) -> None:
    """Until cancelled. Any number of routers may do this at once: each answer counts once."""
    consumer = RawConsumer(parts.broker, name="receipts")
    await consumer.start()
    looked_at = 0.0
    try:
        while True:
            try:
                if time.monotonic() - looked_at > LOOK_S or not consumer.positions:
                    await _take_places(consumer)
                    looked_at = time.monotonic()
                for batch in await consumer.fetch(wait=WAIT_S):
                    for record in batch.records:
                        await _receive(parts, record)
            except PositionLost:
                consumer.assign({})
            except BrokerSilent as silent:
                log.info("receipts.wait", reason=str(silent))
                await asyncio.sleep(PAUSE_S)
    finally:
        await consumer.stop()


async def _take_places(consumer: RawConsumer) -> None:
    """Every partition, from its earliest record where it is new here."""
    partitions = await consumer.partitions([STOP_PAYMENT_RESOLVED])
    if partitions - consumer.positions.keys():
        begins = await consumer.bounds(partitions)
        known = consumer.positions
        consumer.assign({partition: known.get(partition, begin) for partition, (begin, _) in begins.items()})
    elif not partitions:
        await asyncio.sleep(PAUSE_S)


async def _receive(parts: Parts, record: object) -> None:
    """One answer; what can't be one is said with its place and left."""
    if isinstance(record, Unread):
        log.warning("receipt.unreadable", kind=record.kind, partition=record.partition, offset=record.offset)
        return
    try:
        envelope = read(record.headers, record.value)  # type: ignore[attr-defined]  # aiokafka has no types
        must_be(EventType.STOP_PAYMENT_RESOLVED, envelope)
        answer = StopPaymentResolved.model_validate_json(envelope.data)
    except (BadEnvelope, ValidationError) as bad:
        log.warning("receipt.unreadable", kind=type(bad).__name__)
        return
    await _settle(parts, answer, event=f"{envelope.source}\x1f{envelope.id}"[:LONGEST_EVENT])


async def _settle(parts: Parts, answer: StopPaymentResolved, *, event: str) -> None:
    while True:
        try:
            async with parts.store.begin() as tx:
                taken = await receive(tx, parts.context, answer, event=event)
        except Refused as refused:
            log.warning("receipt.refused", code=refused.code, case_id=str(answer.case_id))
        except DATABASE_AWAY as away:
            log.warning("receipts.wait", reason=type(away).__name__)
            await asyncio.sleep(PAUSE_S)
            continue
        else:
            tally(taken.changes)
            if taken.effect is not None:
                metrics.RECEIPTS.labels(answer.result, taken.effect.value).inc()
                log.info("receipt.kept", action="stop.receipt", effect=taken.effect, order_id=str(answer.order_id))
        return
