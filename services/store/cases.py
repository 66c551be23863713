"""The case row: load, lock, save with its events and messages, list. A change is written whole or not at all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.case import Case, Change, CoAssigned
from services.domain.refusals import CaseNotFound
from services.domain.states import State, TimerKind
from services.domain.timers import Late, Timer
from services.store import arrays, co_assignments, events, outbox, tables
from services.store.columns import micros, moment
from services.store.engine import Transaction
from services.store.lateness import is_late
from services.store.outbox import Message
from services.store.scope import Scope, of_unit
from services.store.signals import Signal

cases = tables.cases

# Straight from the case to its column; what needs turning is in `_turned`.
PLAIN = tuple(field.name for field in fields(Case) if field.name not in ("id", "timers", "tried", "co_assigned"))

# What never changes after the opening is not written again.
FIXED = frozenset(("case_id", "source", "instruction_number", "mode", "issued_at", "received_at", "policy_version"))

# What most changes are content with; a column that is not written costs neither end anything.
OFTEN = (
    *("version", "turn", "state", "responder", "acknowledged_at", "first_attempt_at", "contacted_at"),
    *("timers", "next_due_at", "total_due_at"),
)
SOON: Final = timedelta(minutes=1)
_SELDOM = attrgetter(*(field.name for field in fields(Case) if field.name not in {"id", *FIXED, *OFTEN}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A case as it lies in the database, with what is sealed beside it."""

    case: Case
    wrapped_key: bytes | None
    sealed: bytes | None

    @property
    def id(self) -> int:
        assert self.case.id is not None  # noqa: S101 - a stored case has its row
        return self.case.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """One change to be written: the case, its facts, the messages that tell of it, and what is sealed in each fact.

    `before` is the case as the row has it, locked: what is still so need not be written.
    """

    change: Change
    before: Case | None = None
    messages: Sequence[Message] = ()
    sealed_facts: dict[int, bytes] | None = None  # by version


async def lock(tx: Transaction, case_id: UUID, *, scope: Scope | None = None) -> Stored:
    """The case, locked until the end of the transaction. Raises CaseNotFound, also outside the scope."""
    found = await _one(tx.conn, case_id, scope, locked=True)
    if found is None:
        raise CaseNotFound()
    await tx.keep(found.id)
    return found


async def lock_all(tx: Transaction, row_ids: Collection[int]) -> dict[int, Stored]:
    """The cases by their rows' ids, locked one after the other in that order until the end of the transaction."""
    question = select(cases).where(cases.c.id.in_(row_ids)).order_by(cases.c.id).with_for_update()
    return {row.id: to_stored(row) for row in await tx.conn.execute(question)}


async def rows_of(conn: AsyncConnection, case_ids: Collection[UUID]) -> dict[UUID, int]:
    """The rows' ids by the public ones."""
    question = select(cases.c.case_id, cases.c.id).where(cases.c.case_id.in_(case_ids))
    return {UUID(int=row.case_id.int): row.id for row in await conn.execute(question)}


async def find(conn: AsyncConnection, case_id: UUID, *, scope: Scope | None = None) -> Stored | None:
    """The case; None where there is none, or none in the scope."""
    return await _one(conn, case_id, scope, locked=False)


async def _one(conn: AsyncConnection, case_id: UUID, scope: Scope | None, *, locked: bool) -> Stored | None:
    question = select(cases).where(cases.c.case_id == case_id)
    if scope is not None:
        question = question.where(scope.holds)
    row = (await conn.execute(question.with_for_update() if locked else question)).one_or_none()
    return None if row is None else to_stored(row)


async def page(
    conn: AsyncConnection,
    *,
    before: int | None,
    limit: int,
    unit: str | None,
    states: Sequence[State] | None,
    overdue_at: datetime | None = None,
    late: tuple[Late, datetime] | None = None,
    ids: Sequence[UUID] | None = None,
    scope: Scope | None = None,
) -> list[Stored]:
    """Up to `limit` cases, newest first, older than the row `before`; of one unit, of some states, with their hour over
    by a time, late as of one, of these `ids`.

    `scope` is what the asker may see at all.
    """
    question = select(cases).order_by(cases.c.id.desc()).limit(limit)
    if before is not None:
        question = question.where(cases.c.id < before)
    if unit is not None:
        question = question.where(of_unit(unit))
    if ids is not None:
        question = question.where(cases.c.case_id.in_(ids))
    if scope is not None:
        question = question.where(scope.holds)
    if states is not None:
        question = question.where(cases.c.state.in_(states))
    if overdue_at is not None:
        question = question.where(cases.c.total_due_at <= overdue_at)  # null once the hour is stopped
    if late is not None:
        question = question.where(is_late(conn, *late))
    return [to_stored(row) for row in await conn.execute(question)]


async def save(tx: Transaction, savings: Sequence[Saving], *, answer: Mapping[str, Any] | None = None) -> None:
    """Write the changed rows, their events, co-assignments and messages; wake who must act on them.

    `answer` is what the command that did it left behind (`commands.row_of`).
    """
    if not savings:
        return
    facts = events.rows_of([(_row_id(saving), saving.change.facts, saving.sealed_facts or {}) for saving in savings])
    messages = outbox.rows_of(tx, [message for saving in savings for message in saving.messages])
    if messages:
        tx.wake(Signal.OUTBOX)
    if not tx.postgres or any(due_soon(saving.change.case, tx.now) for saving in savings):  # in one process it is free
        tx.wake(Signal.DUE)
    await arrays.update_and_insert(
        tx,
        (cases, _changed(savings)),
        (tables.event, facts),
        (tables.outbox, messages),
        (tables.command, [] if answer is None else [answer]),
    )
    for saving in savings:
        if any(fact.action in co_assignments.TELLING for fact in saving.change.facts):
            await co_assignments.settle(tx, _row_id(saving), saving.change.facts)


def due_soon(case: Case, now: datetime) -> bool:
    """Whether the timekeeper must be told of it. It looks by itself within a second."""
    return case.next_due_at is not None and case.next_due_at < now + SOON


def _row_id(saving: Saving) -> int:
    assert saving.change.case.id is not None  # noqa: S101 - only stored cases are saved
    return saving.change.case.id


def _changed(savings: Sequence[Saving]) -> list[dict[str, Any]]:
    """The rows as they are to be, all of one shape: what changes often, or all that may change."""
    if all(saving.before is not None and _SELDOM(saving.before) == _SELDOM(saving.change.case) for saving in savings):
        return [{"id": saving.change.case.id, **_often(saving.change.case)} for saving in savings]
    whole = [columns(saving.change.case) for saving in savings]
    return [
        {"id": saving.change.case.id, **{name: value for name, value in row.items() if name not in FIXED}}
        for saving, row in zip(savings, whole, strict=True)
    ]


def _often(case: Case) -> dict[str, Any]:
    return {name: getattr(case, name) for name in OFTEN} | {"timers": packed(case.timers)}


def columns(case: Case) -> dict[str, Any]:
    """The case as column values, without its row id and without what is sealed."""
    return {
        **{name: getattr(case, name) for name in PLAIN},
        **_often(case),
        "tried": list(case.tried),
        "co_assigned": [[one.unit, one.responder] for one in case.co_assigned],
        "routed_by": case.routing.get("rule", "CENTRE"),
    }


def to_stored(row: Row[Any]) -> Stored:
    found = row._mapping
    case = Case(
        id=found["id"],
        timers=unpacked(found["timers"]),
        tried=tuple(found["tried"]),
        co_assigned=tuple(CoAssigned(unit=unit, responder=name) for unit, name in found["co_assigned"] or ()),
        **{name: found[name] for name in PLAIN if name != "case_id"},
        case_id=UUID(int=found["case_id"].int),  # asyncpg has a class of its own, which orjson refuses
    )
    return Stored(case=case, wrapped_key=found["wrapped_key"], sealed=found["sealed"])


def packed(timers: Sequence[Timer]) -> list[list[Any]]:
    """kind, round, then microseconds: started, due, at-risk mark; fired; breached, stopped; the level, when the next.

    The last two only where somebody was called in.
    """
    return [
        [
            str(timer.kind),
            timer.round,
            micros(timer.started_at),
            micros(timer.due_at),
            None if timer.at_risk_at is None else micros(timer.at_risk_at),
            timer.at_risk_fired,
            None if timer.breached_at is None else micros(timer.breached_at),
            None if timer.stopped_at is None else micros(timer.stopped_at),
            *(_climb(timer) if timer.level or timer.next_level_at else ()),
        ]
        for timer in timers
    ]


def _climb(timer: Timer) -> tuple[int, int | None]:
    return timer.level, None if timer.next_level_at is None else micros(timer.next_level_at)


def unpacked(stored: Sequence[Sequence[Any]]) -> tuple[Timer, ...]:
    return tuple(
        Timer(
            kind=TimerKind(kind),
            round=round_,
            started_at=moment(started),
            due_at=moment(due),
            at_risk_at=None if at_risk is None else moment(at_risk),
            at_risk_fired=fired,
            breached_at=None if breached is None else moment(breached),
            stopped_at=None if stopped is None else moment(stopped),
            level=climb[0] if climb else 0,
            next_level_at=moment(climb[1]) if climb and climb[1] is not None else None,
        )
        for kind, round_, started, due, at_risk, fired, breached, stopped, *climb in stored
    )
