"""conclude and feedback: how it ended, and the words and money that tell of it."""

from dataclasses import dataclass

from services.domain import moves
from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.states import Action
from services.domain.words import Outcome
from services.handlers.command import Command, Done, carry_out
from services.handlers.context import Context
from services.store.engine import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Integer fen; None: not known."""

    loss_before_fen: int | None = None
    loss_after_fen: int | None = None
    amount_saved_fen: int | None = None


async def conclude(
    tx: Transaction, context: Context, command: Command, *, by: Actor, outcome: Outcome, money: Money
) -> Done:
    """The outcome is known; DISSUADE (or CONTACT) stops, FEEDBACK starts."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        return moves.conclude(
            case,
            outcome,
            by=by,
            now=tx.now,
            policy=policy,
            said=said,
            loss_before_fen=money.loss_before_fen,
            loss_after_fen=money.loss_after_fen,
            amount_saved_fen=money.amount_saved_fen,
        )

    return await carry_out(tx, context, command, by=by, decide=decide)


async def report(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """The feedback's text, sealed. FEEDBACK and TOTAL stop here; the hour was kept or not."""

    def decide(case: Case, policy: Policy, said: Said) -> Change:
        return moves.move(case, Action.REPORT, by=by, now=tx.now, policy=policy, said=said, submitter=by.name)

    return await carry_out(tx, context, command, by=by, decide=decide)
