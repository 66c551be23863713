"""Money that came back: refunded of what was frozen, recovered otherwise; on the order and in the kept counts."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAMES = ("refunded_fen", "recovered_fen")


def upgrade() -> None:
    for name in NAMES:
        op.add_column("stop_order", sa.Column(name, ROW, server_default="0", nullable=False))
        op.add_column("figure_case", sa.Column(name, ROW, nullable=True))
        op.add_column("figure_count", sa.Column(name, ROW, server_default="0", nullable=False))


def downgrade() -> None:
    for name in NAMES:
        for table in ("figure_count", "figure_case", "stop_order"):
            op.drop_column(table, name)
