"""GET: one file per person (一人一档): every case of theirs, what was done, what came of it, what is still to be done."""

from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field

from services.api.beside_bodies import ProtectiveHoldView, ReviewView
from services.api.identity import CaseReader
from services.api.persons import Person, masked_of
from services.api.problems import responses
from services.api.routes.cases import seen_case
from services.api.views import LimitView, Stamps, View
from services.api.work import TheParts
from services.domain.beside import Beside
from services.domain.follow_up import FollowUpState, Result
from services.domain.policy_rules import FollowUpMark
from services.domain.states import State
from services.domain.stop_order import StopState
from services.domain.words import Mode, Outcome, Risk
from services.store import beside, events, links
from services.store.cases import Stored

router = APIRouter(tags=["cases"])
MOST: Final = 100


class StopInFile(View):
    number: int
    state: StopState
    amount_fen: int
    held_fen: int
    frozen_fen: int
    released_fen: int
    expired_fen: int
    requested_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None


class FollowUpInFile(View):
    mark: FollowUpMark
    round: int
    state: FollowUpState
    due_at: datetime
    done_at: datetime | None
    result: Result | None


class CaseInFile(View):
    """One case of the person."""

    case_id: UUID
    source: str
    instruction_number: str
    state: State
    outcome: Outcome | None
    risk: Risk
    mode: Mode
    fraud_type: str
    responsible_unit: str | None
    assigned_unit: str | None
    responder: str | None
    repeat_count: int
    repeat_subject: bool
    reopened_count: int
    loss_before_fen: int | None
    loss_after_fen: int | None
    amount_saved_fen: int | None
    stamps: Stamps
    late: tuple[LimitView, ...] = Field(description="The limits that were not kept.")
    happened: dict[str, int] = Field(description="How often what was done: ATTEMPT, CONTACT, REPEAT …")
    stop_orders: tuple[StopInFile, ...]
    follow_ups: tuple[FollowUpInFile, ...]
    reviews: tuple[ReviewView, ...]
    holds: tuple[ProtectiveHoldView, ...]


class SubjectFile(View):
    """Everything of one person that the asker may see. Two people of one name have two files."""

    person: Person = Field(description="Masked, whoever asks.")
    warnings: int = Field(description="Cases, and warnings that came to one of them.")
    elsewhere: int = Field(description="Cases of this person that are out of the asker's scope.")
    cases: tuple[CaseInFile, ...] = Field(description="The newest first.")


@router.get("/subjects/{case_id}/file", responses=responses("not-allowed", "case-not-found"))
async def get_subject_file(case_id: UUID, request: Request, parts: TheParts, reader: CaseReader) -> SubjectFile:
    """The file of the person of a case. Whoever may see the case may see the file, and of it what is in their scope."""
    now = parts.clock.now()
    async with parts.store.read() as conn:
        asked = await seen_case(conn, case_id, reader, request)
        found, there_are = await links.of_subject(conn, asked, limit=MOST)
        shown = [stored for stored in found if reader.sees(*stored.case.units)]
        rows = [stored.id for stored in shown]
        held, counts = await beside.load(conn, rows), await events.counts(conn, rows)
    request.state.shown = {"cases": [str(stored.case.case_id) for stored in shown]}  # for the audit
    return SubjectFile(
        person=masked_of(parts.context.sealer, asked),
        warnings=sum(1 + stored.case.repeat_count for stored in shown),
        elsewhere=there_are - len(shown),
        cases=tuple(_in_file(stored, held[stored.id], counts.get(stored.id, {}), now=now) for stored in shown),
    )


def _in_file(stored: Stored, held: Beside, happened: dict[str, int], *, now: datetime) -> CaseInFile:
    case = stored.case
    made = ("stamps", "late", "happened", "stop_orders", "follow_ups", "reviews", "holds")
    over = tuple(LimitView.of(timer, now=now) for timer in case.timers if timer.breached_at is not None)
    return CaseInFile(
        **{name: getattr(case, name) for name in CaseInFile.model_fields if name not in made},
        stamps=Stamps(**{name: getattr(case, name) for name in Stamps.model_fields}),
        late=over,
        happened=happened,
        stop_orders=tuple(StopInFile.model_validate(one, from_attributes=True) for one in held.orders),
        follow_ups=tuple(FollowUpInFile.model_validate(one, from_attributes=True) for one in held.follow_ups),
        reviews=tuple(ReviewView.of(one, case.case_id) for one in held.reviews),
        holds=tuple(ProtectiveHoldView.of(one) for one in held.holds),
    )
