"""Units together on a case, another county that has it, what a unit takes part in, and who leads it."""

import sqlalchemy as sa
from alembic import op

from services.store import columns

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

RELEASED = sa.text("action IN ('DECLINE', 'EXPIRE', 'HAND_OVER', 'LAPSE')")
STILL = sa.text("removed_at IS NULL")


def _id() -> sa.Column[int]:
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", row_id, autoincrement=True, nullable=False)


def upgrade() -> None:
    # Added as they are, never by copying a table: these two are the large ones.
    op.add_column("cases", sa.Column("co_assigned", sa.JSON(), nullable=True))
    op.add_column("cases", sa.Column("transferred_to", sa.Text(), nullable=True))
    op.create_index("event_released", "event", ["at"], postgresql_where=RELEASED, sqlite_where=RELEASED)
    op.create_table(
        "co_assignment",
        _id(),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("responder", sa.Text(), nullable=True),
        sa.Column("added_at", columns.Moment(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("removed_at", columns.Moment(), nullable=True),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "co_assignment_now",
        "co_assignment",
        ["unit", "case_id"],
        unique=True,
        postgresql_where=STILL,
        sqlite_where=STILL,
    )
    op.create_index("co_assignment_of_case", "co_assignment", ["case_id"])
    op.create_table(
        "unit_switch",
        _id(),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", columns.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("unit_switch_newest", "unit_switch", ["what", "unit", "id"])
    op.add_column("unit", sa.Column("head", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("unit", "head")
    op.drop_table("unit_switch")
    op.drop_table("co_assignment")
    op.drop_index("event_released", "event")
    op.drop_column("cases", "transferred_to")
    op.drop_column("cases", "co_assigned")
