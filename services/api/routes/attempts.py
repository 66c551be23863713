"""POST: calls, messages and visits, until somebody is reached or lost again."""

from uuid import UUID

from fastapi import APIRouter

from services.api.bodies import Attempting, Contacting, Plain
from services.api.problems import responses
from services.api.routes.acknowledgements import NOTHING, REFUSALS
from services.api.work import Answer, Work
from services.handlers.attempt import attempt, contact, lose_contact

router = APIRouter(tags=["precinct"])


@router.post("/cases/{case_id}/attempts", responses=REFUSALS | responses("incomplete", "key-missing", "key-reused"))
async def post_attempt(case_id: UUID, work: Work, body: Attempting) -> Answer:
    """One call, message or visit with its result; the first one stops the first attempt's limit.

    A visit may be told in steps: SET_OUT, ARRIVED, then what came of it. The first step answers a visit that is wanted.
    """
    detail = {"result": body.result, "channel": body.channel}
    return await work(attempt, "attempt", case_id, body, detail=detail, private={"note": body.note})


@router.post("/cases/{case_id}/contact", responses=REFUSALS)
async def post_contact(case_id: UUID, work: Work, body: Contacting) -> Answer:
    """The person or the family is reached."""
    return await work(contact, "contact", case_id, body, detail={"mode": body.mode})


@router.post("/cases/{case_id}/contact-lost", responses=REFUSALS)
async def post_contact_lost(case_id: UUID, work: Work, body: Plain = NOTHING) -> Answer:
    """The line is dead again; the contact's limit starts anew."""
    return await work(lose_contact, "contact-lost", case_id, body)
