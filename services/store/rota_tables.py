"""The tables of the duty rota, which `tables` shows together with all others. What they mean is in `rota`."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Date, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from services.domain.rota.rota import Kind
from services.domain.rota.swap import SwapState
from services.store.columns import Document, Moment, RowId, Word


def _moment() -> Any:
    return Field(default=None, sa_type=Moment)


class ShiftPatternRow(SQLModel, table=True):
    """A shift pattern that any unit may turn through."""

    __tablename__ = "shift_pattern"

    code: str = Field(sa_column=Column(Text, primary_key=True))
    document: dict[str, Any] = Field(sa_type=Document)
    changed_by: str = Field(sa_type=Text)
    changed_at: datetime = Field(sa_type=Moment)


class RotaUnitRow(SQLModel, table=True):
    """A unit that has a rota. Whoever changes the rota or its duty rows locks this row first."""

    __tablename__ = "rota_unit"

    unit: str = Field(sa_column=Column(Text, primary_key=True))
    version: int  # rises with each rotation
    drawn_until_at: datetime | None = _moment()  # how far its duty rows reach; None: they must be drawn again


class RotationRow(SQLModel, table=True):
    """A unit's rotation from a day on. Never changed: a later row of the same day takes its place."""

    __tablename__ = "rotation"
    __table_args__ = (Index("rotation_of_unit", "unit", "starts_on"),)

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    unit: str = Field(sa_type=Text)
    starts_on: date = Field(sa_type=Date)
    document: dict[str, Any] = Field(sa_type=Document)
    made_by: str = Field(sa_type=Text)
    made_at: datetime = Field(sa_type=Moment)


class RotaEntryRow(SQLModel, table=True):
    """Planned duty, leave or an override of one person. Never deleted: one that is not wanted is withdrawn."""

    __tablename__ = "rota_entry"
    __table_args__ = (Index("rota_entry_until", "unit", "ends_at"),)

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    unit: str = Field(sa_type=Text)
    kind: Kind = Field(sa_column=Column(Word(Kind), nullable=False))
    responder: str = Field(sa_type=Text)
    starts_at: datetime = Field(sa_type=Moment)
    ends_at: datetime = Field(sa_type=Moment)
    shift: str = Field(sa_type=Text)
    made_by: str = Field(sa_type=Text)
    made_at: datetime = Field(sa_type=Moment)
    withdrawn_by: str | None = Field(default=None, sa_type=Text)
    withdrawn_at: datetime | None = _moment()


class DutySwapRow(SQLModel, table=True):
    """A swap of duty between two people, asked and answered."""

    __tablename__ = "duty_swap"
    __table_args__ = (Index("duty_swap_of_unit", "unit", "over_at"),)

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    unit: str = Field(sa_type=Text)
    asker: str = Field(sa_type=Text)
    other: str = Field(sa_type=Text)
    gives_from_at: datetime = Field(sa_type=Moment)
    gives_until_at: datetime = Field(sa_type=Moment)
    takes_from_at: datetime | None = _moment()
    takes_until_at: datetime | None = _moment()
    over_at: datetime = Field(sa_type=Moment)
    state: SwapState = Field(sa_column=Column(Word(SwapState), nullable=False))
    asked_by: str = Field(sa_type=Text)
    asked_at: datetime = Field(sa_type=Moment)
    answered_by: str | None = Field(default=None, sa_type=Text)
    answered_at: datetime | None = _moment()


class HolidayRow(SQLModel, table=True):
    """What we say of one day, over the calendar: off, or worked."""

    __tablename__ = "holiday"

    day: date = Field(sa_column=Column(Date, primary_key=True))
    off: bool
    name: str = Field(sa_type=Text)
    changed_by: str = Field(sa_type=Text)
    changed_at: datetime = Field(sa_type=Moment)


class HandoverRow(SQLModel, table=True):
    """The open cases of a unit at a change of shift, until the next shift accepts them."""

    __tablename__ = "handover"
    __table_args__ = (Index("handover_once", "unit", "changed_at", unique=True),)

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    unit: str = Field(sa_type=Text)
    changed_at: datetime = Field(sa_type=Moment)
    going: list[str] = Field(sa_type=Document)  # responders whose duty ended
    coming: list[str] = Field(sa_type=Document)
    cases: list[dict[str, Any]] = Field(sa_type=Document)
    opened_at: datetime = Field(sa_type=Moment)
    accepted_by: str | None = Field(default=None, sa_type=Text)
    accepted_at: datetime | None = _moment()


class RotaAnswerRow(SQLModel, table=True):
    """An idempotency key of a command on the rota and the answer it got."""

    __tablename__ = "rota_answer"

    actor: str = Field(sa_column=Column(Text, primary_key=True))
    key: str = Field(sa_column=Column(Text, primary_key=True))
    fingerprint: bytes = Field(sa_type=LargeBinary)
    answer: dict[str, Any] = Field(sa_type=Document)
    at: datetime = Field(sa_type=Moment)
