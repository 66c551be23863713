"""risk and corrections: what the centre changes about a case without moving it."""

from datetime import datetime

from services.domain import corrections, risk
from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.corrections import Stamp
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.states import Action
from services.domain.words import Risk
from services.handlers.command import Command, Done, carry_out
from services.handlers.context import Context
from services.handlers.tried import tried_on
from services.store import events
from services.store.engine import Transaction


async def set_risk(tx: Transaction, context: Context, command: Command, *, by: Actor, to: Risk) -> Done:
    """Raise the risk, which pulls the running limits in and may ask for a visit, or lower it, which extends none.

    Lowering is a supervisor's.
    """

    async def decide(case: Case, policy: Policy, said: Said) -> Change:
        tried = await tried_on(tx.conn, case)
        return risk.set_risk(case, to, by=by, now=tx.now, policy=policy, said=said, tried=tried)

    return await carry_out(tx, context, command, by=by, decide=decide)


async def correct(
    tx: Transaction, context: Context, command: Command, *, by: Actor, stamp: Stamp, at: datetime
) -> Done:
    """Say that a time was another. Both are kept; limits stay as they were."""

    async def decide(case: Case, policy: Policy, said: Said) -> Change:
        assert case.id is not None  # noqa: S101 - a locked case has its row
        before = await events.some(tx.conn, case.id, (Action.CORRECT,))
        return corrections.correct(case, stamp, at, before, by=by, now=tx.now, policy=policy, said=said)

    return await carry_out(tx, context, command, by=by, decide=decide)
