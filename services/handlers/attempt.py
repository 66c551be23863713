"""attempt, contact, contact lost: the responder's calls and visits until somebody is reached."""

from services.domain import moves, risk, visiting
from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.states import Action
from services.handlers.command import Command, Decide, Done, carry_out
from services.handlers.context import Context
from services.handlers.tried import tried_on
from services.store.engine import Transaction


def _moving(action: Action, tx: Transaction, by: Actor) -> Decide:
    def decide(case: Case, policy: Policy, said: Said) -> Change:
        stops = visiting.answered_by(said.detail or {})
        return moves.move(case, action, by=by, now=tx.now, policy=policy, said=said, stops=stops)

    return decide


async def attempt(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """A call, a message or a visit, with its result; the first one stops FIRST_ATTEMPT and starts CONTACT.

    A danger sign, or failed calls, raise the risk and ask for a visit in the same breath; a visit answers that.
    """

    async def decide(case: Case, policy: Policy, said: Said) -> Change:
        before = await tried_on(tx.conn, case)
        return risk.attempt(case, before, by=by, now=tx.now, policy=policy, said=said)

    return await carry_out(tx, context, command, by=by, decide=decide)


async def contact(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """The person or the family is reached; CONTACT stops, DISSUADE starts. In person it answers a visit that is wanted."""
    return await carry_out(tx, context, command, by=by, decide=_moving(Action.CONTACT, tx, by))


async def lose_contact(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """The line is dead again; CONTACT starts anew."""
    return await carry_out(tx, context, command, by=by, decide=_moving(Action.LOSE_CONTACT, tx, by))
