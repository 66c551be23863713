"""co-assign, co-release: the centre lets other units work on a case, or lets them go. One unit stays accountable."""

from services.domain import together
from services.domain.actor import Actor
from services.domain.case import Case, Change, CoAssigned
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.refusals import Incomplete
from services.handlers.command import Command, Done, carry_out
from services.handlers.context import Context
from services.handlers.review import must_be_on_duty
from services.store.engine import Transaction


async def co_assign(
    tx: Transaction, context: Context, command: Command, *, by: Actor, unit: str, responder: str | None
) -> Done:
    """Raises Incomplete for a unit that is unknown, accountable or there already, NobodyFits for one off duty there."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        joining = CoAssigned(unit=unit, responder=responder)
        change = together.co_assign(case, joining, by=by, now=tx.now, policy=policy, said=said)
        if unit not in context.picture.units:
            raise Incomplete(field="unit", why="no such unit")
        if responder is not None:
            must_be_on_duty(context, unit, responder)
        return change

    return await carry_out(tx, context, command, by=by, decide=decide)


async def co_release(tx: Transaction, context: Context, command: Command, *, by: Actor, unit: str) -> Done:
    """Raises Incomplete for a unit that is not co-assigned."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        return together.co_release(case, unit, by=by, now=tx.now, policy=policy, said=said)

    return await carry_out(tx, context, command, by=by, decide=decide)
