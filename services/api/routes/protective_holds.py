"""Protective holds on the victim's own account (保护性止付): placed after a refusal, told, objected to, lifted."""

from uuid import UUID

from fastapi import APIRouter, Request

from services.api.beside_bodies import Appealing, Noting, ProtectiveHolds, ProtectiveHoldView, RowPath
from services.api.beside_work import case_of
from services.api.bodies import Reasoned
from services.api.identity import CaseReader
from services.api.problems import responses
from services.api.routes.acknowledgements import REFUSALS
from services.api.routes.cases import seen_case
from services.api.work import Answer, RowWork, TheParts, UnseenWork
from services.handlers.protective_hold import appeal_hold, lift_hold, place_hold, tell_hold
from services.store import beside, tables

router = APIRouter(tags=["after the loop"])
NO_NOTE = Noting()
HOLDING = REFUSALS | responses("not-in-case", "not-allowed", "incomplete", "key-missing", "stale-row")


@router.get("/cases/{case_id}/protective-holds", responses=responses("not-allowed", "case-not-found"))
async def get_protective_holds(case_id: UUID, request: Request, parts: TheParts, reader: CaseReader) -> ProtectiveHolds:
    """The holds of a case, oldest first. Their reasons and appeals are in its timeline."""
    async with parts.store.read() as conn:
        stored = await seen_case(conn, case_id, reader, request)
        found = (await beside.load(conn, [stored.id]))[stored.id].holds
    return ProtectiveHolds(case_id=case_id, items=tuple(ProtectiveHoldView.of(one) for one in found))


@router.post("/cases/{case_id}/protective-hold", responses=HOLDING)
async def post_protective_hold(case_id: UUID, work: UnseenWork, body: Reasoned) -> Answer:
    """The victim's own account is held to protect them; only after they refused."""
    return await work(place_hold, "place-hold", case_id, body, private={"reason": body.reason})


@router.post("/protective-holds/{hold}/notice", responses=HOLDING)
async def post_notice(hold: RowPath, work: RowWork, body: Noting = NO_NOTE) -> Answer:
    """The person was told of the hold, why, and that they may object."""
    case_id = await case_of(work, tables.protective_hold, hold)
    private = {"note": body.note}
    return await work(tell_hold, "tell-hold", case_id, body, detail={"hold": hold}, private=private, hold=hold)


@router.post("/protective-holds/{hold}/appeal", responses=HOLDING)
async def post_appeal(hold: RowPath, work: RowWork, body: Appealing) -> Answer:
    """The person objects."""
    case_id = await case_of(work, tables.protective_hold, hold)
    private = {"appeal": body.appeal}
    return await work(appeal_hold, "appeal-hold", case_id, body, detail={"hold": hold}, private=private, hold=hold)


@router.post("/protective-holds/{hold}/lifting", responses=HOLDING)
async def post_lifting(hold: RowPath, work: RowWork, body: Reasoned) -> Answer:
    """Over; the centre's decision."""
    case_id = await case_of(work, tables.protective_hold, hold)
    private = {"reason": body.reason}
    return await work(lift_hold, "lift-hold", case_id, body, detail={"hold": hold}, private=private, hold=hold)
