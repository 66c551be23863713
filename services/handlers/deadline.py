"""deadline: what is due fires, once, in one transaction: marks, the moves they bring, what is beside the loop.

What is beside a case has no due time of its own that anybody looks for: the case row takes the earliest of them, and
who claims the row settles both. A crash before the commit leaves all of it due.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.domain import moves, stopping
from services.domain import timers as limits
from services.domain.beside import Beside, Made
from services.domain.case import Change
from services.domain.states import TimerKind
from services.handlers.context import Context, open_warning
from services.handlers.messages import ASSIGNING, messages_for
from services.handlers.notices import Teller
from services.handlers.offering import offer_next
from services.store import beside, cases, deadlines
from services.store.beside import BesideSaving
from services.store.cases import Saving, Stored
from services.store.engine import Transaction

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """The changes of one claim, and how late each began to be settled."""

    changes: tuple[Change, ...]
    late: tuple[timedelta, ...]
    failed: int  # cases that could not be settled: said in the log, tried again after a minute
    full: bool  # there may be more due already


async def fire_due(tx: Transaction, context: Context, *, limit: int = 500) -> Fired:
    """Settle up to `limit` cases that are due, oldest first. Any number of processes may do this at once."""
    savings, besides, late, failed = [], [], [], 0
    teller = Teller(tx, context)
    claimed = await deadlines.claim_due(tx, limit=limit)
    held = await beside.load(tx.conn, [stored.id for stored in claimed if _has_beside(stored, tx.now)])
    for stored in claimed:
        try:
            saving, made = await _settled(tx, context, stored, held.get(stored.id), teller)
        except SQLAlchemyError:
            raise
        except Exception:  # one case that can't be settled must not hold up all the others
            log.exception("case.not_settled", action="case.not_settled", case_id=str(stored.case.case_id))
            await deadlines.put_off(tx, stored.id, tx.now + AGAIN_AFTER)
            teller.forget(stored.case)
            failed += 1
            continue
        due_at = stored.case.next_due_at
        if saving is None:
            await deadlines.put_off(tx, stored.id, due_at)
            continue
        savings.append(saving)
        if made is not None:
            before = held[stored.id]
            besides.append(BesideSaving(case=stored.id, before=before, after=made.beside, entries=made.entries))
        late.append(tx.now - due_at if due_at else timedelta(0))
    await cases.save(tx, savings)
    await beside.save(tx, besides)
    await teller.write()
    return Fired(
        changes=tuple(saving.change for saving in savings),
        late=tuple(late),
        failed=failed,
        full=len(claimed) == limit,
    )


def _has_beside(stored: Stored, now: datetime) -> bool:
    """Whether what is beside the case is due, or is told when a bank does not answer."""
    due_at = stored.case.side_due_at
    return (due_at is not None and due_at <= now) or limits.running(
        stored.case.timers, TimerKind.STOP_CONFIRM
    ) is not None


async def _settled(
    tx: Transaction, context: Context, stored: Stored, held: Beside | None, teller: Teller
) -> tuple[Saving | None, Made | None]:
    """What is due on one case and beside it; no saving where both say that nothing is."""
    policy = await context.policies.version(tx.conn, stored.case.policy_version)
    change = moves.tick(stored.case, now=tx.now, policy=policy, watch=await teller.watch_of(policy))
    made = None
    if held is not None:
        made = stopping.passed(change, stored.case, held, now=tx.now, policy=policy)
        change = change if made is None else made.change
    if change is None:
        return None, None
    change = await offer_next(tx, context, stored, change, policy=policy)
    change = await teller.tell(stored.case, change, policy=policy)
    return Saving(change=change, before=stored.case, messages=told(context, stored, change)), made


def told(context: Context, stored: Stored, change: Change) -> tuple:  # type: ignore[type-arg]
    """The messages of a change; the warning is opened only when somebody new must know whom to find."""
    assigns = any(fact.action in ASSIGNING for fact in change.facts)
    warning = open_warning(context.sealer, stored) if assigns else None
    return messages_for(change, warning, None)


async def save_told(tx: Transaction, context: Context, made: Sequence[tuple[Stored, Change]]) -> tuple[Change, ...]:
    """Write changes of locked cases with their messages and notices; gives them as they were written."""
    savings = []
    teller = Teller(tx, context)
    for stored, change in made:
        policy = await context.policies.version(tx.conn, stored.case.policy_version)
        whole = await teller.tell(stored.case, change, policy=policy)
        savings.append(Saving(change=whole, before=stored.case, messages=told(context, stored, whole)))
    await cases.save(tx, savings)
    await teller.write()
    return tuple(saving.change for saving in savings)
