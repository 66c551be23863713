"""The cases of those who are not in the registry any more. Any number may claim at once."""

from datetime import datetime

from sqlalchemy import and_, or_, select, text

from services.domain.states import State
from services.store import tables
from services.store.cases import Stored, to_stored
from services.store.engine import Transaction

cases, responder = tables.cases, tables.responder
MOST = 200  # at a time


async def claim_held(tx: Transaction, *, since: datetime) -> list[Stored]:
    """Lock cases under way whose responder left after `since`, oldest first. Nearly always nobody has, and that is cheap."""
    left = select(responder.c.code).where(responder.c.valid_to > since, responder.c.valid_to <= tx.now)
    codes = list((await tx.conn.execute(left)).scalars())
    if not codes:
        return []
    # each half has an index of its own: what is concluded still has a limit running
    concluded = and_(cases.c.state == State.CONCLUDED, cases.c.next_due_at.is_not(None))
    held = (
        select(cases)
        .where(cases.c.responder.in_(codes), or_(text(tables.HELD), concluded))
        .order_by(cases.c.id)
        .limit(MOST)
        .with_for_update(skip_locked=True)
    )
    return [to_stored(row) for row in await tx.conn.execute(held)]
