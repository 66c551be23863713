"""The tables of the audit, which `tables` shows together with all others. Rows are added, never changed, never deleted."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from services.domain.words import Role
from services.store.columns import Document, Moment, RowId, Word


class AuditRow(SQLModel, table=True):
    """What somebody read or did that is in no timeline of a case. Holds numbers and words, no personal data."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_by_actor", "actor", "id"),
        Index("audit_by_about", "about", "key", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    at: datetime = Field(sa_type=Moment)
    actor: str = Field(sa_type=Text)
    role: Role = Field(sa_column=Column(Word(Role), nullable=False))
    unit: str | None = Field(default=None, sa_type=Text)
    action: str = Field(sa_type=Text)
    about: str = Field(sa_type=Text)  # the kind of thing: case, cases, dead_letter, trail, account …
    key: str | None = Field(default=None, sa_type=Text)  # which of them
    detail: dict[str, Any] = Field(sa_type=Document)
    request_id: str | None = Field(default=None, sa_type=Text)


class SealRow(SQLModel, table=True):
    """One seal over a run of rows of one table; each holds the hash of the one before."""

    __tablename__ = "seal"

    number: int = Field(sa_column=Column(RowId, primary_key=True, autoincrement=False))
    of_table: str = Field(sa_type=Text)
    columns: str = Field(sa_type=Text)
    after_id: int = Field(sa_type=RowId)
    last_id: int = Field(sa_type=RowId)
    leaves: bytes = Field(sa_type=LargeBinary)
    sealed_at: datetime = Field(sa_type=Moment)
    previous: bytes = Field(sa_type=LargeBinary)
    hash: bytes = Field(sa_type=LargeBinary)
