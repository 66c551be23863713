"""POST: the whole person of one case, for this answer only, to whoever says why."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from limits import RateLimitItemPerHour
from pydantic import Field

from services.api.bodies import Reasoned
from services.api.persons import Person, whole_of
from services.api.problems import responses
from services.api.rates import Rates
from services.api.routes.cases import seen_case
from services.api.work import Answer, UnseenWork
from services.handlers.unmask import Why, unmask

router = APIRouter(tags=["cases"])

NAMED: Final = "unmask"


class Unmasking(Reasoned):
    why: Why = Field(description="What it is for; the reason says it in words.")


class Unmasked(Answer):
    """The person. Nothing of it is kept by the door, and nothing of it may be kept by the asker."""

    person: Person


@router.post(
    "/cases/{case_id}/unmasking",
    responses=responses("case-not-found", "not-allowed", "key-missing", "key-reused", "too-many"),
)
async def post_unmasking(case_id: UUID, request: Request, work: UnseenWork, body: Unmasking) -> Unmasked:
    """Only so many an hour each. It is on the timeline and in the audit before anything is shown."""
    rates: Rates = request.app.state.rates
    await rates.spend(RateLimitItemPerHour(work.parts.settings.unmask_per_hour), NAMED, work.by.name)
    done = await work(unmask, "unmask", case_id, body, private={"reason": body.reason}, why=body.why)
    async with work.parts.store.read() as conn:
        stored = await seen_case(conn, case_id, work.by, request)
    return Unmasked(**done.model_dump(), person=whole_of(work.parts.context.sealer, stored))
