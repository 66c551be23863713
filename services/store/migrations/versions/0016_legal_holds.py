"""Legal holds: what may not be erased or deleted meanwhile."""

import sqlalchemy as sa
from alembic import op

from services.store import columns

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "legal_hold",
        sa.Column("id", ROW, autoincrement=True, nullable=False),
        sa.Column("case_id", ROW, nullable=True),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("placed_at", columns.Moment(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("lifted_at", columns.Moment(), nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("legal_hold_of_case", "legal_hold", ["case_id"])


def downgrade() -> None:
    op.drop_index("legal_hold_of_case", "legal_hold")
    op.drop_table("legal_hold")
