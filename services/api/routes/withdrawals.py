"""POST: a source takes a warning of its own back. By Kafka it is a message on the topic of the warning."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.api.identity import Submitter
from services.api.problems import responses
from services.api.views import View
from services.api.wire import SentWithdrawal
from services.api.work import Key, TheParts
from services.domain.case import Change, case_id_for
from services.domain.refusals import TooFarAhead
from services.domain.states import Action, State
from services.handlers.incoming import Withdrawal
from services.handlers.tally import tally
from services.handlers.withdrawal import withdraw

router = APIRouter(prefix="/warnings", tags=["warnings"])


class Withdrawn(View):
    """What a withdrawal did."""

    case_id: UUID = Field(description="The id that the source and the number stand for, also before there is a case.")
    effect: Literal["CANCELLED", "MARKED", "KEPT"] = Field(
        description="The case ended; it goes on with a mark; or nothing new: known already, or kept until it comes."
    )


@router.post("/withdrawals", status_code=202, responses=responses("not-allowed", "key-missing", "too-far-ahead"))
async def post_warning_withdrawal(parts: TheParts, by: Submitter, key: Key, body: SentWithdrawal) -> Withdrawn:
    """Nobody can withdraw what another source has issued. The same again has no effect."""
    source = by.as_source
    given = Withdrawal(
        source=source,
        ce_id=key,
        instruction_number=body.instruction_number,
        withdrawn_at=body.withdrawn_at,
        reason=body.reason or None,
        case_id=case_id_for(source, body.instruction_number),
    )
    async with parts.store.begin() as tx:
        if body.withdrawn_at > tx.now + parts.context.picture.policy.future_tolerance:
            raise TooFarAhead()
        changes = await withdraw(tx, parts.context, [given])
    tally(changes)
    return Withdrawn(case_id=given.case_id, effect=_effect(changes))


def _effect(changes: tuple[Change, ...]) -> Literal["CANCELLED", "MARKED", "KEPT"]:
    if not changes:
        return "KEPT"
    ended = any(
        fact.action is Action.WITHDRAW and fact.from_state is not State.CANCELLED and fact.to_state is State.CANCELLED
        for change in changes
        for fact in change.facts
    )
    return "CANCELLED" if ended else "MARKED"
