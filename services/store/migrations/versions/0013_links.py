"""What warnings have to do with each other: how often a subject was warned of, links between cases, withdrawals."""

import sqlalchemy as sa
from alembic import op

from services.store import columns

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING = sa.text("applied_at IS NULL")
ATTACHED = sa.text("instruction_number IS NOT NULL")
OF_SUBJECT = sa.text("subject_key IS NOT NULL")


def upgrade() -> None:
    op.add_column("cases", sa.Column("repeat_subject", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("received", sa.Column("subject_key", sa.LargeBinary(), nullable=True))
    op.add_column("received", sa.Column("instruction_number", sa.Text(), nullable=True))
    op.execute(
        "UPDATE received SET subject_key = (SELECT c.subject_key FROM cases c WHERE c.id = received.case_id)"
        " WHERE effect <> 'REPEATED'"
    )
    op.create_index(
        "received_of_subject",
        "received",
        ["subject_key", "received_at"],
        postgresql_where=OF_SUBJECT,
        sqlite_where=OF_SUBJECT,
    )
    op.create_index(
        "received_attached",
        "received",
        ["source", "instruction_number"],
        postgresql_where=ATTACHED,
        sqlite_where=ATTACHED,
    )
    op.create_index("received_into_case", "received", ["case_id"], postgresql_where=ATTACHED, sqlite_where=ATTACHED)
    op.create_table(
        "case_link",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", ROW, autoincrement=False, nullable=False),
        sa.Column("at", columns.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", "case_id"),
    )
    op.create_index("case_link_of_case", "case_link", ["case_id"])
    op.create_index("case_link_at", "case_link", ["at"])
    progress = op.create_table(
        "link_progress",
        sa.Column("id", ROW, autoincrement=False, nullable=False),
        sa.Column("upto", ROW, autoincrement=False, nullable=False),
        sa.Column("sweep_to", ROW, autoincrement=False, nullable=False),
        sa.Column("seen", ROW, autoincrement=False, nullable=False),
        sa.Column("swept_at", columns.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(progress, [{"id": 1, "upto": 0, "sweep_to": 0, "seen": 0, "swept_at": columns.EPOCH}])
    op.create_table(
        "withdrawal",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("instruction_number", sa.Text(), nullable=False),
        sa.Column("ce_id", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", columns.Moment(), nullable=False),
        sa.Column("received_at", columns.Moment(), nullable=False),
        sa.Column("applied_at", columns.Moment(), nullable=True),
        sa.Column("void", sa.Boolean(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_index("withdrawal_waiting", "withdrawal", ["case_id"], postgresql_where=WAITING, sqlite_where=WAITING)


def downgrade() -> None:
    op.drop_table("withdrawal")
    op.drop_table("link_progress")
    op.drop_table("case_link")
    for name in ("received_into_case", "received_attached", "received_of_subject"):
        op.drop_index(name, "received")
    op.drop_column("received", "instruction_number")
    op.drop_column("received", "subject_key")
    op.drop_column("cases", "repeat_subject")
