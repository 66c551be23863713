"""Every table (SQLModel), so that one place shows what is stored. SQL is in the module of each noun."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Index, LargeBinary, String, Table, Text, Uuid, false, text
from sqlmodel import Field, SQLModel

from services.domain.states import Action, State
from services.domain.switches import Switch
from services.domain.words import Mode, Outcome, Risk, Role
from services.store import figure_tables
from services.store.audit_tables import AuditRow, SealRow
from services.store.beside_tables import (
    FollowUpRow,
    LedgerRow,
    ProtectiveHoldRow,
    ReviewRow,
    StopOrderRow,
    StopReceiptRow,
)
from services.store.columns import Document, Moment, RowId, Word
from services.store.entry_tables import InvitationRow, LoginFailureRow, LoginRow, PersonRow, SessionRow
from services.store.evidence_tables import EvidenceRow
from services.store.index_tables import IndexPrintRow
from services.store.link_tables import CaseLinkRow, LinkProgressRow, WithdrawalRow
from services.store.notice_tables import NoticeCaseRow, NoticeRow
from services.store.position_tables import ResponderStatusRow, StatusChangeRow, TrailRow
from services.store.retention_tables import LegalHoldRow
from services.store.rota_tables import (
    DutySwapRow,
    HandoverRow,
    HolidayRow,
    RotaAnswerRow,
    RotaEntryRow,
    RotationRow,
    RotaUnitRow,
    ShiftPatternRow,
)
from services.store.submission_tables import SourceRow, SubmissionRow, TipRow

# What takes a responder's time, as `registry.BUSY` says: counted every second, so not among all that ever closed.
HELD = "responder IS NOT NULL AND state IN ('ASSIGNED', 'ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED')"
OPEN_FOR_SUBJECT = "state IN ('PENDING', 'ASSIGNED', 'ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED')"

RELEASED = "action IN ('DECLINE', 'EXPIRE', 'HAND_OVER', 'LAPSE')"


def _moment(**given: Any) -> Any:
    return Field(default=None, sa_type=Moment, **given)


def _words() -> Column[Any]:
    """A list of words that starts empty."""
    return Column(Document, nullable=False, server_default=text("'[]'"))


class CaseRow(SQLModel, table=True):
    """One case, one row: state, stamps, limits, and what is sealed. Commands and timers lock this row."""

    __tablename__ = "cases"
    __table_args__ = (
        # Who is first with a subject is decided here: two connections that look first would both open a case.
        Index(
            "cases_one_open_per_subject",
            "mode",
            "subject_key",
            unique=True,
            postgresql_where=text(f"subject_key IS NOT NULL AND NOT gives_way AND {OPEN_FOR_SUBJECT}"),
            sqlite_where=text(f"subject_key IS NOT NULL AND NOT gives_way AND {OPEN_FOR_SUBJECT}"),
        ),
        Index(
            "cases_due",
            "next_due_at",
            postgresql_where=text("next_due_at IS NOT NULL"),
            sqlite_where=text("next_due_at IS NOT NULL"),
        ),
        Index("cases_by_unit", "assigned_unit", "id"),
        Index("cases_held", "responder", postgresql_where=text(HELD), sqlite_where=text(HELD)),
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    case_id: UUID = Field(sa_type=Uuid, unique=True)
    source: str = Field(sa_type=Text)
    instruction_number: str = Field(sa_type=Text)
    mode: Mode = Field(sa_column=Column(Word(Mode), nullable=False))
    risk: Risk = Field(sa_column=Column(Word(Risk), nullable=False))
    fraud_type: str = Field(sa_type=Text)
    state: State = Field(sa_column=Column(Word(State), nullable=False))
    outcome: Outcome | None = Field(default=None, sa_column=Column(Word(Outcome)))
    responsible_unit: str | None = Field(default=None, sa_type=Text)
    assigned_unit: str | None = Field(default=None, sa_type=Text)
    responder: str | None = Field(default=None, sa_type=Text)
    policy_version: int
    version: int
    turn: int
    late_on_arrival: bool
    issued_ahead: bool
    repeat_count: int
    repeat_subject: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    # Open for too long to take in another warning of its person: that one opens a case of its own (intake.give_way).
    gives_way: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    reopened_count: int
    routed_by: str = Field(sa_type=Text)  # the rule that located it; also inside `routing`
    routing: dict[str, Any] = Field(sa_type=Document)
    tried: list[str] = Field(sa_type=Document)
    co_assigned: list[list[str | None]] | None = Field(default=None, sa_column=Column(Document))  # unit, responder
    transferred_to: str | None = Field(default=None, sa_type=Text)
    submitter: str | None = Field(default=None, sa_type=Text)
    issued_at: datetime = Field(sa_type=Moment)
    received_at: datetime = Field(sa_type=Moment)
    assigned_at: datetime | None = _moment()
    acknowledged_at: datetime | None = _moment()
    released_at: datetime | None = _moment()
    first_attempt_at: datetime | None = _moment()
    contacted_at: datetime | None = _moment()
    contact_lost_at: datetime | None = _moment()
    concluded_at: datetime | None = _moment()
    feedback_at: datetime | None = _moment()
    returned_at: datetime | None = _moment()
    closed_at: datetime | None = _moment()
    reopened_at: datetime | None = _moment()
    cancelled_at: datetime | None = _moment()
    transferred_at: datetime | None = _moment()
    receipt_at: datetime | None = _moment()
    stop_requested_at: datetime | None = _moment()
    stop_resolved_at: datetime | None = _moment()
    loss_before_fen: int | None = Field(default=None, sa_type=RowId)
    loss_after_fen: int | None = Field(default=None, sa_type=RowId)
    amount_saved_fen: int | None = Field(default=None, sa_type=RowId)
    timers: list[list[Any]] = Field(sa_type=Document)  # see store/cases.py for the order inside
    side_due_at: datetime | None = _moment()  # the earliest due time of its stop orders and follow-ups
    next_due_at: datetime | None = _moment()  # of everything: the limits and what is beside them
    total_due_at: datetime | None = _moment()
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)  # gone: the person is forgotten
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    subject_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    # Links took the place of these two: nothing writes them, and what an older release wrote is erased with the rest.
    phone_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    account_key: bytes | None = Field(default=None, sa_type=LargeBinary)


class EventRow(SQLModel, table=True):
    """What happened to a case, append-only: its timeline and the source of every figure."""

    __tablename__ = "event"
    __table_args__ = (
        Index("event_of_case", "case_id", "version", unique=True),
        Index("event_released", "at", postgresql_where=text(RELEASED), sqlite_where=text(RELEASED)),
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    case_id: int = Field(sa_type=RowId)
    version: int
    action: Action = Field(sa_column=Column(Word(Action), nullable=False))
    from_state: State | None = Field(default=None, sa_column=Column(Word(State)))
    to_state: State = Field(sa_column=Column(Word(State), nullable=False))
    at: datetime = Field(sa_type=Moment)
    occurred_at: datetime | None = _moment()
    recorded_at: datetime = Field(sa_type=Moment)
    actor: str = Field(sa_type=Text)
    role: Role = Field(sa_column=Column(Word(Role), nullable=False))
    unit: str | None = Field(default=None, sa_type=Text)
    detail: dict[str, Any] = Field(sa_type=Document)
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary)


class CoAssignmentRow(SQLModel, table=True):
    """A unit that works, or worked, on a case beside the accountable one. A row ends and is never deleted."""

    __tablename__ = "co_assignment"
    __table_args__ = (
        Index(
            "co_assignment_now",
            "unit",
            "case_id",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
            sqlite_where=text("removed_at IS NULL"),
        ),
        Index("co_assignment_of_case", "case_id"),
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    case_id: int = Field(sa_type=RowId)
    unit: str = Field(sa_type=Text)
    responder: str | None = Field(default=None, sa_type=Text)
    added_at: datetime = Field(sa_type=Moment)
    added_by: str = Field(sa_type=Text)
    removed_at: datetime | None = _moment()
    removed_by: str | None = Field(default=None, sa_type=Text)


class UnitSwitchRow(SQLModel, table=True):
    """What a unit takes part in, append-only: the newest row of a unit and a thing is in force, none means on."""

    __tablename__ = "unit_switch"
    __table_args__ = (Index("unit_switch_newest", "what", "unit", "id"),)

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    unit: str = Field(sa_type=Text)
    what: Switch = Field(sa_column=Column(Word(Switch), nullable=False))
    on: bool
    by: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=Moment)


class OutboxRow(SQLModel, table=True):
    """A message that must leave, written with the state it tells of. Deleted once the broker has it."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "outbox_for_relay",
            "id",
            postgresql_where=text("writer IS NULL"),
            sqlite_where=text("writer IS NULL"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    ce_id: str = Field(sa_type=Text)  # the same at every sending
    ce_source: str | None = Field(default=None, sa_type=Text)  # None: this system
    ce_type: str = Field(sa_type=Text)
    topic: str = Field(sa_type=Text)
    key: str = Field(sa_type=Text)
    value: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=Moment)
    writer: int | None = Field(default=None, sa_type=RowId)  # the lane that sends it; None: the relay
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)  # of a sealed value; None: it is plain
    later: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))


class ReceivedRow(SQLModel, table=True):
    """Each accepted record of a warning, by its CloudEvent: the same one again has no effect."""

    __tablename__ = "received"
    __table_args__ = (
        # How often a subject was warned of: on this table because its rows never change, so that no command pays for it.
        Index(
            "received_of_subject",
            "subject_key",
            "received_at",
            postgresql_where=text("subject_key IS NOT NULL"),
            sqlite_where=text("subject_key IS NOT NULL"),
        ),
        Index(
            "received_attached",
            "source",
            "instruction_number",
            postgresql_where=text("instruction_number IS NOT NULL"),
            sqlite_where=text("instruction_number IS NOT NULL"),
        ),
        Index(
            "received_into_case",
            "case_id",
            postgresql_where=text("instruction_number IS NOT NULL"),
            sqlite_where=text("instruction_number IS NOT NULL"),
        ),
    )

    source: str = Field(sa_column=Column(Text, primary_key=True))
    ce_id: str = Field(sa_column=Column(Text, primary_key=True))
    case_id: int = Field(sa_type=RowId)
    effect: str = Field(sa_type=Text)  # OPENED | REPEATED (same instruction) | ATTACHED (same subject)
    received_at: datetime = Field(sa_type=Moment)
    subject_key: bytes | None = Field(default=None, sa_type=LargeBinary)  # None: no warning of its own (REPEATED)
    instruction_number: str | None = Field(
        default=None, sa_type=Text
    )  # of one that was attached; else it is the case's


class DeadLetterRow(SQLModel, table=True):
    """A record that could not become a case, with its bytes sealed and a reason without personal data."""

    __tablename__ = "dead_letter"
    __table_args__ = (
        Index("dead_letter_once", "incarnation", "topic", "partition", "offset", unique=True),
        Index("dead_letter_by_event", "event_key"),
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    incarnation: str = Field(sa_type=Text)
    topic: str = Field(sa_type=Text)
    partition: int
    offset: int = Field(sa_type=RowId)
    error_class: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    size: int | None = Field(default=None, sa_type=RowId)
    failed_at: datetime = Field(sa_type=Moment)
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    replayed_at: datetime | None = _moment()
    event_key: bytes | None = Field(default=None, sa_type=LargeBinary)  # keyed hash of its CloudEvent's source and id


class LaneRow(SQLModel, table=True):
    """One writing connection of one router. A lane that is over stays over: its id is the fence."""

    __tablename__ = "lane"

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    topic: str = Field(sa_type=Text)
    process: str = Field(sa_type=Text)
    backend_pid: int | None = None
    backend_start: datetime | None = _moment()
    started_at: datetime = Field(sa_type=Moment)
    heartbeat_at: datetime = Field(sa_type=Moment)
    ended_at: datetime | None = _moment()


class PositionRow(SQLModel, table=True):
    """How far a partition is read, and by which lane: moved only inside the transaction of the batch itself."""

    __tablename__ = "position"

    topic: str = Field(sa_column=Column(Text, primary_key=True))
    partition: int = Field(sa_column=Column(RowId, primary_key=True, autoincrement=False))
    incarnation: str = Field(sa_type=Text)  # the broker's; another one means other records under the same offsets
    next_offset: int = Field(sa_type=RowId)
    lane: int | None = Field(default=None, sa_type=RowId)


class CommandRow(SQLModel, table=True):
    """An idempotency key and the answer it got: the same command again gets the same answer."""

    __tablename__ = "command"

    actor: str = Field(sa_column=Column(Text, primary_key=True))
    key: str = Field(sa_column=Column(Text, primary_key=True))
    fingerprint: bytes = Field(sa_type=LargeBinary)
    case_id: int = Field(sa_type=RowId)
    state: State = Field(sa_column=Column(Word(State), nullable=False))
    version: int
    turn: int
    at: datetime = Field(sa_type=Moment)


class UnitRow(SQLModel, table=True):
    """A unit of the tree. It is never deleted, because cases name it: one that ended has its `valid_to`."""

    __tablename__ = "unit"

    code: str = Field(sa_column=Column(Text, primary_key=True))
    kind: str = Field(sa_type=Text)  # centre | county | precinct | grid
    name_zh: str = Field(sa_type=Text)
    name_en: str = Field(sa_type=Text)
    parent: str | None = Field(default=None, sa_type=Text)
    contact: str | None = Field(default=None, sa_type=Text)  # how its desk is reached
    head: str | None = Field(default=None, sa_type=Text)  # code of the responder who leads it
    valid_from: datetime | None = _moment()  # None: since always
    valid_to: datetime | None = _moment()  # just before it; None: no end


class AreaRow(SQLModel, table=True):
    """A unit's jurisdiction in WGS-84, as WKB; several rows are several parts. An id is never used again.

    A new boundary is a new row: the old one keeps its polygon and gets an end.
    """

    __tablename__ = "area"
    __table_args__ = (
        Index("area_in_force", "valid_from", "valid_to"),  # without it the question every second reads the polygons
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    unit: str = Field(sa_type=Text)
    polygon: bytes = Field(sa_type=LargeBinary)
    valid_from: datetime | None = _moment()
    valid_to: datetime | None = _moment()


class StationRow(SQLModel, table=True):
    __tablename__ = "station"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    unit: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    lat: float
    lon: float
    valid_from: datetime | None = _moment()
    valid_to: datetime | None = _moment()


class RegionCodeRow(SQLModel, table=True):
    __tablename__ = "region_code"

    code: str = Field(sa_column=Column(String(12), primary_key=True))
    unit: str = Field(sa_type=Text)


class VillageRow(SQLModel, table=True):
    """A village or community by its official name, for addresses in words. `unit` None: no unit is known for it."""

    __tablename__ = "village"

    village_code: str = Field(sa_column=Column(String(12), primary_key=True))
    village: str = Field(sa_type=Text)
    township_code: str = Field(sa_type=Text)
    township: str = Field(sa_type=Text)
    county_code: str = Field(sa_type=Text)
    county: str = Field(sa_type=Text)
    unit: str | None = Field(default=None, sa_type=Text)


class ResponderRow(SQLModel, table=True):
    """Somebody who can be sent. Never deleted, because cases name them: one who left has a `valid_to`."""

    __tablename__ = "responder"

    code: str = Field(sa_column=Column(Text, primary_key=True))
    unit: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    grade: str = Field(sa_type=Text)
    post_lat: float
    post_lon: float
    skills: list[str] = Field(default=[], sa_column=_words())
    languages: list[str] = Field(default=[], sa_column=_words())
    capabilities: list[str] = Field(default=[], sa_column=_words())  # what they bring: vehicle, drone …
    family_liaison: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    valid_to: datetime | None = _moment()


class RegistryChangeRow(SQLModel, table=True):
    """Each change of the registry, append-only: who made it, when, and what it was."""

    __tablename__ = "registry_change"
    __table_args__ = (Index("registry_change_of", "kind", "code"),)

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    at: datetime = Field(sa_type=Moment)
    by: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)  # the table
    code: str = Field(sa_type=Text)  # the unit's, region's, village's or responder's
    what: dict[str, Any] = Field(sa_type=Document)  # done: added | changed | ended | removed; and the fields


class DutyRow(SQLModel, table=True):
    """A responder is on duty from `starts_at` until just before `ends_at`: at most a day of the rota (store/duty.py)."""

    __tablename__ = "duty"
    __table_args__ = (
        Index("duty_from", "starts_at", "ends_at"),
        Index("duty_of_unit", "unit", "ends_at"),
    )

    id: int | None = Field(default=None, sa_column=Column(RowId, primary_key=True, autoincrement=True))
    responder: str = Field(sa_type=Text)
    starts_at: datetime = Field(sa_type=Moment)
    ends_at: datetime = Field(sa_type=Moment)
    unit: str | None = Field(default=None, sa_type=Text)  # whose rota it is drawn from; None: put here by hand
    shift: str | None = Field(default=None, sa_type=Text)
    last_ended_at: datetime | None = _moment()  # end of the responder's duty before this unbroken one


class PolicyRow(SQLModel, table=True):
    """A policy: a draft, until it is published once. Its document never changes: an edit is a new version."""

    __tablename__ = "policy"

    version: int = Field(sa_column=Column(RowId, primary_key=True, autoincrement=False))
    document: dict[str, Any] = Field(sa_type=Document)
    drafted_at: datetime | None = _moment()  # None: published as it came
    drafted_by: str | None = Field(default=None, sa_type=Text)
    published_at: datetime | None = _moment()
    published_by: str | None = Field(default=None, sa_type=Text)
    note: str | None = Field(default=None, sa_type=Text)


class FraudTypeRow(SQLModel, table=True):
    """The known fraud types. An unknown one is kept as it came and blocks nothing."""

    __tablename__ = "fraud_type"

    code: str = Field(sa_column=Column(Text, primary_key=True))
    name_zh: str = Field(sa_type=Text)
    name_en: str = Field(sa_type=Text)


class TokenRow(SQLModel, table=True):
    """Who may come in: a named token with a role and a unit. Only its SHA-256 is kept."""

    __tablename__ = "token"

    name: str = Field(sa_column=Column(Text, primary_key=True))
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    role: Role = Field(sa_column=Column(Word(Role), nullable=False))
    unit: str | None = Field(default=None, sa_type=Text)
    responder: str | None = Field(default=None, sa_type=Text)
    source: str | None = Field(default=None, sa_type=Text)  # an integrator's
    created_at: datetime = Field(sa_type=Moment)
    revoked_at: datetime | None = _moment()


def _table(row: type[SQLModel]) -> Table:
    table = row.__table__  # type: ignore[attr-defined]  # SQLModel sets it, its types do not say so
    assert isinstance(table, Table)  # noqa: S101 - tells mypy what SQLModel does not
    return table


metadata = SQLModel.metadata
cases, event, outbox = _table(CaseRow), _table(EventRow), _table(OutboxRow)
received, dead_letter = _table(ReceivedRow), _table(DeadLetterRow)
lane, position, command = _table(LaneRow), _table(PositionRow), _table(CommandRow)
unit, area, station, region_code = _table(UnitRow), _table(AreaRow), _table(StationRow), _table(RegionCodeRow)
responder, duty, policy = _table(ResponderRow), _table(DutyRow), _table(PolicyRow)
fraud_type, token = _table(FraudTypeRow), _table(TokenRow)
village, registry_change = _table(VillageRow), _table(RegistryChangeRow)
shift_pattern, rota_unit, rotation = _table(ShiftPatternRow), _table(RotaUnitRow), _table(RotationRow)
rota_entry, duty_swap, holiday = _table(RotaEntryRow), _table(DutySwapRow), _table(HolidayRow)
handover, rota_answer = _table(HandoverRow), _table(RotaAnswerRow)
trail, responder_status, status_change = _table(TrailRow), _table(ResponderStatusRow), _table(StatusChangeRow)
co_assignment, unit_switch = _table(CoAssignmentRow), _table(UnitSwitchRow)
stop_order, ledger, stop_receipt = _table(StopOrderRow), _table(LedgerRow), _table(StopReceiptRow)
case_link, link_progress, withdrawal = _table(CaseLinkRow), _table(LinkProgressRow), _table(WithdrawalRow)
follow_up, review, protective_hold = _table(FollowUpRow), _table(ReviewRow), _table(ProtectiveHoldRow)
audit, seal = _table(AuditRow), _table(SealRow)
source, submission, tip = _table(SourceRow), _table(SubmissionRow), _table(TipRow)
evidence = _table(EvidenceRow)
legal_hold, index_print = _table(LegalHoldRow), _table(IndexPrintRow)
figure_position, figure_case = figure_tables.figure_position, figure_tables.figure_case
figure_count = figure_tables.figure_count
notice, notice_case = _table(NoticeRow), _table(NoticeCaseRow)
person, session, invitation = _table(PersonRow), _table(SessionRow), _table(InvitationRow)
login, login_failure = _table(LoginRow), _table(LoginFailureRow)
