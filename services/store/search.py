"""Finding cases by a number or by an exact value's keyed hash. Gives what the asker's scope holds, the newest first.

A number costs no index of its own: the public id of a case follows from its source and number, and sources are few.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.case import case_id_for
from services.domain.links import LinkKind
from services.store import tables
from services.store.cases import Stored, to_stored
from services.store.scope import Scope

cases, case_link, received, stop_order = tables.cases, tables.case_link, tables.received, tables.stop_order
# One look into the index of `received` for each source, however many records there are.
_SOURCES = """
WITH RECURSIVE known(source) AS (
    SELECT min(source) FROM received
    UNION ALL
    SELECT (SELECT min(r.source) FROM received r WHERE r.source > known.source) FROM known WHERE known.source IS NOT NULL
)
SELECT source FROM known WHERE source IS NOT NULL
"""


async def by_ids(conn: AsyncConnection, case_ids: Collection[UUID], *, scope: Scope | None, limit: int) -> list[Stored]:
    return await _found(conn, cases.c.case_id.in_(case_ids), scope, limit)


async def by_number(
    conn: AsyncConnection, number: str, source: str | None, *, scope: Scope | None, limit: int
) -> list[Stored]:
    """By the number of its warning, or of one that was attached to it."""
    if source is None and scope is not None:  # whoever sees a few cases may not know every source
        return await _found(conn, cases.c.instruction_number == number, scope, limit)
    known = [source] if source is not None else list((await conn.execute(text(_SOURCES))).scalars())
    named = cases.c.case_id.in_([case_id_for(one, number) for one in known])
    same = received.c.source.in_(known) & (received.c.instruction_number == number)
    attached = cases.c.id.in_(select(received.c.case_id).where(same))
    return await _found(conn, or_(named, attached), scope, limit)


async def by_keys(
    conn: AsyncConnection,
    kind: LinkKind,
    keys: Collection[bytes],
    *,
    orders: Collection[bytes] = (),
    scope: Scope | None,
    limit: int,
) -> list[Stored]:
    """By a keyed hash that one of its warnings had; with `orders` also by the account of an order to stop a payment."""
    linked = select(case_link.c.case_id).where(case_link.c.kind == kind, case_link.c.key.in_(keys))
    ordered = select(stop_order.c.case_id).where(stop_order.c.account_key.in_(orders))
    return await _found(conn, or_(cases.c.id.in_(linked), cases.c.id.in_(ordered)), scope, limit)


async def _found(conn: AsyncConnection, wanted: ColumnElement[bool], scope: Scope | None, limit: int) -> list[Stored]:
    question = select(cases).where(wanted).order_by(cases.c.id.desc()).limit(limit)
    if scope is not None:
        question = question.where(scope.holds)
    return [to_stored(row) for row in await conn.execute(question)]
