"""What a caller polls of one case: where its loop is, who holds it, what is due next. Nothing of the person."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, bindparam, select

from services.domain.actor import Actor
from services.store import tables
from services.store.engine import Store
from services.store.quick import Question, question_of, saying
from services.store.scope import Scope, scope_of

cases = tables.cases
COLUMNS: Final = (
    "state",
    "outcome",
    "risk",
    "assigned_unit",
    "responder",
    "turn",
    "version",
    "issued_at",
    "next_due_at",
    "total_due_at",
)
_CASE_ID: Final = bindparam("case_id", type_=cases.c.case_id.type, required=False)


async def find(store: Store, case_id: UUID, *, seen_by: Actor) -> Mapping[str, Any] | None:
    """The columns, by name; None where there is no such case in the scope of `seen_by`, or behind the store's wall."""
    if store.postgres:
        return await store.ask(_quick(seen_by), case_id=case_id)
    async with store.read() as conn:
        question = _narrowed(_plain(), scope_of(seen_by))
        found = (await conn.execute(question, {"case_id": case_id})).one_or_none()
    return None if found is None else found._mapping


@lru_cache(maxsize=1024)
def _quick(seen_by: Actor) -> Question:
    said = select(_CASE_ID).select_from(saying()).scalar_subquery()  # so that who asks is said before the row is found
    return question_of(_narrowed(select(*_wanted()).where(cases.c.case_id == said), scope_of(seen_by)))


def _plain() -> Select[Any]:
    return select(*_wanted()).where(cases.c.case_id == _CASE_ID)


def _wanted() -> list[Any]:
    return [cases.c[name] for name in COLUMNS]


def _narrowed(question: Select[Any], scope: Scope | None) -> Select[Any]:
    return question if scope is None else question.where(scope.holds)
