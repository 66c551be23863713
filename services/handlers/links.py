"""links: cases that were opened get their links, a second later, beside the hot path. Any number of processes may do it."""

from services.domain.links import LinkKind
from services.handlers.context import Context, unsealed_warning
from services.handlers.incoming import links_of
from services.store import links
from services.store.engine import Transaction
from services.store.links import Unlinked
from services.store.sealing import CannotOpen, Sealer

MOST = 100  # a limit that is due waits for so many


async def link_new(tx: Transaction, context: Context) -> bool:
    """Link what is new, and what committed late; whether there may be more. Safe to repeat."""
    drawn = await links.claim(tx)
    if drawn is None:
        return False
    found, after = await links.unlinked(tx, drawn, limit=MOST)
    await links.add(tx, [(case.id, _links(context.sealer, case)) for case in found])
    if after != drawn:
        await links.move_on(tx, after)
    return len(found) >= MOST


def _links(sealer: Sealer, case: Unlinked) -> dict[LinkKind, bytes]:
    """None for who was forgotten, or whose key is not here."""
    try:
        warning = unsealed_warning(sealer, case.case_id, case.wrapped_key, case.sealed)
    except CannotOpen:
        return {}
    return {} if warning is None else links_of(sealer, warning)
