"""What may be sent in about the rota, and how it is shown. Decides nothing."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import Field, StringConstraints

from schemas.fields import Code, ShortText
from services.api.bodies import MOST_ROW, Strict, Time
from services.api.views import Tagged, View
from services.domain.rota.swap import AskedSwap, SwapState
from services.handlers.seen import tag_of
from services.store.rota_entries import StoredEntry

RowPath = Annotated[int, Path(ge=1, le=MOST_ROW)]
Clock = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}:[0-5][0-9]$")]
ShiftName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=r"^[^\x00]*$")]


class GroupBody(Strict):
    name: ShiftName = Field(description="Name of the group.")
    offset: int = Field(
        strict=True, default=0, ge=-366, le=366, description="How many days ahead of the anchor it stands."
    )
    members: tuple[Code, ...] = Field(default=(), max_length=500, description="Codes of responders of the unit.")


class RotationBody(Strict):
    starts_on: date = Field(description="First day whose shifts follow this rotation; today or later.")
    pattern: Code = Field(description="Code of a shift pattern.")
    holiday_pattern: Code | None = Field(default=None, description="Pattern of public holidays; null: the same.")
    anchor: date | None = Field(default=None, description="Day 0 of the turn; null: the first day.")
    groups: tuple[GroupBody, ...] = Field(default=(), max_length=50, description="Who turns through the pattern.")
    minimum: dict[ShiftName, Annotated[int, Field(strict=True, ge=0, le=500)]] = Field(
        default_factory=lambda: {"*": 1},
        max_length=50,
        description="People needed, by shift; * is every other time.",
        json_schema_extra={"additionalProperties": False},  # a name that is none has no number either
    )


class LeaveBody(Strict):
    responder: Code = Field(description="Who is away.")
    starts_at: Time = Field(description="From when on.")
    ends_at: Time = Field(description="Until just before it.")


class OverrideBody(LeaveBody):
    put: Literal["ON", "OFF"] = Field(description="On duty or off duty, whatever else is planned.")
    shift: ShortText = Field(default="", description="Shift to count for; empty: the one that runs.")


class WindowBody(Strict):
    starts_at: Time = Field(description="From when on.")
    ends_at: Time = Field(description="Until just before it.")

    @property
    def window(self) -> tuple[datetime, datetime]:
        return self.starts_at, self.ends_at


class SwapBody(Strict):
    asker: Code = Field(description="Whose duty is given away.")
    other: Code = Field(description="Who is asked to take it.")
    gives: WindowBody = Field(description="The asker's duty in this window goes to the other.")
    takes: WindowBody | None = Field(default=None, description="The other's duty in this window goes to the asker.")


class ShiftBody(Strict):
    day: int = Field(strict=True, ge=0, le=365, description="Day of the turn, from 0.")
    name: ShiftName = Field(description="Name of the shift.")
    starts: Clock = Field(description="HH:MM of that day.")
    ends: Clock = Field(description="HH:MM; 32:00 is 08:00 of the next day.")


class PatternBody(Strict):
    name_zh: ShortText = Field(default="", description="Name in Chinese.")
    name_en: ShortText = Field(default="", description="Name in English.")
    days: int = Field(strict=True, ge=1, le=366, description="Length of the turn.")
    shifts: tuple[ShiftBody, ...] = Field(min_length=1, max_length=400, description="The shifts of the turn.")


class HolidayBody(Strict):
    off: bool = Field(strict=True, description="Off, or worked.")
    name: ShortText = Field(min_length=1, description="Name of the day.")


class AcceptingBody(Strict):
    responder: Code | None = Field(
        default=None, description="Who takes over the cases that are too late to be asked again; null: who accepts."
    )


class FaultView(View):
    """A line about a rota; nothing stops for it."""

    flaw: str
    responder: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    told: dict[str, str]


class Changed(View):
    """What became of a change of a unit's rota, and what is wrong with the week that begins now."""

    unit: str
    version: int | None = None
    ids: tuple[int, ...] = ()
    faults: tuple[FaultView, ...]


class SwapAnswer(View):
    id: int
    unit: str
    state: SwapState


class SwapView(Tagged):
    id: int
    asker: str
    other: str
    gives: tuple[datetime, datetime]
    takes: tuple[datetime, datetime] | None
    state: SwapState
    asked_by: str
    asked_at: datetime
    answered_by: str | None
    answered_at: datetime | None


class EntryView(Tagged):
    id: int
    kind: str
    responder: str
    starts_at: datetime
    ends_at: datetime
    shift: str
    made_by: str
    made_at: datetime


class RotationView(View):
    starts_on: date
    document: dict[str, Any]
    made_by: str
    made_at: datetime


class UnitRota(View):
    """What a unit's rota is made of: every rotation it ever had, and what is still to come of the rest."""

    unit: str
    version: int
    rotations: tuple[RotationView, ...]
    entries: tuple[EntryView, ...]
    swaps: tuple[SwapView, ...]
    faults: tuple[FaultView, ...]


class OnDutyView(View):
    """`last_ended_at`: when the duty before this unbroken one ended, where it is known."""

    unit: str
    responder: str
    shift: str | None
    starts_at: datetime
    ends_at: datetime
    last_ended_at: datetime | None


class OnDutyList(View):
    at: datetime
    items: tuple[OnDutyView, ...]


class ShiftView(View):
    responder: str
    shift: str
    starts_at: datetime
    ends_at: datetime


class GapView(View):
    unit: str
    shift: str | None
    starts_at: datetime
    ends_at: datetime
    present: int
    needed: int
    hours: float


class Shifts(View):
    """`gaps`: where fewer are on duty than are needed, of what is still to come."""

    unit: str
    starts_at: datetime
    ends_at: datetime
    items: tuple[ShiftView, ...]
    gaps: tuple[GapView, ...]


class Gaps(View):
    """Where the watch of the next 72 hours is too thin, and by unit for how many hours."""

    until: datetime
    hours: dict[str, float]
    items: tuple[GapView, ...]


class HandoverView(View):
    id: int
    unit: str
    changed_at: datetime
    going: tuple[str, ...]
    coming: tuple[str, ...]
    cases: tuple[dict[str, Any], ...]
    opened_at: datetime
    accepted_by: str | None
    accepted_at: datetime | None


class HandoverAccepted(View):
    """`moved`: cases that went to the new shift; `left`: cases still with somebody who is off duty."""

    id: int
    accepted_by: str
    accepted_at: datetime
    moved: int
    left: tuple[str, ...]


def swap_view(asked: AskedSwap) -> SwapView:
    return SwapView(
        **{name: getattr(asked, name) for name in SwapView.model_fields if name != "etag"}, etag=tag_of(asked)
    )


def entry_view(entry: StoredEntry) -> EntryView:
    return EntryView(
        **{name: getattr(entry, name) for name in EntryView.model_fields if name != "etag"}, etag=tag_of(entry)
    )
