"""What is sent in and shown of what runs beside the loop: follow-ups, losses, reviews, protective holds."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Path
from pydantic import Field

from schemas.fields import Code, Fen
from services.api.bodies import MOST_ROW, Body, Note, Time, Words
from services.api.views import Tagged, View
from services.domain.follow_up import FollowUpState, Result
from services.domain.policy_rules import FollowUpMark, ReviewCause
from services.domain.protective_hold import ProtectiveHold, state_of
from services.domain.review import Review, ReviewState
from services.handlers.seen import tag_of

RowPath = Annotated[int, Path(ge=1, le=MOST_ROW)]
_SEALED: Final = "In words; sealed."


class FollowingUp(Body):
    result: Result = Field(description="What came of it.")
    loss_after_fen: Fen | None = Field(default=None, description="With LOSS: all that was lost after the warning.")
    note: Note | None = Field(default=None, description=_SEALED)


class Noting(Body):
    note: Note | None = Field(default=None, description=_SEALED)


class Losing(Body):
    loss_after_fen: Fen = Field(description="All that was lost after the warning, in fen; 0 takes a loss back.")
    lost_at: Time | None = Field(default=None, description="When it was lost: not before the warning was issued.")
    note: Note | None = Field(default=None, description=_SEALED)


class Causing(Body):
    cause: Words = Field(description="Why it happened; sealed.")
    accountable: Code = Field(description="Code of the person who answers for it.")


class Acting(Body):
    action: Words = Field(description="What is done about it; sealed.")
    commitment: Words = Field(description="What is promised, by whom, until when; sealed.")


class Appealing(Body):
    appeal: Words = Field(description="What the person says against it; sealed.")


class FollowUpView(Tagged):
    """One follow-up. `next_due_at`: when it is due, missed or escalated by itself."""

    id: int
    case_id: UUID
    mark: FollowUpMark
    round: int
    state: FollowUpState
    unit: str | None = Field(description="Whose it is; null: the centre's.")
    responder: str | None
    by_receiver: bool = Field(description="The person is elsewhere: who has them now asks, the centre writes it down.")
    due_at: datetime
    next_due_at: datetime | None
    on_time: bool | None = Field(description="Done before it counted as missed; null: not done and not missed.")
    done_at: datetime | None
    done_by: str | None
    result: Result | None
    closed_at: datetime | None
    closed_by: str | None


class ReviewView(Tagged):
    """One review. Its words are in the case's timeline, for those who may read them."""

    id: int
    case_id: UUID
    number: int
    state: ReviewState
    why: tuple[ReviewCause, ...]
    order: int | None = Field(description="Number of the stop order it is about.")
    opened_at: datetime
    accountable: str | None
    cause_by: str | None
    cause_at: datetime | None
    actions_by: str | None
    actions_at: datetime | None
    closed_by: str | None
    closed_at: datetime | None

    @classmethod
    def of(cls, one: Review, case_id: UUID) -> "ReviewView":
        named = {name: getattr(one, name) for name in cls.model_fields if name not in ("case_id", "etag")}
        return cls(**named, case_id=case_id, etag=tag_of(one))


class ProtectiveHoldView(Tagged):
    id: int
    number: int
    state: str
    placed_at: datetime
    placed_by: str
    notice_at: datetime | None
    appealed_at: datetime | None
    lifted_at: datetime | None
    lifted_by: str | None

    @classmethod
    def of(cls, one: ProtectiveHold) -> "ProtectiveHoldView":
        named = {name: getattr(one, name) for name in cls.model_fields if name not in ("state", "etag")}
        return cls(**named, state=state_of(one), etag=tag_of(one))


class ProtectiveHolds(View):
    case_id: UUID
    items: tuple[ProtectiveHoldView, ...]
