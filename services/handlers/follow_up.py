"""follow-up and loss: the person was asked again, somebody else strikes it off; money was lost after the warning."""

from dataclasses import dataclass
from datetime import datetime

from services.domain import after_loop
from services.domain.actor import Actor
from services.domain.beside import Beside, Made
from services.domain.case import Case
from services.domain.follow_up import FollowUp, Result
from services.domain.moves import Said
from services.domain.policy import Policy
from services.domain.refusals import NotInCase
from services.handlers.beside import carry_out_beside
from services.handlers.command import Command, Done
from services.handlers.context import Context
from services.handlers.seen import must_be
from services.store.engine import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of asking. An amount belongs to a loss."""

    result: Result
    loss_after_fen: int | None = None


async def do_follow_up(
    tx: Transaction, context: Context, command: Command, *, by: Actor, follow_up: int, found: Found
) -> Done:
    """The person was asked again. Raises NotInCase, StaleRow, NotYours, OutOfOrder or Incomplete."""

    def decide(case: Case, beside: Beside, policy: Policy, said: Said) -> Made:
        return after_loop.followed_up(
            case,
            beside,
            _one(beside, follow_up, command.seen),
            result=found.result,
            loss_after_fen=found.loss_after_fen,
            by=by,
            now=tx.now,
            policy=policy,
            private=said.private,
        )

    return await carry_out_beside(tx, context, command, by=by, decide=decide)


async def close_follow_up(tx: Transaction, context: Context, command: Command, *, by: Actor, follow_up: int) -> Done:
    """Struck off, by another person than who did it. Raises NotInCase, NotYours, OutOfOrder or OwnSubmission."""

    def decide(case: Case, beside: Beside, policy: Policy, said: Said) -> Made:  # noqa: ARG001
        one = _one(beside, follow_up, command.seen)
        return after_loop.struck_off(case, beside, one, by=by, now=tx.now, private=said.private)

    return await carry_out_beside(tx, context, command, by=by, decide=decide)


async def record_loss(
    tx: Transaction, context: Context, command: Command, *, by: Actor, loss_after_fen: int, lost_at: datetime | None
) -> Done:
    """A loss after the warning, found at whatever time. The old amount stays in the timeline. Raises Incomplete."""

    def decide(case: Case, beside: Beside, policy: Policy, said: Said) -> Made:
        return after_loop.lost(
            case,
            beside,
            loss_after_fen=loss_after_fen,
            lost_at=lost_at,
            by=by,
            now=tx.now,
            policy=policy,
            private=said.private,
        )

    return await carry_out_beside(tx, context, command, by=by, decide=decide)


def _one(beside: Beside, id_: int, seen: str | None) -> FollowUp:
    found = next((one for one in beside.follow_ups if one.id == id_), None)
    if found is None:
        raise NotInCase()
    must_be(seen, found)
    return found
