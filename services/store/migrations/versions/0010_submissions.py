"""What comes in by HTTP: sources with their quotas, submissions, tips; messages of other sources, and those nobody hurries."""

import sqlalchemy as sa
from alembic import op

from services.store import columns

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "source",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("quota_per_min", sa.Integer(), nullable=False),
        sa.Column("over_since", columns.Moment(), nullable=True),
        sa.Column("over_at", columns.Moment(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", columns.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "submission",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("warning_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ce_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", columns.Moment(), nullable=False),
        sa.Column("later", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("warning_id"),
    )
    op.create_index("submission_once", "submission", ["source", "ce_id"], unique=True)
    op.create_index("submission_by_time", "submission", ["source", "at"])
    op.create_table(
        "tip",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("tip_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("at", columns.Moment(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", columns.Moment(), nullable=True),
        sa.Column("warning_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tip_id"),
    )
    op.create_index("tip_by_state", "tip", ["state", "id"])
    op.add_column("outbox", sa.Column("ce_source", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("later", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("dead_letter", sa.Column("event_key", sa.LargeBinary(), nullable=True))
    op.create_index("dead_letter_by_event", "dead_letter", ["event_key"])
    op.add_column("token", sa.Column("source", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("token", "source")
    op.drop_index("dead_letter_by_event", "dead_letter")
    op.drop_column("dead_letter", "event_key")
    op.drop_column("outbox", "later")
    op.drop_column("outbox", "ce_source")
    for table in ("tip", "submission", "source"):
        op.drop_table(table)
