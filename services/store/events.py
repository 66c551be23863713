"""The timeline of a case: append-only rows, one for each fact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.case import Fact
from services.domain.states import Action
from services.store import tables

event = tables.event
_SOME: Final = (
    select(event)
    .where(event.c.case_id == bindparam("case"), event.c.action.in_(bindparam("actions", expanding=True)))
    .order_by(event.c.version)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A stored fact."""

    version: int
    action: str
    from_state: str | None
    to_state: str
    at: datetime
    occurred_at: datetime | None
    recorded_at: datetime
    actor: str
    role: str
    unit: str | None
    detail: dict[str, Any]
    sealed: bytes | None


def rows_of(told: Sequence[tuple[int, Sequence[Fact], dict[int, bytes]]]) -> list[dict[str, Any]]:
    """The facts of several cases as rows: (row id of the case, its facts, sealed words by version)."""
    return [
        event_columns(row_id, fact) | {"sealed": sealed.get(fact.version)}
        for row_id, facts, sealed in told
        for fact in facts
    ]


def event_columns(row_id: int | None, fact: Fact) -> dict[str, Any]:
    return {
        "case_id": row_id,
        "version": fact.version,
        "action": fact.action,
        "from_state": fact.from_state,
        "to_state": fact.to_state,
        "at": fact.at,
        "occurred_at": fact.occurred_at,
        "recorded_at": fact.recorded_at,
        "actor": fact.actor,
        "role": fact.role,
        "unit": fact.unit,
        "detail": fact.detail,
    }


async def some(conn: AsyncConnection, row_id: int, actions: Sequence[Action]) -> list[Entry]:
    """What happened to a case, of some kinds only, in order."""
    return [_entry(row) for row in await conn.execute(_SOME, {"case": row_id, "actions": list(actions)})]


async def counts(conn: AsyncConnection, rows: Sequence[int]) -> dict[int, dict[str, int]]:
    """How often each thing happened to each of these cases."""
    question = select(event.c.case_id, event.c.action, func.count()).where(event.c.case_id.in_(rows))
    found: dict[int, dict[str, int]] = {}
    for row_id, action, count in await conn.execute(question.group_by(event.c.case_id, event.c.action)):
        found.setdefault(row_id, {})[action.value] = count
    return found


async def timeline(conn: AsyncConnection, row_id: int) -> list[Entry]:
    """Everything that happened to a case, in order."""
    question = select(event).where(event.c.case_id == row_id).order_by(event.c.version)
    return [_entry(row) for row in await conn.execute(question)]


def _entry(row: Row[Any]) -> Entry:
    return Entry(**{name: value for name, value in row._mapping.items() if name not in ("id", "case_id")})
