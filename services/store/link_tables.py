"""Tables of what warnings have to do with each other: links between cases, how far they are drawn, withdrawals."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, LargeBinary, Text, Uuid, text
from sqlmodel import Field, SQLModel

from services.domain.links import LinkKind
from services.store.columns import Moment, RowId, Word


def _row(**given: Any) -> Any:
    return Field(sa_column=Column(RowId, autoincrement=False, **given))


class CaseLinkRow(SQLModel, table=True):
    """One keyed hash that a case may be linked by: cases with the same one are linked. Append-only."""

    __tablename__ = "case_link"
    __table_args__ = (Index("case_link_of_case", "case_id"), Index("case_link_at", "at"))

    kind: LinkKind = Field(sa_column=Column(Word(LinkKind), primary_key=True))
    key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    case_id: int = _row(primary_key=True)
    at: datetime = Field(sa_type=Moment)  # when the warning came


class LinkProgressRow(SQLModel, table=True):
    """How far links are drawn, in ids of cases; one row. A lower id may commit later, hence two looks: all up to `upto`
    are drawn for good, those up to `seen` once, and the next sweep goes up to `sweep_to`.
    """

    __tablename__ = "link_progress"

    id: int = _row(primary_key=True)
    upto: int = _row(nullable=False)
    sweep_to: int = _row(nullable=False)
    seen: int = _row(nullable=False)
    swept_at: datetime = Field(sa_type=Moment)


class WithdrawalRow(SQLModel, table=True):
    """A source took a warning of its own back: the newest word on each number. Not applied: the warning is not here yet."""

    __tablename__ = "withdrawal"
    __table_args__ = (
        Index(
            "withdrawal_waiting",
            "case_id",
            postgresql_where=text("applied_at IS NULL"),
            sqlite_where=text("applied_at IS NULL"),
        ),
    )

    case_id: UUID = Field(sa_column=Column(Uuid, primary_key=True))  # the public id that the number stands for
    source: str = Field(sa_type=Text)
    instruction_number: str = Field(sa_type=Text)
    ce_id: str = Field(sa_type=Text)
    withdrawn_at: datetime = Field(sa_type=Moment)
    received_at: datetime = Field(sa_type=Moment)
    applied_at: datetime | None = Field(default=None, sa_type=Moment)
    void: bool = False  # the source had issued the number anew by then
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary)  # the reason, in words
