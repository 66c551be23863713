"""Changing the registry: rows added, changed and ended, each with who and when. Decides nothing; nothing is forgotten."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.store import tables
from services.store.engine import Transaction
from services.store.registry import BUSY, columns_of, table_of

CHUNK = 500  # rows a statement: both databases have a limit on parameters

# What names a row of each kind for good.
KEYS = {"unit": "code", "region_code": "code", "village": "village_code", "responder": "code"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change as it is told and kept. `what` has `done` (added, changed, ended, removed) and the fields it is about."""

    kind: str  # the table
    code: str
    what: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Work:
    """What an import would do: decided beforehand, so that a dry run can tell it."""

    changes: list[Change] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)  # units, region codes, villages, responders: added or changed
    added: list[Any] = field(default_factory=list)  # areas and stations
    ended: dict[type[Any], list[int]] = field(default_factory=dict)  # ids of areas and stations that end at `at`
    dropped: dict[type[Any], list[int]] = field(default_factory=dict)  # ids of those that had not yet begun
    removed: dict[type[Any], list[str]] = field(default_factory=dict)  # region codes and villages that are gone
    at: datetime | None = None  # when areas and stations change; None: at once


class ChangedMeanwhile(Exception):
    """Somebody else changed the registry after the work was decided: decide again."""


async def last_change(conn: AsyncConnection) -> int:
    """The number of the newest change; 0 before the first."""
    return (await conn.execute(select(func.max(tables.registry_change.c.id)))).scalar() or 0


async def carry_out(tx: Transaction, work: Work, *, by: str, seen: int | None = None) -> None:
    """Write all of it, with a row for each change. `seen` is the last change the work was decided by.

    Raises ChangedMeanwhile. One at a time: two that were decided by the same registry would lay the same ground twice.
    """
    await _alone(tx, seen)
    at = work.at or tx.now
    for kind in {type(row): None for row in work.kept}:  # in the order given: units come before what names them
        for some in _chunks([columns_of(row) for row in work.kept if type(row) is kind]):
            await _keep(tx, kind, some)
    for kind, ids in work.ended.items():
        table = table_of(kind)
        for some in _chunks(ids):
            await tx.conn.execute(update(table).where(table.c.id.in_(some)).values(valid_to=at))
    for kind, ids in work.dropped.items():
        table = table_of(kind)
        for some in _chunks(ids):
            await tx.conn.execute(delete(table).where(table.c.id.in_(some)))
    for kind, codes in work.removed.items():
        table = table_of(kind)
        for some in _chunks(codes):
            await tx.conn.execute(delete(table).where(table.c[KEYS[table.name]].in_(some)))
    for kind in {type(row) for row in work.added}:
        for some in _chunks([columns_of(row) for row in work.added if type(row) is kind]):
            await tx.conn.execute(insert(table_of(kind)), list(some))
    told = [{"at": tx.now, "by": by, "kind": one.kind, "code": one.code, "what": one.what} for one in work.changes]
    for some in _chunks(told):
        await tx.conn.execute(insert(tables.registry_change), list(some))


async def _alone(tx: Transaction, seen: int | None) -> None:
    if tx.postgres:
        await tx.conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('quanzu registry'))"))
    if seen is not None and await last_change(tx.conn) != seen:
        raise ChangedMeanwhile()


async def _keep(tx: Transaction, kind: type[Any], rows: Sequence[Any]) -> None:
    table = table_of(kind)
    make = postgresql.insert if tx.postgres else sqlite.insert
    statement = make(table)
    changed = {name: statement.excluded[name] for name in rows[0]}
    await tx.conn.execute(statement.on_conflict_do_update(index_elements=[KEYS[table.name]], set_=changed), list(rows))


async def open_cases_of(conn: AsyncConnection, responders: Iterable[str]) -> dict[str, int]:
    """How many open cases each of these holds now."""
    cases = tables.cases
    held: dict[str, int] = {}
    for some in _chunks(sorted(responders)):
        question = (
            select(cases.c.responder, func.count())
            .where(cases.c.state.in_(BUSY), cases.c.responder.in_(some))
            .group_by(cases.c.responder)
        )
        held |= {row[0]: row[1] for row in await conn.execute(question)}
    return held


def differences(old: Any, new: Any) -> dict[str, list[Any]]:
    """The fields in which two values of one kind differ: [before, after]; numbers of rows and polygons are not told."""
    return {
        one.name: [_plain(getattr(old, one.name)), _plain(getattr(new, one.name))]
        for one in fields(new)
        if one.name not in ("id", "polygon") and getattr(old, one.name) != getattr(new, one.name)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _chunks(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
