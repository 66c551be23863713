"""The tables of what runs beside the loop of a case, which `tables` shows together with all others.

A stop order's account and payee are sealed under the key of its case. Whoever changes a row of these has locked the
case row first, and the case's `side_due_at` is the earliest due time of them all.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Text, Uuid, text
from sqlmodel import Field, SQLModel

from services.domain.follow_up import FollowUpState, Result
from services.domain.policy_rules import FollowUpMark
from services.domain.review import ReviewState
from services.domain.stop_order import EntryKind, Rejection, StopState
from services.store.columns import Document, Moment, RowId, Word


def _moment() -> Any:
    return Field(default=None, sa_type=Moment)


def _fen() -> Any:
    return Field(default=0, sa_column=Column(RowId, nullable=False, server_default=text("0")))


def _id() -> Any:
    return Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))


class StopOrderRow(SQLModel, table=True):
    """One order to stop a payment. The amounts are what its ledger adds up to."""

    __tablename__ = "stop_order"
    __table_args__ = (
        Index("stop_order_of_case", "case_id", "number", unique=True),
        Index("stop_order_by_account", "account_key"),
        CheckConstraint("held_fen <= amount_fen", name="stop_order_held"),
        CheckConstraint("frozen_fen + released_fen + expired_fen <= held_fen", name="stop_order_spent"),
    )

    id: int | None = _id()
    order_id: UUID = Field(sa_type=Uuid, unique=True)
    case_id: int = Field(sa_type=RowId)
    number: int
    state: StopState = Field(sa_column=Column(Word(StopState), nullable=False))
    amount_fen: int = Field(sa_type=RowId)
    requested_at: datetime = Field(sa_type=Moment)
    requested_by: str = Field(sa_type=Text)
    confirm_round: int | None = None
    sent_at: datetime | None = _moment()
    answered_at: datetime | None = _moment()
    held_until: datetime | None = _moment()
    warn_at: datetime | None = _moment()
    holds: int
    held_fen: int = Field(sa_type=RowId)
    frozen_fen: int = Field(sa_type=RowId)
    released_fen: int = Field(sa_type=RowId)
    expired_fen: int = Field(sa_type=RowId)
    refunded_fen: int = _fen()
    recovered_fen: int = _fen()
    reason: Rejection | None = Field(default=None, sa_column=Column(Word(Rejection)))
    bank_number: str | None = Field(default=None, sa_type=Text)
    ended_at: datetime | None = _moment()
    account_key: bytes | None = Field(default=None, sa_type=LargeBinary)  # keyed hash of the account
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary)  # payee, account, bank, time; None: forgotten


class LedgerRow(SQLModel, table=True):
    """The money of stop orders, append-only."""

    __tablename__ = "ledger"
    __table_args__ = (Index("ledger_of_order", "order_id"),)

    id: int | None = _id()
    order_id: UUID = Field(sa_type=Uuid)
    kind: EntryKind = Field(sa_column=Column(Word(EntryKind), nullable=False))
    amount_fen: int = Field(sa_type=RowId)
    at: datetime = Field(sa_type=Moment)
    by: str = Field(sa_type=Text)


class StopReceiptRow(SQLModel, table=True):
    """Each message of a bank, by its event: the same one again has no effect. What has none yet is listed."""

    __tablename__ = "stop_receipt"
    __table_args__ = (
        Index("stop_receipt_of_order", "order_id"),
        Index("stop_receipt_by_effect", "effect", "id"),
    )

    id: int | None = _id()
    event: str = Field(sa_type=Text, unique=True)  # the CloudEvent's source and id
    order_id: UUID = Field(sa_type=Uuid)
    document: dict[str, Any] = Field(sa_type=Document)
    effect: str = Field(sa_type=Text)  # APPLIED | WAITING (its step is not the next) | UNMATCHED | REFUSED
    why: str | None = Field(default=None, sa_type=Text)
    received_at: datetime = Field(sa_type=Moment)
    applied_at: datetime | None = _moment()


class FollowUpRow(SQLModel, table=True):
    """One follow-up of one case."""

    __tablename__ = "follow_up"
    __table_args__ = (
        Index("follow_up_of_case", "case_id", "round", "mark"),
        Index("follow_up_by_unit", "unit", "state", "due_at"),
        Index("follow_up_by_due", "state", "due_at"),
    )

    id: int | None = _id()
    case_id: int = Field(sa_type=RowId)
    mark: FollowUpMark = Field(sa_column=Column(Word(FollowUpMark), nullable=False))
    round: int
    state: FollowUpState = Field(sa_column=Column(Word(FollowUpState), nullable=False))
    unit: str | None = Field(default=None, sa_type=Text)
    responder: str | None = Field(default=None, sa_type=Text)
    by_receiver: bool
    due_at: datetime = Field(sa_type=Moment)
    grace_s: int = Field(sa_type=RowId)
    done_at: datetime | None = _moment()
    done_by: str | None = Field(default=None, sa_type=Text)
    result: Result | None = Field(default=None, sa_column=Column(Word(Result)))
    closed_at: datetime | None = _moment()
    closed_by: str | None = Field(default=None, sa_type=Text)


class ReviewRow(SQLModel, table=True):
    """What went wrong with one case, who found the cause, who answers for it, and who closed it."""

    __tablename__ = "review"
    __table_args__ = (
        Index("review_of_case", "case_id", "number", unique=True),
        Index("review_by_state", "state", "id"),
    )

    id: int | None = _id()
    case_id: int = Field(sa_type=RowId)
    number: int
    state: ReviewState = Field(sa_column=Column(Word(ReviewState), nullable=False))
    why: list[str] = Field(sa_type=Document)
    order: int | None = None
    opened_at: datetime = Field(sa_type=Moment)
    accountable: str | None = Field(default=None, sa_type=Text)
    cause_by: str | None = Field(default=None, sa_type=Text)
    cause_at: datetime | None = _moment()
    actions_by: str | None = Field(default=None, sa_type=Text)
    actions_at: datetime | None = _moment()
    closed_by: str | None = Field(default=None, sa_type=Text)
    closed_at: datetime | None = _moment()


class ProtectiveHoldRow(SQLModel, table=True):
    """A hold on the victim's own account: placed, told to them, objected to, lifted."""

    __tablename__ = "protective_hold"
    __table_args__ = (Index("protective_hold_of_case", "case_id", "number", unique=True),)

    id: int | None = _id()
    case_id: int = Field(sa_type=RowId)
    number: int
    placed_at: datetime = Field(sa_type=Moment)
    placed_by: str = Field(sa_type=Text)
    notice_at: datetime | None = _moment()
    appealed_at: datetime | None = _moment()
    lifted_at: datetime | None = _moment()
    lifted_by: str | None = Field(default=None, sa_type=Text)
