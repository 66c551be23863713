"""submission: a warning that came in by HTTP goes into the outbox, and from there by Kafka like everybody's.

One transaction: the submission, its message, the note of an episode above the quota. After the commit the relay sends
the message however long the broker is away; a crash before it leaves nothing, and the sender tries again under its key.
"""

from collections.abc import Sequence
from datetime import timedelta

from schemas.envelope import EventType
from schemas.topics import WARNING_ISSUED, WARNING_URGENT
from schemas.warning import WarningIssued
from services.domain.actor import Actor
from services.domain.refusals import KeyReused, TooFarAhead
from services.domain.value import value
from services.domain.words import Risk
from services.handlers.context import Context
from services.store import audit, outbox, sources, submissions
from services.store.engine import Transaction
from services.store.outbox import Message
from services.store.sources import Source
from services.store.submissions import Submission, warning_id_for

EPISODE = timedelta(minutes=10)  # so long under its quota, and the next time above it is told anew


@value
class Submitted:
    """One warning as it came, under the id that its sender gave it."""

    ce_id: str
    warning: WarningIssued
    said: bytes  # as the sender said it: what was added since (a number, a time) is no difference


async def submit(
    tx: Transaction, context: Context, given: Sequence[Submitted], *, source: str, by: Actor
) -> list[Submission]:
    """Take warnings of one source; the same again (same id, same words) gets its first answer and has no effect.

    Raises KeyReused, TooFarAhead; then none of them is taken.
    """
    latest = tx.now + context.picture.policy.future_tolerance
    if any(one.warning.issued_at > latest for one in given):
        raise TooFarAhead()
    await submissions.one_at_a_time(tx, source)
    known = await submissions.known(tx, source, [one.ce_id for one in given])
    before = {ce_id: one.fingerprint for ce_id, one in known.items()}
    fresh: dict[str, Submitted] = {}
    for one in given:
        fingerprint = context.sealer.fingerprint("submission", one.said)
        if before.setdefault(one.ce_id, fingerprint) != fingerprint:
            raise KeyReused()
        if one.ce_id not in known:
            fresh.setdefault(one.ce_id, one)
    room = await _room(tx, source, len(fresh), by)
    for place, one in enumerate(fresh.values()):
        known[one.ce_id] = await _take(tx, context, one, source=source, by=by, later=place >= room)
    return [known[one.ce_id] for one in given]


async def _room(tx: Transaction, source: str, wanted: int, by: Actor) -> int:
    """How many are taken at once. Who has no quota is of the house."""
    found = await sources.find(tx.conn, source)
    if found is None or wanted == 0:
        return wanted
    room = max(0, found.quota_per_min - await sources.sent_lately(tx, source))
    if wanted > room:
        await _say_over(tx, found, by)
    return room


async def _say_over(tx: Transaction, found: Source, by: Actor) -> None:
    """Once an episode."""
    if await sources.is_over(tx, found, episode=EPISODE):
        told = audit.line(
            "QUOTA_EXCEEDED", at=tx.now, by=by, about="source", key=found.code, detail={"quota": found.quota_per_min}
        )
        await audit.add(tx, [told])


async def _take(
    tx: Transaction, context: Context, one: Submitted, *, source: str, by: Actor, later: bool
) -> Submission:
    """What is above the quota is never urgent: it may not wait before those who keep theirs."""
    made = Submission(
        warning_id=warning_id_for(source, one.ce_id),
        source=source,
        ce_id=one.ce_id,
        fingerprint=context.sealer.fingerprint("submission", one.said),
        by=by.name,
        at=tx.now,
        later=later,
    )
    urgent = one.warning.risk == Risk.URGENT and not later
    key = context.sealer.new_key()
    message = Message(
        ce_id=one.ce_id,
        ce_source=source,
        ce_type=EventType.WARNING_ISSUED,
        topic=WARNING_URGENT if urgent else WARNING_ISSUED,
        key=f"{source}:{one.warning.instruction_number}",
        value=key.seal(one.warning.model_dump_json(exclude_unset=True).encode(), bound_to=one.ce_id.encode()),
        wrapped_key=key.wrapped,
    )
    await submissions.add(tx, [made])
    await outbox.add(tx, [message], later=later)
    return made
