"""What runs beside the loop, for cases whose rows are locked: load it all, save what has changed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.beside import Beside
from services.domain.follow_up import FollowUp
from services.domain.policy_rules import ReviewCause
from services.domain.protective_hold import ProtectiveHold
from services.domain.review import Review
from services.domain.stop_order import Entry, StopOrder
from services.store import arrays, ready, tables
from services.store.columns import RowId
from services.store.engine import Store, Transaction
from services.store.quick import Question, question_of, saying

orders, ledger, follow_ups = tables.stop_order, tables.ledger, tables.follow_up
reviews, holds = tables.review, tables.protective_hold
Item = StopOrder | FollowUp | Review | ProtectiveHold
_ROW: Final = bindparam("row", type_=RowId, required=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideSaving:
    """What was beside one case and what is now; `sealed` is what a new order keeps of the payment, by its id."""

    case: int  # the row
    before: Beside
    after: Beside
    entries: Sequence[Entry] = ()
    sealed: Mapping[UUID, Mapping[str, bytes | None]] = field(default_factory=dict)


async def load(
    conn: AsyncConnection, cases: Collection[int], *, parts: Collection[str] | None = None
) -> dict[int, Beside]:
    """All that is beside these cases, by row; a case with nothing has an empty one. `parts`: there is nothing else."""
    if not cases:
        return {}
    found: dict[int, dict[str, list[Any]]] = {row: {} for row in cases}
    for name in PARTS if parts is None else parts:
        table, read = PARTS[name]
        if len(cases) == 1:
            of_case = await ready.rows(conn, _of_one_case(table), {"case": next(iter(cases))})
        else:
            of_case = (await conn.execute(select(table).where(table.c.case_id.in_(cases)).order_by(table.c.id))).all()
        for row in of_case:
            found[row.case_id].setdefault(name, []).append(read(row))
    return {row: Beside(**{name: tuple(items) for name, items in held.items()}) for row, held in found.items()}


@cache
def _of_one_case(table: Table) -> Select[Any]:
    return select(table).where(table.c.case_id == bindparam("case", type_=RowId)).order_by(table.c.id)


async def save(tx: Transaction, savings: Sequence[BesideSaving]) -> None:
    """Write what is new or has changed, and the ledger's new lines."""
    for name, (table, _) in PARTS.items():
        new, changed = [], []
        for saving in savings:
            was = {one.id: one for one in getattr(saving.before, name)}
            for one in getattr(saving.after, name):
                if one.id is None:
                    new.append({**_columns(one), "case_id": saving.case, **_sealed(table, one, saving)})
                elif one != was[one.id]:
                    changed.append({"id": one.id} | _columns(one))
        await arrays.insert_rows(tx, table, new)
        await arrays.update_rows(tx, table, changed)
    lines = [
        {name: getattr(entry, name) for name in ("order_id", "kind", "amount_fen", "at", "by")}
        for saving in savings
        for entry in saving.entries
    ]
    await arrays.insert_rows(tx, ledger, lines)


def _sealed(table: Table, one: Item, saving: BesideSaving) -> Mapping[str, bytes | None]:
    if table is not orders or not isinstance(one, StopOrder):
        return {}
    return saving.sealed.get(one.order_id) or {"sealed": None, "account_key": None}


def _columns(one: Item) -> dict[str, Any]:
    given = {member.name: getattr(one, member.name) for member in fields(one) if member.name != "id"}
    if isinstance(one, FollowUp):
        given["grace_s"] = int(given.pop("grace").total_seconds())
    if isinstance(one, Review):
        given["why"] = [why.value for why in one.why]
    return given


def _plain(kind: type[Item], row: Row[Any], *, without: Collection[str] = ()) -> dict[str, Any]:
    return {member.name: row._mapping[member.name] for member in fields(kind) if member.name not in without}


def to_order(row: Row[Any]) -> StopOrder:
    plain = _plain(StopOrder, row, without=("order_id",))
    return StopOrder(**plain, order_id=UUID(int=row.order_id.int))  # asyncpg has a class of its own, as in cases


def to_follow_up(row: Row[Any]) -> FollowUp:
    return FollowUp(**_plain(FollowUp, row, without=("grace",)), grace=timedelta(seconds=row.grace_s))


def to_review(row: Row[Any]) -> Review:
    return Review(**_plain(Review, row, without=("why",)), why=tuple(ReviewCause(why) for why in row.why))


def to_hold(row: Row[Any]) -> ProtectiveHold:
    return ProtectiveHold(**_plain(ProtectiveHold, row))


PARTS: Mapping[str, tuple[Table, Callable[[Row[Any]], Item]]] = {
    "orders": (orders, to_order),
    "follow_ups": (follow_ups, to_follow_up),
    "reviews": (reviews, to_review),
    "holds": (holds, to_hold),
}


def to_entry(row: Row[Any]) -> Entry:
    plain = _plain(Entry, row, without=("order_id",))  # type: ignore[arg-type]
    return Entry(**plain, order_id=UUID(int=row.order_id.int))


async def ledger_of(conn: AsyncConnection, order_ids: Collection[UUID]) -> list[Entry]:
    """The lines of these orders, in the order in which they were written."""
    if not order_ids:
        return []
    question = select(ledger).where(ledger.c.order_id.in_(order_ids)).order_by(ledger.c.id)
    return [to_entry(row) for row in await conn.execute(question)]


async def sealed_of(conn: AsyncConnection, case: int) -> dict[UUID, bytes | None]:
    """What each order of a case keeps sealed of its payment."""
    question = select(orders.c.order_id, orders.c.sealed).where(orders.c.case_id == case)
    return {UUID(int=row.order_id.int): row.sealed for row in await conn.execute(question)}


async def case_of_order(conn: AsyncConnection, order_id: UUID) -> UUID | None:
    """The public id of the case of an order, or None."""
    joined = select(tables.cases.c.case_id).join(orders, orders.c.case_id == tables.cases.c.id)
    return _public((await conn.execute(joined.where(orders.c.order_id == order_id))).scalar())


async def orders_of_case(conn: AsyncConnection, case_id: UUID) -> list[UUID]:
    """The orders of a case, by its public id."""
    joined = select(orders.c.order_id).join(tables.cases, orders.c.case_id == tables.cases.c.id)
    found = await conn.execute(joined.where(tables.cases.c.case_id == case_id).order_by(orders.c.id))
    return [UUID(int=row.order_id.int) for row in found]


async def case_of(store: Store, table: Table, row: int) -> UUID | None:
    """The public id of the case of a row of `follow_up`, `review` or `protective_hold`, or None; behind the store's wall."""
    if store.postgres:
        found = await store.ask(_quick_case_of(table), row=row)
        return _public(None if found is None else found[0])
    async with store.read() as conn:
        one = await ready.one(conn, _case_of(table, _ROW), {"row": row})
        return None if one is None else _public(one.case_id)


@cache
def _quick_case_of(table: Table) -> Question:
    said = select(_ROW).select_from(saying()).scalar_subquery()  # so that who asks is said before a row is found
    return question_of(_case_of(table, said))


@cache
def _case_of(table: Table, row: ColumnElement[int]) -> Select[Any]:
    """Each table by itself: joined, either could be looked at first."""
    case = select(table.c.case_id).where(table.c.id == row).scalar_subquery()
    return select(tables.cases.c.case_id).where(tables.cases.c.id == case)


def _public(found: Any) -> UUID | None:
    return None if found is None else UUID(int=found.int)
