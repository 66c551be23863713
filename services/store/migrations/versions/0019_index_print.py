"""By which keys the blind indexes are hashed: one row, so that nobody hashes otherwise while a new one is laid over them."""

import sqlalchemy as sa
from alembic import op

from services.store.columns import Moment

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "index_print",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("print", sa.LargeBinary(), nullable=False),
        sa.Column("laid_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("index_print")
