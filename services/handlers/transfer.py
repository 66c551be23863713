"""transfer, receipt: another county has the case. The hour runs until it says so, and our timeline stays."""

from services.domain import moves
from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.states import Action
from services.handlers.command import Command, Done, carry_out
from services.handlers.context import Context
from services.store.engine import Transaction


async def transfer(tx: Transaction, context: Context, command: Command, *, by: Actor, to: str) -> Done:
    """The person is in another county, whose centre is `to`. Our stages stop; TOTAL does not."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        return moves.move(case, Action.TRANSFER, by=by, now=tx.now, policy=policy, said=said, transferred_to=to)

    return await carry_out(tx, context, command, by=by, decide=decide)


async def receive(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """The other county has said that it has the case: TOTAL stops. A later receipt keeps the first one's time."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        return moves.move(case, Action.RECEIPT, by=by, now=tx.now, policy=policy, said=said)

    return await carry_out(tx, context, command, by=by, decide=decide)
