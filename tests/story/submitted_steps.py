"""What stands between a warning taken by HTTP and its case: the outbox, and what relay and router do with it."""

from collections.abc import Sequence

from centre import Centre

from schemas.envelope import headers_for
from schemas.topics import WARNING_ISSUED, WARNING_URGENT
from services.handlers.warning import decode, prepare, take
from services.store import outbox
from services.store.intake import Progress
from services.store.outbox import Waiting


async def waiting(centre: Centre, *, later: bool = False) -> list[Waiting]:
    async with centre.store.begin() as tx:
        found = await outbox.claim(tx, limit=500, later=later)
        return [one for one in found if one.message.topic in (WARNING_ISSUED, WARNING_URGENT)]


async def deliver(centre: Centre, waiting: Sequence[Waiting]) -> None:
    """What the relay and the router do between them."""
    for one in waiting:
        message, sealer = one.message, centre.context.sealer
        assert message.wrapped_key is not None
        assert message.ce_source is not None
        plain = sealer.unwrap(message.wrapped_key).open(message.value, bound_to=message.ce_id.encode())
        headers = headers_for(
            id=message.ce_id, source=message.ce_source, type=message.ce_type, time=one.created_at, key=message.key
        )
        incoming = decode(headers, plain)
        centre.sent += 1
        async with centre.store.begin() as tx:
            policy = await centre.context.policies.newest(tx.conn)
            prepared = prepare(centre.context, [incoming], policy=policy, now=tx.now)
            moved = [(0, centre.sent - 1, centre.sent)]
            await take(tx, centre.context, prepared, Progress(topic=WARNING_ISSUED, lane=centre.lane, moved=moved))
