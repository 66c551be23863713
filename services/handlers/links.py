"""links: cases that were opened get their links, a second later, beside the hot path. Any number of processes may do it."""

from services.domain.links import LinkKind
from services.handlers.context import Context, open_warning
from services.handlers.incoming import links_of
from services.store import links
from services.store.cases import Stored
from services.store.engine import Transaction
from services.store.sealing import CannotOpen, Sealer

MOST = 500


async def link_new(tx: Transaction, context: Context) -> bool:
    """Link what is new, and what committed late; whether there may be more. Safe to repeat."""
    drawn = await links.claim(tx)
    if drawn is None:
        return False
    found, after = await links.unlinked(tx, drawn, limit=MOST)
    await links.add(tx, [(stored.id, _links(context.sealer, stored)) for stored in found])
    if after != drawn:
        await links.move_on(tx, after)
    return len(found) >= MOST


def _links(sealer: Sealer, stored: Stored) -> dict[LinkKind, bytes]:
    """None for who was forgotten, or whose key is not here."""
    try:
        warning = open_warning(sealer, stored)
    except CannotOpen:
        return {}
    return {} if warning is None else links_of(sealer, warning)
