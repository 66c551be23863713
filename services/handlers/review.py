"""The centre's commands: assign, close or return the feedback, reopen, cancel."""

from services.domain import after_loop, moves, trying
from services.domain.actor import Actor
from services.domain.beside import Beside, Made
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.refusals import NobodyFits
from services.domain.states import Action
from services.handlers.beside import carry_out_beside
from services.handlers.command import Command, Done, carry_out
from services.handlers.context import Context
from services.handlers.tried import tried_on
from services.store.engine import Transaction


async def assign(tx: Transaction, context: Context, command: Command, *, by: Actor, unit: str, responder: str) -> Done:
    """Ask this responder of this unit, whatever the router chose. Raises NobodyFits where they are not on duty there."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        why = {"decided": "BY_HAND", "by": by.role.value}
        change = moves.assign(
            case, unit=unit, responder=responder, why=why, by=by, now=tx.now, policy=policy, said=said
        )
        must_be_on_duty(context, unit, responder)
        return change

    return await carry_out(tx, context, command, by=by, decide=decide)


def must_be_on_duty(context: Context, unit: str, responder: str) -> None:
    """Raises NobodyFits."""
    roster = context.picture.roster
    first, end = roster.units.get(unit, (0, 0))
    if responder not in roster.responders[first:end]:
        raise NobodyFits(unit=unit, responder=responder)


async def close(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """The feedback is good. Never by its submitter. Raises MeetingMissing where the risk closes only in person."""

    async def decide(case: Case, policy: Policy, said: Said) -> Change:
        change = moves.move(case, Action.CLOSE, by=by, now=tx.now, policy=policy, said=said)
        trying.must_have_met(case, await tried_on(tx.conn, case), policy)
        return change

    return await carry_out(tx, context, command, by=by, decide=decide)


async def return_(tx: Transaction, context: Context, command: Command, *, by: Actor, text_only: bool) -> Done:
    """The feedback is not good: back to work with a new hour, or, where only its text is wrong, back to the writing."""
    action = Action.RETURN_TEXT if text_only else Action.RETURN

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        return moves.move(case, action, by=by, now=tx.now, policy=policy, said=said)

    return await carry_out(tx, context, command, by=by, decide=decide)


async def reopen(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """A closed case was not over: a new hour. Follow-ups that are still to be done are superseded."""

    def decide(case: Case, beside: Beside, policy: Policy, said: Said) -> Made:
        count = case.reopened_count + 1
        change = moves.move(case, Action.REOPEN, by=by, now=tx.now, policy=policy, said=said, reopened_count=count)
        return after_loop.reopened(change, beside)

    return await carry_out_beside(tx, context, command, by=by, decide=decide)


async def cancel(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """Ended before a conclusion, with a reason; every limit stops."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        return moves.move(case, Action.CANCEL, by=by, now=tx.now, policy=policy, said=said)

    return await carry_out(tx, context, command, by=by, decide=decide)
