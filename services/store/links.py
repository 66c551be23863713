"""Links between cases by keyed hashes: drawn beside the hot path, read as leads. SQL only; who may see what is the api's.

Drawn in the router's own statement they cost a third of the database's time for it; so a case is linked within a second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.links import LinkKind
from services.domain.words import Mode
from services.store import tables
from services.store.cases import Stored, to_stored
from services.store.engine import Transaction
from services.store.scope import Scope

cases, case_link, progress, received = tables.cases, tables.case_link, tables.link_progress, tables.received
# Longer than a router's transaction can last (engine.server_settings): by then a lower id is committed, or never.
SWEEP_AFTER = timedelta(minutes=1)
_SEALED = select(*(cases.c[name] for name in ("id", "case_id", "wrapped_key", "sealed")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """How far the links are drawn (see LinkProgressRow)."""

    upto: int
    sweep_to: int
    seen: int
    swept_at: datetime


class Unlinked(NamedTuple):
    """As much of a new case as linking it takes: to read all of it would take most of the time."""

    id: int
    case_id: UUID
    wrapped_key: bytes | None
    sealed: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A case that another is linked to, and by what. `stored` is None where the asker's wall hides it."""

    stored: Stored | None
    kinds: tuple[LinkKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One hash that several cases share, and the newest of them that the asker may see."""

    kind: LinkKind
    key: bytes
    cases: int
    first_at: datetime
    last_at: datetime
    newest: Stored


async def claim(tx: Transaction) -> Drawn | None:
    """How far it is done, held until the end of the transaction; None: another process is at it."""
    question = select(progress).where(progress.c.id == 1).with_for_update(skip_locked=True)
    row = (await tx.conn.execute(question)).one_or_none()
    if row is None:
        return None
    return Drawn(upto=row.upto, sweep_to=row.sweep_to, seen=row.seen, swept_at=row.swept_at)


async def unlinked(tx: Transaction, drawn: Drawn, *, limit: int) -> tuple[list[Unlinked], Drawn]:
    """Cases to be linked, the oldest first, and how far it is done once they are.

    Ids are given out before they commit: those that were late are found by a sweep over what was seen once.
    """
    question = _SEALED.where(cases.c.id > drawn.seen).order_by(cases.c.id).limit(limit)
    found = [Unlinked(*row) for row in await tx.conn.execute(question)]
    after = replace(drawn, seen=found[-1].id) if found else drawn
    if len(found) == limit or tx.now - drawn.swept_at < SWEEP_AFTER:
        return found, after
    has_none = ~select(case_link.c.case_id).where(case_link.c.case_id == cases.c.id).exists()
    late = _SEALED.where(cases.c.id > drawn.upto, cases.c.id <= drawn.seen, has_none).order_by(cases.c.id)
    missed = [Unlinked(*row) for row in await tx.conn.execute(late.limit(limit))]
    if len(missed) < limit:
        after = replace(after, upto=drawn.sweep_to, sweep_to=after.seen, swept_at=tx.now)
    return missed + found, after


async def move_on(tx: Transaction, drawn: Drawn) -> None:
    values = {"upto": drawn.upto, "sweep_to": drawn.sweep_to, "seen": drawn.seen, "swept_at": drawn.swept_at}
    await tx.conn.execute(update(progress).where(progress.c.id == 1).values(values))


async def add(tx: Transaction, linking: Sequence[tuple[int, Mapping[LinkKind, bytes]]]) -> None:
    """By what these cases (rows) may be linked; what is there already stays as it is."""
    rows = {
        (kind, key, row_id): {"kind": kind, "key": key, "case_id": row_id, "at": tx.now}
        for row_id, keys in linking
        for kind, key in keys.items()
    }
    if rows:
        dialect = postgresql if tx.postgres else sqlite
        in_order = [rows[name] for name in sorted(rows)]  # two at once must not wait for each other in a ring
        await tx.conn.execute(dialect.insert(case_link).on_conflict_do_nothing(), in_order)


async def linked_to(conn: AsyncConnection, row_id: int, *, limit: int) -> list[Linked]:
    """The cases linked to this one, the newest first, each once with everything that links it."""
    other = case_link.alias()
    same = and_(other.c.kind == case_link.c.kind, other.c.key == case_link.c.key, other.c.case_id != row_id)
    question = select(other.c.case_id, other.c.kind).join(other, same).where(case_link.c.case_id == row_id)
    newest = question.distinct().order_by(other.c.case_id.desc(), other.c.kind).limit(limit * len(LinkKind))
    kinds: dict[int, list[LinkKind]] = {}
    for row in await conn.execute(newest):
        kinds.setdefault(row.case_id, []).append(row.kind)
    rows = list(kinds)[:limit]
    stored = await _by_row(conn, rows)
    return [Linked(stored=stored.get(row), kinds=tuple(kinds[row])) for row in rows]


async def leads(
    conn: AsyncConnection, kinds: Sequence[LinkKind], *, since: datetime, limit: int, scope: Scope | None
) -> list[Lead]:
    """The hashes with most cases since then, at least two; with a scope only those of which it holds a case.

    Exercises have hashes of their own, and are left out; what a wall hides is of the kind of what it shows.
    """
    actual = or_(cases.c.mode == Mode.ACTUAL, cases.c.id.is_(None))
    shared = (
        select(
            case_link.c.kind,
            case_link.c.key,
            func.count().label("cases"),
            func.min(case_link.c.at).label("first_at"),
            func.max(case_link.c.at).label("last_at"),
            func.max(cases.c.id).filter(*_seen(scope)).label("newest"),
        )
        .outerjoin(cases, cases.c.id == case_link.c.case_id)
        .where(case_link.c.kind.in_(kinds), case_link.c.at >= since, actual)
        .group_by(case_link.c.kind, case_link.c.key)
        .having(func.count() > 1)
        .subquery()
    )
    question = select(shared).where(shared.c.newest.is_not(None))
    rows = (await conn.execute(question.order_by(text("cases DESC"), text("last_at DESC")).limit(limit))).all()
    stored = await _by_row(conn, [row.newest for row in rows])
    return [
        Lead(
            kind=row.kind,
            key=bytes(row.key),
            cases=row.cases,
            first_at=row.first_at,
            last_at=row.last_at,
            newest=stored[row.newest],
        )
        for row in rows
    ]


async def of_subject(conn: AsyncConnection, stored: Stored, *, limit: int) -> tuple[list[Stored], int]:
    """Every case of the same person that is not hidden, this one among them, the newest first: their own ones and those
    they were attached to; and how many there are, hidden ones too.
    """
    key = select(cases.c.subject_key).where(cases.c.id == stored.id).scalar_subquery()
    rows = select(received.c.case_id).where(received.c.subject_key == key)
    question = select(cases).where((cases.c.id == stored.id) | cases.c.id.in_(rows)).order_by(cases.c.id.desc())
    found = [to_stored(row) for row in await conn.execute(question.limit(limit))]
    named = set((await conn.execute(rows.distinct().limit(limit))).scalars())
    return found, len(named | {one.id for one in found})


def _seen(scope: Scope | None) -> tuple[Any, ...]:
    return (cases.c.id.is_not(None),) if scope is None else (scope.holds,)


async def _by_row(conn: AsyncConnection, rows: Sequence[int]) -> dict[int, Stored]:
    question = select(cases).where(cases.c.id.in_(rows)).order_by(cases.c.id.desc())
    return {row.id: to_stored(row) for row in await conn.execute(question)}
