"""departed: whoever is not in the registry any more holds no case: each goes on to the next candidate by itself.

What is too late to be asked again (CONTACTED, CONCLUDED) gets another responder, state and limits staying; the rest goes
back to the queue, and out of it at once.
"""

from datetime import timedelta

from services.domain import moves
from services.domain.actor import REGISTRY
from services.domain.case import Change
from services.domain.choice import Choice
from services.domain.policy import Policy
from services.domain.states import Action, State
from services.handlers.context import Context
from services.handlers.deadline import save_told
from services.handlers.offering import next_candidate, offer_next
from services.handlers.routing import choice_of
from services.store import departed
from services.store.cases import Stored
from services.store.engine import Transaction

LOOKED_BACK = timedelta(days=1)  # so long a case waits for somebody who can take it over
TOO_LATE_TO_ASK = (State.CONTACTED, State.CONCLUDED)


async def pass_on(tx: Transaction, context: Context) -> tuple[Change, ...]:
    """Pass on what is held by those who left within the last day. Any number may do this at once; safe to repeat.

    Where nobody can take it, a case that is too late to be asked again stays as it is, and is looked at again.
    """
    made = []
    for stored in await departed.claim_held(tx, since=tx.now - LOOKED_BACK):
        policy = await context.policies.version(tx.conn, stored.case.policy_version)
        change = await _passed_on(tx, context, stored, policy)
        if change is not None:
            made.append((stored, change))
    return await save_told(tx, context, made)


async def _passed_on(tx: Transaction, context: Context, stored: Stored, policy: Policy) -> Change | None:
    case = stored.case
    if case.state not in TOO_LATE_TO_ASK:
        change = moves.release(case, Action.HAND_OVER, by=REGISTRY, now=tx.now, policy=policy)
        return await offer_next(tx, context, stored, change, policy=policy)
    if case.responsible_unit is None:
        return None
    left = frozenset(filter(None, (*case.tried, case.responder)))
    choice = await next_candidate(tx, context, stored, case, unit=case.responsible_unit, excluding=left)
    if not isinstance(choice, Choice):
        return None
    return moves.assign(
        case,
        unit=choice.unit,
        responder=choice.responder,
        why=choice_of(choice),
        by=REGISTRY,
        now=tx.now,
        policy=policy,
    )
