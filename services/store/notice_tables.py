"""The tables of notices, which `tables` shows together with all others."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Text, Uuid, text
from sqlmodel import Field, SQLModel

from services.domain.notice import Delivery, NoticeKind
from services.domain.policy_rules import Target
from services.domain.states import TimerKind
from services.domain.words import Mode
from services.store.columns import Document, Moment, RowId, Word

OPEN = "acknowledged_at IS NULL AND answered_at IS NULL"
WAITING = "delivery = 'WAITING'"


def _moment() -> Any:
    return Field(default=None, sa_type=Moment)


def _id() -> Any:
    return Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))


def _some(name: str, column: str, where: str) -> Index:
    """Of some rows only: whoever writes a thousand a second pays for each index that a row is in."""
    return Index(name, column, "id", postgresql_where=text(where), sqlite_where=text(where))


class NoticeRow(SQLModel, table=True):
    """Who was told what, why, and until when: one row a recipient, made once for each cause. No personal data.

    Who sends it on by other channels claims the rows that are WAITING by `due_at`, leaves out what is no longer open,
    and looks up where the `people` can be reached.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index("notice_of_case", "case_id", "id"),
        _some("notice_by_person", "person", "person IS NOT NULL"),
        _some("notice_by_unit", "unit", "unit IS NOT NULL"),
        _some("notice_open_person", "person", f"person IS NOT NULL AND {OPEN}"),
        _some("notice_open_unit", "unit", f"unit IS NOT NULL AND {OPEN}"),
        _some("notice_open_target", "target", OPEN),
        _some("notice_to_send", "due_at", WAITING),
    )

    id: int | None = _id()
    once: str = Field(sa_type=Text, unique=True)  # the cause and the recipient
    kind: NoticeKind = Field(sa_column=Column(Word(NoticeKind), nullable=False))
    case_id: UUID | None = Field(default=None, sa_type=Uuid)  # the public one; None: of several, or of none
    mode: Mode = Field(sa_column=Column(Word(Mode), nullable=False))
    target: Target = Field(sa_column=Column(Word(Target), nullable=False))
    unit: str | None = Field(default=None, sa_type=Text)  # None: the centre
    person: str | None = Field(default=None, sa_type=Text)  # None: whoever sits there
    people: list[str] = Field(sa_type=Document)  # who that was
    timer: TimerKind | None = Field(default=None, sa_column=Column(Word(TimerKind)))
    round: int | None = None
    level: int | None = None
    given: dict[str, Any] = Field(sa_type=Document)
    cases: list[dict[str, Any]] = Field(sa_type=Document)  # of a grouped one
    count: int
    is_late: bool
    is_loud: bool
    created_at: datetime = Field(sa_type=Moment)
    due_at: datetime | None = _moment()
    delivery: Delivery = Field(sa_column=Column(Word(Delivery), nullable=False))
    seen_at: datetime | None = _moment()
    seen_by: str | None = Field(default=None, sa_type=Text)
    acknowledged_at: datetime | None = _moment()
    acknowledged_by: str | None = Field(default=None, sa_type=Text)
    answered_at: datetime | None = _moment()
    answered_by: str | None = Field(default=None, sa_type=Text)  # the act


class NoticeCaseRow(SQLModel, table=True):
    """One cause inside a grouped notice: the group is answered when all of them are."""

    __tablename__ = "notice_case"
    __table_args__ = (
        Index("notice_case_of_case", "case_id"),
        Index("notice_case_of_notice", "notice"),
    )

    id: int | None = _id()
    notice: str = Field(sa_type=Text)  # its `once`
    case_id: UUID = Field(sa_type=Uuid)
    kind: NoticeKind = Field(sa_column=Column(Word(NoticeKind), nullable=False))
    timer: TimerKind | None = Field(default=None, sa_column=Column(Word(TimerKind)))
    level: int | None = None
    answered_at: datetime | None = _moment()
    answered_by: str | None = Field(default=None, sa_type=Text)
