"""POST: a note on a case. It is read in the case's timeline, by those who may read words."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from schemas.fields import Count
from services.api.bodies import Body, Words
from services.api.problems import responses
from services.api.work import Answer, UnseenWork
from services.handlers.note import add_note

router = APIRouter(tags=["evidence"])


class Noted(Body):
    text: Words = Field(description="The note; sealed.")
    corrects: Count | None = Field(
        default=None, description="Version, in the timeline, of the note that this corrects."
    )


@router.post(
    "/cases/{case_id}/notes",
    responses=responses("case-not-found", "not-allowed", "not-yours", "incomplete", "key-missing", "key-reused"),
)
async def post_note(case_id: UUID, work: UnseenWork, body: Noted) -> Answer:
    """Words on a case, at any time of its life. Nothing is overwritten: a correction is another note."""
    detail, private = {"corrects": body.corrects}, {"note": body.text}
    return await work(add_note, "note", case_id, body, detail=detail, private=private, corrects=body.corrects)
