"""conclude and feedback: how it ended, and the words and money that tell of it."""

from dataclasses import dataclass

from services.domain import after_loop, moves, trying, visiting
from services.domain.actor import Actor
from services.domain.beside import Beside, Made
from services.domain.case import Case
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.states import Action
from services.domain.value import replace
from services.domain.words import Outcome
from services.handlers.beside import carry_out_beside
from services.handlers.command import Command, Done
from services.handlers.context import Context
from services.handlers.tried import tried_on
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
    """The outcome is known; DISSUADE (or CONTACT) stops, FEEDBACK starts. A loss after the warning opens a review.

    Raises TriesMissing where too little was tried for NOT_REACHED. A case that closes only in person, and was not met
    yet, wants a visit from here on.
    """

    async def decide(case: Case, beside: Beside, policy: Policy, said: Said) -> Made:
        tried = await tried_on(tx.conn, case)
        change = moves.conclude(
            case,
            outcome,
            by=by,
            now=tx.now,
            policy=policy,
            said=said,
            stops=visiting.needless_after(replace(case, outcome=outcome), tried, policy),
            loss_before_fen=money.loss_before_fen,
            loss_after_fen=money.loss_after_fen,
            amount_saved_fen=money.amount_saved_fen,
        )
        if outcome is Outcome.NOT_REACHED:
            trying.must_have_tried(tried, policy)
        made = after_loop.concluded(change, beside, by=by, now=tx.now, policy=policy, zone=context.zone)
        return replace(made, change=visiting.concluded(made.change, tried, policy=policy))

    return await carry_out_beside(tx, context, command, by=by, decide=decide)


async def report(tx: Transaction, context: Context, command: Command, *, by: Actor) -> Done:
    """The feedback's text, sealed. FEEDBACK and TOTAL stop here; the hour was kept or not. The follow-ups are made."""

    def decide(case: Case, beside: Beside, policy: Policy, said: Said) -> Made:
        change = moves.move(case, Action.REPORT, by=by, now=tx.now, policy=policy, said=said, submitter=by.name)
        return after_loop.reported(change, beside, policy=policy, zone=context.zone)

    return await carry_out_beside(tx, context, command, by=by, decide=decide)
