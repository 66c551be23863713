"""Where responders were, sealed and for a day; what they say of themselves, and each change of it."""

import sqlalchemy as sa
from alembic import op

from services.store import columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "trail",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("responder", sa.Text(), nullable=False),
        sa.Column("stored_at", columns.Moment(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("trail_of", "trail", ["responder", "stored_at"], unique=False)
    op.create_index("trail_until", "trail", ["stored_at"], unique=False)
    op.create_table(
        "responder_status",
        sa.Column("responder", sa.Text(), nullable=False),
        *_said(),
        sa.PrimaryKeyConstraint("responder"),
    )
    op.create_table(
        "status_change",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("responder", sa.Text(), nullable=False),
        *_said(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("status_change_of", "status_change", ["responder", "changed_at"], unique=False)


def _said() -> list[sa.Column[object]]:
    return [
        sa.Column("availability", sa.String(length=32), nullable=False),
        sa.Column("activity", sa.String(length=32), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("changed_at", columns.Moment(), nullable=False),
    ]


def downgrade() -> None:
    for table in ("status_change", "responder_status", "trail"):
        op.drop_table(table)
