"""A case that was open for too long to take in another warning of its person gives way to a case of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ONE_OPEN = "cases_one_open_per_subject"
OPEN = "state IN ('PENDING', 'ASSIGNED', 'ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED')"
BEFORE = sa.text(f"subject_key IS NOT NULL AND {OPEN}")
NOW = sa.text(f"subject_key IS NOT NULL AND NOT gives_way AND {OPEN}")


def upgrade() -> None:
    op.add_column("cases", sa.Column("gives_way", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.drop_index(ONE_OPEN, "cases")
    _index(NOW)


def downgrade() -> None:
    op.drop_index(ONE_OPEN, "cases")
    # Two are open for one person where one gave way: that one is found by its links alone from here on.
    op.execute("UPDATE cases SET subject_key = NULL WHERE gives_way")
    _index(BEFORE)
    op.drop_column("cases", "gives_way")


def _index(where: sa.TextClause) -> None:
    op.create_index(ONE_OPEN, "cases", ["mode", "subject_key"], unique=True, postgresql_where=where, sqlite_where=where)
