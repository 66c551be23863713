"""A notice as it is shown: who was told what, why, until when, and what became of it."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from services.api.notice_words import why
from services.domain.notice import Notice, NoticeKind
from services.domain.policy_rules import Target
from services.domain.states import TimerKind
from services.domain.words import Mode


class Telling(BaseModel):
    """One recipient of one cause."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    kind: NoticeKind
    target: Target = Field(description="Whom the policy names.")
    unit: str | None = Field(description="Whose; null: the centre's.")
    person: str | None = Field(description="Whom alone it is for; null: whoever sits there.")
    people: tuple[str, ...] = Field(description="Who that was when it was made.")
    timer: TimerKind | None
    round: int | None
    level: int | None = Field(description="Of the escalation; 1 is the lowest.")
    why_zh: str
    why_en: str
    is_late: bool = Field(description="Made long after its time, as after an outage.")
    is_loud: bool = Field(description="Nobody else sees to it: the centre must act now.")
    created_at: datetime
    due_at: datetime | None = Field(description="Until when something should be done about it.")
    seen_at: datetime | None
    seen_by: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    answered_at: datetime | None
    answered_by: str | None = Field(description="The act that answered it.")
    open: bool = Field(description="Neither acknowledged nor answered.")

    @classmethod
    def of(cls, notice: Notice, zone: ZoneInfo) -> "Telling":
        return cls(**_said(notice, cls, zone))


class NoticeView(Telling):
    """A notice of an inbox."""

    case_id: UUID | None = Field(description="Null for one of several cases, or of none.")
    mode: Mode
    given: dict[str, Any] = Field(description="What the sentence is made of.")
    count: int = Field(description="How many cases it is about, where several late ones were grouped.")
    cases: tuple[dict[str, Any], ...] = Field(description="Those cases: case_id, kind, timer, level.")

    @classmethod
    def of(cls, notice: Notice, zone: ZoneInfo) -> "NoticeView":
        listed = tuple({name: said for name, said in one.items() if name != "once"} for one in notice.cases)
        return cls(**(_said(notice, cls, zone) | {"cases": listed}))


def _said(notice: Notice, view: type[Telling], zone: ZoneInfo) -> dict[str, Any]:
    made = {"why_zh": why(notice, "zh", zone), "why_en": why(notice, "en", zone), "open": notice.is_open}
    return {name: getattr(notice, name) for name in view.model_fields if name not in made} | made
