"""Records of a batch as items that know their place in the log; splitting, positions and dead letters of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import uuid5

from schemas.dead_letter import DeadLetter as WireDeadLetter
from schemas.envelope import EventType
from schemas.topics import WARNING_DLQ
from services.broker.consumer import Batch
from services.broker.salvage import Unread
from services.domain.case import CASE_NAMESPACE
from services.handlers.incoming import Incoming, Withdrawal
from services.handlers.warning import BadRecord, decode_any
from services.store.dead_letters import DeadLetter, RawRecord, event_key, seal_record
from services.store.outbox import Message
from services.store.sealing import Sealer


class Item(NamedTuple):
    """One record: what it is (a warning, a withdrawal or a fault), and how far the partition is read before and after it."""

    partition: int
    before: int
    after: int
    record: Any  # aiokafka's ConsumerRecord, or Unread
    found: Incoming | Withdrawal | BadRecord


def items_of(batches: Iterable[Batch]) -> list[Item]:
    """Every record decoded, partition by partition in order; a bad one is an item like any other."""
    return [item for batch in batches for item in _items(batch)]


def _items(batch: Batch) -> Iterable[Item]:
    before = batch.position
    last = len(batch.records) - 1
    for index, record in enumerate(batch.records):
        after = batch.next_position if index == last else record.offset + 1
        yield Item(batch.partition, before, after, record, _found(record))
        before = after


def _found(record: Any) -> Incoming | Withdrawal | BadRecord:
    if isinstance(record, Unread):
        return BadRecord(record.kind, record.reason)
    try:
        return decode_any(record.headers, record.value)
    except BadRecord as bad:
        return bad


def runs_of(items: Sequence[Item]) -> list[Sequence[Item]]:
    """The batch cut where warnings and withdrawals follow each other, so that each finds what came before it."""
    runs = groupby(items, key=lambda item: isinstance(item.found, Withdrawal))
    return [list(run) for _, run in runs]


def moved(items: Sequence[Item]) -> list[tuple[int, int, int]]:
    """Partition, first position and following position of a run of items."""
    spans: dict[int, tuple[int, int]] = {}
    for item in items:
        first, _ = spans.get(item.partition, (item.before, 0))
        spans[item.partition] = (first, item.after)
    return [(partition, first, following) for partition, (first, following) in spans.items()]


def letter_for(
    item: Item, fault: BadRecord, *, topic: str, incarnation: str, sealer: Sealer, now: datetime
) -> DeadLetter:
    """The dead letter of a record, with its bytes sealed where there are any."""
    record = item.record
    wrapped = sealed = None
    whole, size = (record.record, record.size) if isinstance(record, Unread) else (record, len(record.value or b""))
    if whole is not None:
        raw = RawRecord(
            key=whole.key, headers=[(name, value or b"") for name, value in whole.headers], value=whole.value
        )
        wrapped, sealed = seal_record(sealer, raw, topic=topic, partition=item.partition, offset=record.offset)
    return DeadLetter(
        incarnation=incarnation,
        topic=topic,
        partition=item.partition,
        offset=record.offset,
        error_class=fault.kind,
        reason=fault.reason,
        size=size,
        failed_at=now,
        wrapped_key=wrapped,
        sealed=sealed,
        event_key=_event_key(sealer, whole),
    )


def _event_key(sealer: Sealer, record: Any) -> bytes | None:
    """Of a record in binary mode whose source and id can be read."""
    headers = {} if record is None else dict(record.headers)
    try:
        source, ce_id = ((headers.get(name) or b"").decode() for name in ("ce_source", "ce_id"))
    except UnicodeDecodeError:
        return None
    return event_key(sealer, source, ce_id) if source and ce_id else None


def letter_message(letter: DeadLetter) -> Message:
    """What operators' tools read on the dead-letter topic: the place and the reason, never the bytes."""
    place = f"{letter.topic}-{letter.partition}-{letter.offset}"
    value = WireDeadLetter(
        id=uuid5(CASE_NAMESPACE, f"{letter.incarnation}:{place}"),
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
        reason=letter.reason,
        error_class=letter.error_class,
        size=letter.size or 0,
        first_failed_at=letter.failed_at,
    )
    return Message(
        ce_id=f"{letter.incarnation}:{place}",
        ce_type=EventType.DEAD_LETTER_RECORDED,
        topic=WARNING_DLQ,
        key=place,
        value=value.model_dump_json().encode(),
    )
