"""Policies are drafts until they are published."""

import sqlalchemy as sa
from alembic import op

from services.store import columns

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("policy", schema=None) as batch_op:
        batch_op.add_column(sa.Column("drafted_at", columns.Moment(), nullable=True))
        batch_op.add_column(sa.Column("drafted_by", sa.Text(), nullable=True))
        batch_op.alter_column("published_at", existing_type=columns.Moment(), nullable=True)
        batch_op.alter_column("published_by", existing_type=sa.Text(), nullable=True)
        batch_op.alter_column("note", existing_type=sa.Text(), nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM policy WHERE published_at IS NULL")  # no case can have opened under a draft
    with op.batch_alter_table("policy", schema=None) as batch_op:
        batch_op.alter_column("note", existing_type=sa.Text(), nullable=False)
        batch_op.alter_column("published_by", existing_type=sa.Text(), nullable=False)
        batch_op.alter_column("published_at", existing_type=columns.Moment(), nullable=False)
        batch_op.drop_column("drafted_by")
        batch_op.drop_column("drafted_at")
