"""POST: the case goes to another county, and that county has it."""

from uuid import UUID

from fastapi import APIRouter

from services.api.bodies import Receipting, Transferring
from services.api.routes.acknowledgements import REFUSALS
from services.api.work import Answer, Work
from services.handlers.transfer import receive, transfer

router = APIRouter(tags=["centre"])
PLAIN = Receipting()


@router.post("/cases/{case_id}/transfer", responses=REFUSALS)
async def post_transfer(case_id: UUID, work: Work, body: Transferring) -> Answer:
    """The person is in another county. The hour runs on until that county's receipt."""
    private = {"reason": body.reason}
    return await work(transfer, "transfer", case_id, body, detail={"to": body.to}, private=private, to=body.to)


@router.post("/cases/{case_id}/receipt", responses=REFUSALS)
async def post_transfer_receipt(case_id: UUID, work: Work, body: Receipting = PLAIN) -> Answer:
    """The other county has the case: the hour stops here."""
    return await work(receive, "receive", case_id, body, detail={"number": body.number}, private={"note": body.note})
