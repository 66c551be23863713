"""The tables of responders' positions and status, which `tables` shows together with all others."""

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from services.domain.roster import Activity, Availability
from services.domain.words import Role
from services.store.columns import Moment, RowId, Word


class TrailRow(SQLModel, table=True):
    """Where one responder was in about a minute, sealed. A row is never changed, and deleted after a day."""

    __tablename__ = "trail"
    __table_args__ = (
        Index("trail_of", "responder", "stored_at"),
        Index("trail_until", "stored_at"),
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    responder: str = Field(sa_type=Text)
    stored_at: datetime = Field(sa_type=Moment)
    wrapped_key: bytes = Field(sa_type=LargeBinary)  # the same in all rows that were stored at once
    sealed: bytes = Field(sa_type=LargeBinary)


class ResponderStatusRow(SQLModel, table=True):
    """The two layers of a responder's status as they are now, who said so and when."""

    __tablename__ = "responder_status"

    responder: str = Field(sa_column=Column(Text, primary_key=True))
    availability: Availability = Field(sa_column=Column(Word(Availability), nullable=False))
    activity: Activity | None = Field(default=None, sa_column=Column(Word(Activity)))
    changed_by: str = Field(sa_type=Text)
    role: Role = Field(sa_column=Column(Word(Role), nullable=False))
    changed_at: datetime = Field(sa_type=Moment)


class StatusChangeRow(SQLModel, table=True):
    """Each change of a responder's status, append-only."""

    __tablename__ = "status_change"
    __table_args__ = (Index("status_change_of", "responder", "changed_at"),)

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    responder: str = Field(sa_type=Text)
    availability: Availability = Field(sa_column=Column(Word(Availability), nullable=False))
    activity: Activity | None = Field(default=None, sa_column=Column(Word(Activity)))
    changed_by: str = Field(sa_type=Text)
    role: Role = Field(sa_column=Column(Word(Role), nullable=False))
    changed_at: datetime = Field(sa_type=Moment)
