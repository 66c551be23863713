"""The table of evidence, which `tables` shows together with all others. The content lies outside the database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Text, Uuid
from sqlmodel import Field, SQLModel

from services.domain.evidence import EvidenceKind, MediaType
from services.store.columns import Moment, RowId, Word


def _moment() -> Any:
    return Field(default=None, sa_type=Moment)


class EvidenceRow(SQLModel, table=True):
    """One photo, recording or commitment of a case. Its row is written once its content lies where `name` says."""

    __tablename__ = "evidence"
    __table_args__ = (Index("evidence_of_case", "case_id", "number", unique=True),)

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    evidence_id: UUID = Field(sa_type=Uuid, unique=True)
    case_id: int = Field(sa_type=RowId)
    number: int
    kind: EvidenceKind = Field(sa_column=Column(Word(EvidenceKind), nullable=False))
    media_type: MediaType = Field(sa_column=Column(Word(MediaType), nullable=False))
    size: int = Field(sa_type=RowId)
    sha256: str = Field(sa_type=Text)
    sent_sha256: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text, unique=True)
    added_at: datetime = Field(sa_type=Moment)
    added_by: str = Field(sa_type=Text)
    unit: str | None = Field(default=None, sa_type=Text)
    withdrawn_at: datetime | None = _moment()
    withdrawn_by: str | None = Field(default=None, sa_type=Text)
