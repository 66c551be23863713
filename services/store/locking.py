"""The question with which a command begins: its case, locked; what was done under its key; what is beside the case.

One question where there would be four, because on PostgreSQL each is a round trip that holds the lock.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Text, and_, bindparam, cast, exists, func, select

from services.store import beside, commands, ready, tables
from services.store.cases import Stored, to_stored
from services.store.commands import Kept
from services.store.engine import Transaction
from services.store.scope import Scope

cases, command = tables.cases, tables.command
seen = cases.alias("seen")  # the row as it was when the question was asked: what FOR UPDATE waited for is not in it
KEPT_SHAPES: Final = 256  # a scope is a unit; one of an invitation is a case


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A locked case. `done` is what its sender's key stood for before; `beside` names what there is beside the case."""

    stored: Stored
    done: Kept | None
    beside: Collection[str]


async def hold(
    tx: Transaction, case_id: UUID, *, scope: Scope | None, actor: str, key: str, with_beside: bool = False
) -> Held | None:
    """The case of a command, locked until the end of the transaction; None where there is none in the scope."""
    given = {"case": case_id, "actor": actor, "key": key, "locked": "".join(f"{row}," for row in tx.locked)}
    question = _question(scope, with_beside, tx.behind_wall)
    row = await ready.one(tx.conn, question, given)
    if row is None:
        return None
    stored = to_stored(row)
    if tx.behind_wall:
        tx.locked.append(stored.id)
    found = row._mapping
    if found["seen_version"] == stored.case.version:
        done = None if found["done_case"] is None else Kept(**{name: found[f"done_{name}"] for name in commands.KEPT})
        return Held(stored=stored, done=done, beside=[name for name in beside.PARTS if found.get(f"has_{name}")])
    # It waited for somebody who has changed the case: the rest was looked at before they had.
    done = await commands.find(tx, actor=actor, key=key)
    return Held(stored=stored, done=done, beside=tuple(beside.PARTS))


@lru_cache(maxsize=KEPT_SHAPES)
def _question(scope: Scope | None, with_beside: bool, behind_wall: bool) -> Select[Any]:
    same_key = and_(command.c.actor == bindparam("actor"), command.c.key == bindparam("key"))
    columns: list[Any] = [
        seen.c.version.label("seen_version"),
        command.c.case_id.label("done_case"),
        *(command.c[name].label(f"done_{name}") for name in commands.KEPT),
    ]
    if with_beside:
        columns += [
            exists().where(table.c.case_id == cases.c.id).label(f"has_{name}")
            for name, (table, _) in beside.PARTS.items()
        ]
    if behind_wall:  # see `Transaction.keep`
        locked = bindparam("locked", type_=Text) + cast(cases.c.id, Text)
        columns.append(func.set_config("quanzu.locked", locked, True))
    question = select(cases, *columns).join(seen, seen.c.id == cases.c.id).outerjoin(command, same_key)
    question = question.where(cases.c.case_id == bindparam("case")).with_for_update(of=cases)
    return question if scope is None else question.where(scope.holds)
