"""erasure: the person of an ended case is forgotten for good, by forgetting its key; what figures need stays.

Facts stay as they were written, so that the audit's chain verifies; the words sealed in them open no more.
"""

from enum import StrEnum
from uuid import UUID

from services.domain import telling
from services.domain.actor import Actor
from services.domain.contents import Contents
from services.domain.refusals import NotAllowed, OnLegalHold, OutOfOrder
from services.domain.states import ENDED, Action
from services.domain.value import value
from services.domain.words import Role
from services.handlers.messages import messages_for
from services.store import audit, cases, erasure, legal_holds
from services.store.cases import Saving
from services.store.engine import Store, Transaction


class Because(StrEnum):
    """Why, in a word: sentences could name the person who is to be forgotten."""

    PERIOD_OVER = "PERIOD_OVER"  # kept as long as it had to be
    ON_REQUEST = "ON_REQUEST"  # of the person
    BY_ORDER = "BY_ORDER"  # of a court or an authority
    MISTAKE = "MISTAKE"  # it should never have been kept


@value
class Erased:
    """`again`: the person was forgotten already. `contents` are to be taken away once this is committed, and the case's
    `row` is to be struck out of the archives.
    """

    row: int
    again: bool
    contents: tuple[str, ...]


async def erase(
    tx: Transaction, case_id: UUID, *, by: Actor, because: Because, seen_version: int | None = None
) -> Erased:
    """Forget the key, the indexes and what is sealed, and say so on the timeline. Safe to repeat.

    Raises CaseNotFound, NotAllowed, OnLegalHold, or OutOfOrder where the case has not ended, still waits for something
    (a follow-up, a receipt) or is not as it was seen.
    """
    if by.role is not Role.ADMINISTRATOR:
        raise NotAllowed(role=by.role, action=Action.ERASE)
    stored = await cases.lock(tx, case_id)
    case = stored.case
    if await legal_holds.on_case(tx.conn, stored.id):
        raise OnLegalHold()
    named = tuple(await erasure.contents(tx, stored.id))
    if stored.wrapped_key is None:
        await erasure.forget(tx, stored.id)
        return Erased(row=stored.id, again=True, contents=named)
    changed = seen_version is not None and case.version != seen_version
    if case.state not in ENDED or case.next_due_at is not None or changed:
        raise OutOfOrder(state=case.state, action=Action.ERASE)
    change = telling.noted(case, Action.ERASE, by=by, now=tx.now, detail={"because": because.value})
    await cases.save(tx, [Saving(change=change, before=case, messages=messages_for(change, None, None))])
    await erasure.forget(tx, stored.id)
    told = {"because": because.value, "evidence": len(named)}
    await audit.add(tx, [audit.line("ERASED", at=tx.now, by=by, about="case", key=case_id, detail=told)])
    return Erased(row=stored.id, again=False, contents=named)


async def erase_whole(
    store: Store, contents: Contents, case_id: UUID, *, by: Actor, because: Because, seen_version: int | None = None
) -> Erased:
    """`erase`, and then its evidence. A crash in between leaves contents that nobody can open, until `evidence.sweep`.

    Raises also ContentsAway.
    """
    async with store.begin() as tx:
        erased = await erase(tx, case_id, by=by, because=because, seen_version=seen_version)
    for name in erased.contents:
        await contents.remove(name)
    return erased
