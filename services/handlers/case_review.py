"""case review (倒查): its cause, what is done about it, and its end by a second person. It opens by itself."""

from collections.abc import Callable

from services.domain import after_loop, review
from services.domain.actor import Actor
from services.domain.beside import Beside, Made
from services.domain.case import Case
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.refusals import NotInCase
from services.domain.review import Review
from services.handlers.beside import carry_out_beside
from services.handlers.command import Command, Done
from services.handlers.context import Context
from services.handlers.seen import must_be
from services.store.engine import Transaction


async def set_cause(
    tx: Transaction, context: Context, command: Command, *, by: Actor, review_id: int, accountable: str
) -> Done:
    """Why it happened (sealed), and who answers for it. Raises NotInCase, NotAllowed or OutOfOrder."""
    return await _step(
        tx,
        context,
        command,
        by=by,
        review_id=review_id,
        step=lambda one: review.cause_set(one, accountable=accountable, by=by.name, at=tx.now),
    )


async def set_actions(tx: Transaction, context: Context, command: Command, *, by: Actor, review_id: int) -> Done:
    """What is done, and what is promised (both sealed). Raises NotInCase, NotAllowed or OutOfOrder."""
    return await _step(
        tx,
        context,
        command,
        by=by,
        review_id=review_id,
        step=lambda one: review.actions_set(one, by=by.name, at=tx.now),
    )


async def close_review(tx: Transaction, context: Context, command: Command, *, by: Actor, review_id: int) -> Done:
    """By a second person. Raises NotInCase, NotAllowed, OutOfOrder or OwnSubmission."""
    return await _step(
        tx,
        context,
        command,
        by=by,
        review_id=review_id,
        step=lambda one: review.closed(one, by=by.name, at=tx.now),
    )


async def _step(
    tx: Transaction,
    context: Context,
    command: Command,
    *,
    by: Actor,
    review_id: int,
    step: Callable[[Review], Review],
) -> Done:
    def decide(case: Case, beside: Beside, policy: Policy, said: Said) -> Made:  # noqa: ARG001 - the signature of all
        after_loop.must_review(by)
        found = next((one for one in beside.reviews if one.id == review_id), None)
        if found is None:
            raise NotInCase()
        must_be(command.seen, found)
        return after_loop.reviewed(case, beside, step(found), by=by, now=tx.now, private=said.private)

    return await carry_out_beside(tx, context, command, by=by, decide=decide)
