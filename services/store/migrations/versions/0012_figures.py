"""The kept counts of the figures: what each case adds, the sums by hour and by day, and how far events are counted."""

import sqlalchemy as sa
from alembic import op

from services.store import columns

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COUNTS = (
    "cases",
    "waiting",
    "fed_back",
    "within_hour",
    "total_judged",
    "total_kept",
    "assign_judged",
    "assign_kept",
    "ack_judged",
    "ack_kept",
    "first_attempt_judged",
    "first_attempt_kept",
    "contact_judged",
    "contact_kept",
    "dissuade_judged",
    "dissuade_kept",
    "feedback_judged",
    "feedback_kept",
    "review_judged",
    "review_kept",
    "stop_request_judged",
    "stop_request_kept",
    "stop_confirm_judged",
    "stop_confirm_kept",
    "visit_judged",
    "visit_kept",
    "second_ack_judged",
    "second_ack_kept",
    "concluded",
    "met",
    "awakened_told",
    "awakened",
    "dissuaded_no_loss",
    "dissuaded_partial_loss",
    "defrauded_before_warning",
    "defrauded_after_warning",
    "refused",
    "not_reached",
    "out_of_area",
    "false_positive",
    "wrong_person",
    "lost",
    "loss_before_fen",
    "loss_after_fen",
    "saved_fen",
    "stops_sent",
    "stops_effective",
    "stops_answered",
    "stops_rejected",
    "requested_fen",
    "held_fen",
    "frozen_fen",
    "released_fen",
    "expired_fen",
    "follow_ups_come",
    "follow_ups_struck",
    "follow_ups_judged",
    "follow_ups_on_time",
    "reviewed",
    "returned",
    "closed",
)


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    position = op.create_table(
        "figure_position",
        sa.Column("id", _row_id(), autoincrement=False, nullable=False),
        sa.Column("event_id", _row_id(), nullable=False),
        sa.Column("as_of", columns.Moment(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(position, [{"id": 1, "event_id": 0, "zone": ""}])
    op.create_table(
        "figure_case",
        sa.Column("case_id", _row_id(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("level", sa.String(length=32), nullable=False),
        sa.Column("issued_at", columns.Moment(), nullable=False),
        sa.Column("hour_at", columns.Moment(), nullable=False),
        sa.Column("day_at", columns.Moment(), nullable=False),
        sa.Column("loop_s", _row_id(), nullable=True),
        *(sa.Column(name, _row_id(), nullable=True) for name in COUNTS),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index("figure_case_by_issue", "figure_case", ["issued_at"])
    op.create_table(
        "figure_count",
        sa.Column("span", sa.String(length=32), nullable=False),
        sa.Column("starts_at", columns.Moment(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("level", sa.String(length=32), nullable=False),
        sa.Column("loops", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, _row_id(), nullable=False, server_default=sa.text("0")) for name in COUNTS),
        sa.PrimaryKeyConstraint("span", "starts_at", "unit", "level"),
    )


def downgrade() -> None:
    op.drop_table("figure_count")
    op.drop_index("figure_case_by_issue", "figure_case")
    op.drop_table("figure_case")
    op.drop_table("figure_position")
