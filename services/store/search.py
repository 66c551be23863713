"""Finding cases by a number or by an exact value's keyed hash. Gives what the asker's scope holds, the newest first.

A number costs no index of its own: the public id of a case follows from its source and number, and sources are few.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.store import tables
from services.store.cases import Stored, to_stored
from services.store.scope import Scope

cases, stop_order = tables.cases, tables.stop_order
# One look into the index of `received` for each source, however many records there are.
_SOURCES = """
WITH RECURSIVE known(source) AS (
    SELECT min(source) FROM received
    UNION ALL
    SELECT (SELECT min(r.source) FROM received r WHERE r.source > known.source) FROM known WHERE known.source IS NOT NULL
)
SELECT source FROM known WHERE source IS NOT NULL
"""


async def sources(conn: AsyncConnection) -> list[str]:
    """Every source of which a warning was ever taken."""
    return list((await conn.execute(text(_SOURCES))).scalars())


async def by_ids(conn: AsyncConnection, case_ids: Collection[UUID], *, scope: Scope | None, limit: int) -> list[Stored]:
    return await _found(conn, cases.c.case_id.in_(case_ids), scope, limit)


async def by_phone(conn: AsyncConnection, key: bytes, *, scope: Scope | None, limit: int) -> list[Stored]:
    return await _found(conn, cases.c.phone_key == key, scope, limit)


async def by_subject(conn: AsyncConnection, key: bytes, *, scope: Scope | None, limit: int) -> list[Stored]:
    return await _found(conn, cases.c.subject_key == key, scope, limit)


async def by_account(conn: AsyncConnection, key: bytes, *, scope: Scope | None, limit: int) -> list[Stored]:
    """Where the money would go, by the warning or by an order to stop it."""
    ordered = select(stop_order.c.case_id).where(stop_order.c.account_key == key)
    return await _found(conn, or_(cases.c.account_key == key, cases.c.id.in_(ordered)), scope, limit)


async def _found(conn: AsyncConnection, wanted: ColumnElement[bool], scope: Scope | None, limit: int) -> list[Stored]:
    question = select(cases).where(wanted).order_by(cases.c.id.desc()).limit(limit)
    if scope is not None:
        question = question.where(scope.holds)
    return [to_stored(row) for row in await conn.execute(question)]
