"""acknowledge: the responder has the instruction; the ACK limit stops, the first attempt's starts."""

from services.domain import moves, seconding
from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.seconding import First
from services.domain.states import Action
from services.domain.value import replace
from services.domain.words import Role
from services.handlers.command import Command, Done, carry_out
from services.handlers.context import Context
from services.store import events
from services.store.engine import Transaction


async def acknowledge(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """Any responder of the unit may; the first wins and holds the case from then on. A desk answers for the one asked."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        holder = by.responder if by.role is Role.RESPONDER else case.responder
        told = replace(said, detail={**(said.detail or {}), "responder": holder})
        starts = seconding.starts_again(case)
        return moves.move(
            case, Action.ACKNOWLEDGE, by=by, now=tx.now, policy=policy, said=told, starts=starts, responder=holder
        )

    return await carry_out(tx, context, command, by=by, decide=decide)


async def second_acknowledge(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """A large amount: another person has the instruction, too; SECOND_ACK stops. Raises SamePerson or OutOfOrder."""

    async def decide(case: Case, policy: Policy, said: Said) -> Change:
        assert case.id is not None  # noqa: S101 - a locked case has its row
        before = await events.some(tx.conn, case.id, (Action.ACKNOWLEDGE,))
        first = [
            First(actor=one.actor, role=Role(one.role), responder=one.detail.get("responder")) for one in before[-1:]
        ]
        return seconding.second(case, first[0] if first else None, by=by, now=tx.now, policy=policy, said=said)

    return await carry_out(tx, context, command, by=by, decide=decide)


async def decline(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """Can't go: back to the queue and the next candidate is asked at once. TOTAL runs on."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        return moves.release(case, Action.DECLINE, by=by, now=tx.now, policy=policy, said=said)

    return await carry_out(tx, context, command, by=by, decide=decide)


async def hand_over(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """Can't go on: as `decline`, after the acknowledgement."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        return moves.release(case, Action.HAND_OVER, by=by, now=tx.now, policy=policy, said=said)

    return await carry_out(tx, context, command, by=by, decide=decide)
