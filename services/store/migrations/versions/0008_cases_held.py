"""An index of the cases that somebody holds: the load of everybody is counted every second, by every process that chooses."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

HELD = sa.text("responder IS NOT NULL AND state IN ('ASSIGNED', 'ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED')")


def upgrade() -> None:
    op.create_index("cases_held", "cases", ["responder"], postgresql_where=HELD, sqlite_where=HELD)


def downgrade() -> None:
    op.drop_index("cases_held", "cases")
