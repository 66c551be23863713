"""attempt, contact, contact lost: the responder's calls and visits until somebody is reached."""

from services.domain import moves, risk
from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.risk import Tried
from services.domain.states import Action
from services.handlers.command import Command, Decide, Done, carry_out
from services.handlers.context import Context
from services.store import events
from services.store.engine import Transaction

TRYING = (Action.ATTEMPT, Action.RAISE)


def _moving(action: Action, tx: Transaction, by: Actor) -> Decide:
    def decide(case: Case, policy: Policy, said: Said) -> Change:
        return moves.move(case, action, by=by, now=tx.now, policy=policy, said=said)

    return decide


async def attempt(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """A call, a message or a visit, with its result; the first one stops FIRST_ATTEMPT and starts CONTACT.

    A danger sign, or failed calls, raise the risk in the same breath.
    """

    async def decide(case: Case, policy: Policy, said: Said) -> Change:
        assert case.id is not None  # noqa: S101 - a locked case has its row
        before = [
            Tried(action=entry.action, at=entry.at, detail=entry.detail)
            for entry in await events.some(tx.conn, case.id, TRYING)
        ]
        return risk.attempt(case, before, by=by, now=tx.now, policy=policy, said=said)

    return await carry_out(tx, context, command, by=by, decide=decide)


async def contact(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """The person or the family is reached; CONTACT stops, DISSUADE starts."""
    return await carry_out(tx, context, command, by=by, decide=_moving(Action.CONTACT, tx, by))


async def lose_contact(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """The line is dead again; CONTACT starts anew."""
    return await carry_out(tx, context, command, by=by, decide=_moving(Action.LOSE_CONTACT, tx, by))
