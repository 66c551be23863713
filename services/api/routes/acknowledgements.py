"""POST: the responder says "received", or that somebody else must go."""

from uuid import UUID

from fastapi import APIRouter

from services.api.bodies import Plain, Reasoned
from services.api.problems import responses
from services.api.work import Answer, UnseenWork, Work
from services.handlers.acknowledge import acknowledge, decline, hand_over, second_acknowledge

router = APIRouter(tags=["precinct"])
NOTHING = Plain()
REFUSALS = responses(
    "case-not-found",
    "not-allowed",
    "not-yours",
    "out-of-order",
    "stale-turn",
    "not-done-before",
    "key-missing",
    "key-reused",
    "turn-missing",
)
SECOND = responses(
    "case-not-found", "not-allowed", "not-yours", "same-person", "out-of-order", "key-missing", "key-reused"
)


@router.post("/cases/{case_id}/acknowledgement", responses=REFUSALS)
async def post_acknowledgement(case_id: UUID, work: Work, body: Plain = NOTHING) -> Answer:
    """Acknowledge an instruction. The first of the unit wins; the others get 412 and who it was."""
    return await work(acknowledge, "acknowledge", case_id, body)


@router.post("/cases/{case_id}/second-acknowledgement", responses=SECOND)
async def post_second_acknowledgement(case_id: UUID, work: UnseenWork, body: Plain = NOTHING) -> Answer:
    """A large amount: a second person of the unit, its desk or the centre has the instruction, too; no turn is needed."""
    return await work(second_acknowledge, "second-acknowledge", case_id, body)


@router.post("/cases/{case_id}/decline", responses=REFUSALS)
async def post_decline(case_id: UUID, work: Work, body: Reasoned) -> Answer:
    """Can't go: the next candidate is asked at once, the hour runs on."""
    return await work(decline, "decline", case_id, body, private={"reason": body.reason})


@router.post("/cases/{case_id}/hand-over", responses=REFUSALS)
async def post_hand_over(case_id: UUID, work: Work, body: Reasoned) -> Answer:
    """Can't go on, after the acknowledgement: the next candidate is asked at once, the hour runs on."""
    return await work(hand_over, "hand-over", case_id, body, private={"reason": body.reason})
