"""Notices as rows: made once in the transaction that causes them, answered by acts, read as an inbox."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Table,
    Text,
    Update,
    and_,
    any_,
    bindparam,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.notice import Notice, NoticeKind
from services.domain.noticing import AFTERWARDS, Answers
from services.domain.policy_rules import Target
from services.store import arrays, ready, tables
from services.store.engine import Transaction

notice, notice_case = tables.notice, tables.notice_case
PLAIN = tuple(member.name for member in fields(Notice) if member.name != "id")
IS_OPEN = and_(notice.c.acknowledged_at.is_(None), notice.c.answered_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """Whose notices: one person's, one unit's, or those of some of the centre's targets. Nothing given: all there are."""

    person: str | None = None
    unit: str | None = None
    targets: tuple[Target, ...] | None = None

    @property
    def holds(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.person is not None:
            found.append(notice.c.person == self.person)
        if self.unit is not None:
            found.append(notice.c.unit == self.unit)
        if self.targets is not None:
            found.append(notice.c.target.in_(self.targets))
        return found


async def add(tx: Transaction, made: Sequence[Notice]) -> list[NoticeKind]:
    """Write those that are not there, with the cases of each group; the kinds of what is new."""
    if not made:
        return []
    rows = [_columns(one) for one in made]
    new = await arrays.insert_new(tx, notice, rows, key="once")
    inside = [
        {
            "notice": one.once,
            "case_id": UUID(cause["case_id"]),
            "kind": NoticeKind(cause["kind"]),
            "timer": cause["timer"],
            "level": cause["level"],
        }
        for one in made
        if one.once in new
        for cause in one.cases
    ]
    await arrays.insert_rows(tx, notice_case, inside)
    return [one.kind for one in made if one.once in new]


async def answer(tx: Transaction, case_id: UUID, answers: Answers) -> None:
    """An act has answered what was told of its case; a group is answered with the last of its causes."""
    done = {"answered_at": answers.at, "answered_by": answers.act}
    about = {"case": case_id, "at": answers.at, "act": answers.act}
    lists = {"timers": answers.timers, "kinds": answers.kinds, "running": answers.running, "afterwards": AFTERWARDS}
    for name, several in lists.items():
        about[name] = list(several) if tx.postgres else orjson.dumps(list(several)).decode()
    if tx.postgres:
        groups = set(await ready.changed(tx.conn, _answering_both(answers.everything), about))
    else:
        await ready.changed(tx.conn, _answering(notice, answers.everything, False), about)
        groups = set(await ready.changed(tx.conn, _answering(notice_case, answers.everything, False), about))
    if groups:
        waits = select(notice_case.c.notice).where(
            notice_case.c.notice == notice.c.once, notice_case.c.answered_at.is_(None)
        )
        whole = and_(notice.c.once.in_(groups), notice.c.answered_at.is_(None), ~waits.exists())
        await tx.conn.execute(update(notice).where(whole).values(done))


@cache
def _answering_both(everything: bool) -> Update:
    """Notices of the case alone and its parts of groups at once, where each statement is a round trip."""
    alone = _answering(notice, everything, True).cte("alone")
    return _answering(notice_case, everything, True).add_cte(alone)


@cache
def _answering(table: Table, everything: bool, postgres: bool) -> Update:
    """What of a case's is open and meant is answered. Made once: making it anew is half of what it costs."""
    meant: list[ColumnElement[bool]] = [_among(table.c[name], f"{name}s", postgres) for name in ("timer", "kind")]
    if everything:
        over = or_(table.c.timer.is_(None), ~_among(table.c.timer, "running", postgres))
        meant.append(and_(~_among(table.c.kind, "afterwards", postgres), over))
    ones = and_(table.c.case_id == bindparam("case"), table.c.answered_at.is_(None), or_(*meant))
    done: dict[str, Any] = {"answered_at": bindparam("at"), "answered_by": bindparam("act")}
    changed = update(table).where(ones).values(done)
    return changed if table is notice else changed.returning(table.c.notice)


def _among(column: ColumnElement[Any], name: str, postgres: bool) -> ColumnElement[bool]:
    """In a list that is one parameter: one of as many as it has words is written and compiled anew for each length."""
    if postgres:
        return column == any_(bindparam(name, type_=ARRAY(Text)))
    return column.in_(select(func.json_each(bindparam(name, type_=Text)).table_valued("value").c.value))


async def page(
    conn: AsyncConnection,
    inbox: Inbox,
    *,
    after: tuple[bool, int] | None,
    limit: int,
    is_open: bool | None = None,
    kinds: Sequence[NoticeKind] = (),
    case_id: UUID | None = None,
) -> list[Notice]:
    """The open ones first, of each the newest first; from after (open, row) on."""
    found: list[Notice] = []
    for part in (True, False):
        if is_open is not None and part is not is_open:
            continue
        if after is not None and after[0] < part:
            continue  # the page before was past the open ones
        question = select(notice).where(*inbox.holds, IS_OPEN if part else ~IS_OPEN)
        if after is not None and after[0] is part:
            question = question.where(notice.c.id < after[1])
        if kinds:
            question = question.where(notice.c.kind.in_(kinds))
        if case_id is not None:
            question = question.where(_of_case(case_id))
        question = question.order_by(notice.c.id.desc()).limit(limit - len(found))
        found += [to_notice(row) for row in await conn.execute(question)]
        if len(found) == limit:
            break
    return found


async def open_count(conn: AsyncConnection, inbox: Inbox) -> tuple[int, int]:
    """How many are open, and how many of those are loud."""
    asked = select(func.count(), func.count().filter(notice.c.is_loud)).where(*inbox.holds, IS_OPEN)
    counted = (await conn.execute(asked)).one()
    return counted[0], counted[1]


async def of_case(conn: AsyncConnection, case_id: UUID) -> list[Notice]:
    """Everybody who was told of a case, in order; of a group as the case's part of it."""
    own = [to_notice(row) for row in await conn.execute(select(notice).where(notice.c.case_id == case_id))]
    joined = select(notice, *(notice_case.c[name].label(f"case_{name}") for name in _PART))
    joined = joined.join(notice_case, notice_case.c.notice == notice.c.once).where(notice_case.c.case_id == case_id)
    parts = [_part(row, case_id) for row in await conn.execute(joined)]
    return sorted((*own, *parts), key=lambda one: (one.created_at, one.id))


async def mark(tx: Transaction, inbox: Inbox, ids: Collection[int], *, by: str, acknowledged: bool) -> list[int]:
    """Seen, or acknowledged as well; who was first stays. The rows of the inbox among `ids`, whether new or not."""
    mine = and_(notice.c.id.in_(ids), *inbox.holds)
    unseen = update(notice).where(mine, notice.c.seen_at.is_(None)).values(seen_at=tx.now, seen_by=by)
    await tx.conn.execute(unseen)
    if acknowledged:
        still = update(notice).where(mine, notice.c.acknowledged_at.is_(None))
        await tx.conn.execute(still.values(acknowledged_at=tx.now, acknowledged_by=by))
    return list((await tx.conn.execute(select(notice.c.id).where(mine).order_by(notice.c.id))).scalars())


def to_notice(row: Row[Any]) -> Notice:
    found = row._mapping
    given = {name: found[name] for name in PLAIN if name not in ("case_id", "people", "cases")}
    case_id = None if found["case_id"] is None else UUID(int=found["case_id"].int)
    return Notice(id=found["id"], case_id=case_id, people=tuple(found["people"]), cases=tuple(found["cases"]), **given)


_PART = ("kind", "timer", "level", "answered_at", "answered_by")


def _part(row: Row[Any], case_id: UUID) -> Notice:
    """What a group says of one case."""
    whole = to_notice(row)
    given = {name: getattr(whole, name) for name in PLAIN}
    part = {name: row._mapping[f"case_{name}"] for name in _PART}
    return Notice(id=whole.id, **(given | part | {"case_id": case_id, "cases": (), "count": 1}))


def _of_case(case_id: UUID) -> ColumnElement[bool]:
    inside = select(notice_case.c.notice).where(notice_case.c.case_id == case_id)
    return or_(notice.c.case_id == case_id, notice.c.once.in_(inside))


def _columns(one: Notice) -> dict[str, Any]:
    given = {name: getattr(one, name) for name in PLAIN}
    return given | {"people": list(one.people), "cases": list(one.cases)}
