"""What was read, and what was done that no timeline of a case tells: rows are added, read, never changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.actor import Actor
from services.domain.value import value
from services.domain.words import Role
from services.store import arrays, tables
from services.store.engine import Transaction

audit = tables.audit


@value
class Line:
    """One line. `about` is the kind of thing, `key` which of them; `detail` holds words and numbers, no personal data."""

    at: datetime
    actor: str
    role: Role
    unit: str | None
    action: str  # READ, or what was done: TOKEN_MADE, POLICY_PUBLISHED …
    about: str
    key: str | None
    detail: Mapping[str, Any]
    request_id: str | None = None


@value
class Stored:
    id: int
    line: Line


NAMES = tuple(Line.__dataclass_fields__)


def line(
    action: str,
    *,
    at: datetime,
    by: Actor,
    about: str,
    key: object = None,
    detail: Mapping[str, Any] | None = None,
    request_id: str | None = None,
) -> Line:
    return Line(
        at=at,
        actor=by.name,
        role=by.role,
        unit=by.unit,
        action=action,
        about=about,
        key=None if key is None else str(key),
        detail=detail or {},
        request_id=request_id,
    )


async def add(tx: Transaction, lines: Sequence[Line]) -> None:
    """Append lines, in the transaction of what they tell of."""
    await arrays.insert_rows(tx, audit, [{name: getattr(one, name) for name in NAMES} for one in lines])


async def page(
    conn: AsyncConnection,
    *,
    before: int | None,
    limit: int,
    actor: str | None = None,
    about: str | None = None,
    key: str | None = None,
) -> list[Stored]:
    """Newest first."""
    question = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        question = question.where(audit.c.id < before)
    for column, wanted in ((audit.c.actor, actor), (audit.c.about, about), (audit.c.key, key)):
        if wanted is not None:
            question = question.where(column == wanted)
    return [
        Stored(id=row.id, line=Line(**{name: getattr(row, name) for name in NAMES}))
        for row in await conn.execute(question)
    ]
