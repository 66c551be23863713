"""Stop-payment orders with their ledger and receipts, follow-ups, reviews, protective holds; their due time on the case."""

import sqlalchemy as sa
from alembic import op

from services.store import columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "follow_up",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("responder", sa.Text(), nullable=True),
        sa.Column("by_receiver", sa.Boolean(), nullable=False),
        sa.Column("due_at", columns.Moment(), nullable=False),
        sa.Column("grace_s", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("done_at", columns.Moment(), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.Column("result", sa.String(length=32), nullable=True),
        sa.Column("closed_at", columns.Moment(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.create_index("follow_up_by_due", ["state", "due_at"], unique=False)
        batch_op.create_index("follow_up_by_unit", ["unit", "state", "due_at"], unique=False)
        batch_op.create_index("follow_up_of_case", ["case_id", "round", "mark"], unique=False)

    op.create_table(
        "ledger",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("amount_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", columns.Moment(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.create_index("ledger_of_order", ["order_id"], unique=False)

    op.create_table(
        "protective_hold",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("placed_at", columns.Moment(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("notice_at", columns.Moment(), nullable=True),
        sa.Column("appealed_at", columns.Moment(), nullable=True),
        sa.Column("lifted_at", columns.Moment(), nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("protective_hold", schema=None) as batch_op:
        batch_op.create_index("protective_hold_of_case", ["case_id", "number"], unique=True)

    op.create_table(
        "review",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("order", sa.Integer(), nullable=True),
        sa.Column("opened_at", columns.Moment(), nullable=False),
        sa.Column("accountable", sa.Text(), nullable=True),
        sa.Column("cause_by", sa.Text(), nullable=True),
        sa.Column("cause_at", columns.Moment(), nullable=True),
        sa.Column("actions_by", sa.Text(), nullable=True),
        sa.Column("actions_at", columns.Moment(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", columns.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index("review_by_state", ["state", "id"], unique=False)
        batch_op.create_index("review_of_case", ["case_id", "number"], unique=True)

    op.create_table(
        "stop_order",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("amount_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("requested_at", columns.Moment(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("confirm_round", sa.Integer(), nullable=True),
        sa.Column("sent_at", columns.Moment(), nullable=True),
        sa.Column("answered_at", columns.Moment(), nullable=True),
        sa.Column("held_until", columns.Moment(), nullable=True),
        sa.Column("warn_at", columns.Moment(), nullable=True),
        sa.Column("holds", sa.Integer(), nullable=False),
        sa.Column("held_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("frozen_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("released_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expired_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("bank_number", sa.Text(), nullable=True),
        sa.Column("ended_at", columns.Moment(), nullable=True),
        sa.Column("account_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("frozen_fen + released_fen + expired_fen <= held_fen", name="stop_order_spent"),
        sa.CheckConstraint("held_fen <= amount_fen", name="stop_order_held"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("order_id"),
    )
    with op.batch_alter_table("stop_order", schema=None) as batch_op:
        batch_op.create_index("stop_order_by_account", ["account_key"], unique=False)
        batch_op.create_index("stop_order_of_case", ["case_id", "number"], unique=True)

    op.create_table(
        "stop_receipt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("received_at", columns.Moment(), nullable=False),
        sa.Column("applied_at", columns.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("event"),
    )
    with op.batch_alter_table("stop_receipt", schema=None) as batch_op:
        batch_op.create_index("stop_receipt_by_effect", ["effect", "id"], unique=False)
        batch_op.create_index("stop_receipt_of_order", ["order_id"], unique=False)

    op.add_column("cases", sa.Column("side_due_at", columns.Moment(), nullable=True))


def downgrade() -> None:
    op.drop_column("cases", "side_due_at")

    with op.batch_alter_table("stop_receipt", schema=None) as batch_op:
        batch_op.drop_index("stop_receipt_of_order")
        batch_op.drop_index("stop_receipt_by_effect")

    op.drop_table("stop_receipt")
    with op.batch_alter_table("stop_order", schema=None) as batch_op:
        batch_op.drop_index("stop_order_of_case")
        batch_op.drop_index("stop_order_by_account")

    op.drop_table("stop_order")
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.drop_index("review_of_case")
        batch_op.drop_index("review_by_state")

    op.drop_table("review")
    with op.batch_alter_table("protective_hold", schema=None) as batch_op:
        batch_op.drop_index("protective_hold_of_case")

    op.drop_table("protective_hold")
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.drop_index("ledger_of_order")

    op.drop_table("ledger")
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.drop_index("follow_up_of_case")
        batch_op.drop_index("follow_up_by_unit")
        batch_op.drop_index("follow_up_by_due")

    op.drop_table("follow_up")
