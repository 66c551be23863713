"""escalate: the centre calls in a level of a running limit by hand, whatever time it would have come by itself."""

from services.domain import calling
from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.states import TimerKind
from services.handlers.command import Command, Done, carry_out
from services.handlers.context import Context
from services.handlers.notices import Teller
from services.store.engine import Transaction


async def escalate(
    tx: Transaction, context: Context, command: Command, *, by: Actor, level: int, timer: TimerKind | None
) -> Done:
    """A level with nobody is passed over as always. Raises NotAllowed, or Incomplete where there is no such level."""

    async def decide(case: Case, policy: Policy, said: Said) -> Change:
        watch = await Teller(tx, context).watch_of(policy)
        return calling.jump(case, level, kind=timer, by=by, now=tx.now, policy=policy, watch=watch, said=said)

    return await carry_out(tx, context, command, by=by, decide=decide)
