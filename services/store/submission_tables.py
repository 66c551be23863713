"""The tables of what comes in by HTTP, which `tables` shows together with all others: sources, submissions, tips."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Boolean, Column, Index, LargeBinary, Text, Uuid
from sqlmodel import Field, SQLModel

from services.store.columns import Moment, RowId, Word


class TipState(StrEnum):
    WAITING = "WAITING"  # an operator decides
    CONFIRMED = "CONFIRMED"  # it became a warning
    DISMISSED = "DISMISSED"


class SourceRow(SQLModel, table=True):
    """A system that sends warnings by HTTP, and how many a minute are taken at once."""

    __tablename__ = "source"

    code: str = Field(sa_column=Column(Text, primary_key=True))  # as in its CloudEvents
    quota_per_min: int
    over_since: datetime | None = Field(default=None, sa_type=Moment)  # of an episode above the quota
    over_at: datetime | None = Field(default=None, sa_type=Moment)  # the last time that it was above
    changed_by: str = Field(sa_type=Text)
    changed_at: datetime = Field(sa_type=Moment)


class SubmissionRow(SQLModel, table=True):
    """One warning that came in by HTTP, by its CloudEvent; the same one again gets the same answer."""

    __tablename__ = "submission"
    __table_args__ = (
        Index("submission_once", "source", "ce_id", unique=True),
        Index("submission_by_time", "source", "at"),
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    warning_id: UUID = Field(sa_type=Uuid, unique=True)
    source: str = Field(sa_type=Text)
    ce_id: str = Field(sa_type=Text)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    by: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=Moment)
    later: bool = Field(sa_column=Column(Boolean, nullable=False))  # above the quota: sent as capacity allows


class TipRow(SQLModel, table=True):
    """What somebody of the public told, sealed; an operator makes a warning of it or dismisses it."""

    __tablename__ = "tip"
    __table_args__ = (Index("tip_by_state", "state", "id"),)

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    tip_id: UUID = Field(sa_type=Uuid, unique=True)
    state: TipState = Field(sa_column=Column(Word(TipState), nullable=False))
    at: datetime = Field(sa_type=Moment)
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    decided_by: str | None = Field(default=None, sa_type=Text)
    decided_at: datetime | None = Field(default=None, sa_type=Moment)
    warning_id: UUID | None = Field(default=None, sa_type=Uuid)
