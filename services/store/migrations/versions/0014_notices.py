"""Notices: who was told what, why and until when; and the cases inside a grouped one."""

import sqlalchemy as sa
from alembic import op

from services.store import columns

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OPEN = "acknowledged_at IS NULL AND answered_at IS NULL"
SOME = (
    ("notice_by_person", "person", "person IS NOT NULL"),
    ("notice_by_unit", "unit", "unit IS NOT NULL"),
    ("notice_open_person", "person", f"person IS NOT NULL AND {OPEN}"),
    ("notice_open_unit", "unit", f"unit IS NOT NULL AND {OPEN}"),
    ("notice_open_target", "target", OPEN),
    ("notice_to_send", "due_at", "delivery = 'WAITING'"),
)


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("once", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("timer", sa.String(length=32), nullable=True),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("cases", sa.JSON(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("is_loud", sa.Boolean(), nullable=False),
        sa.Column("created_at", columns.Moment(), nullable=False),
        sa.Column("due_at", columns.Moment(), nullable=True),
        sa.Column("delivery", sa.String(length=32), nullable=False),
        sa.Column("seen_at", columns.Moment(), nullable=True),
        sa.Column("seen_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", columns.Moment(), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("answered_at", columns.Moment(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("notice_of_case", ["case_id", "id"])
        for name, column, where in SOME:
            batch_op.create_index(name, [column, "id"], postgresql_where=sa.text(where), sqlite_where=sa.text(where))

    op.create_table(
        "notice_case",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("timer", sa.String(length=32), nullable=True),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("answered_at", columns.Moment(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("notice_case", schema=None) as batch_op:
        batch_op.create_index("notice_case_of_case", ["case_id"])
        batch_op.create_index("notice_case_of_notice", ["notice"])


def downgrade() -> None:
    with op.batch_alter_table("notice_case", schema=None) as batch_op:
        batch_op.drop_index("notice_case_of_notice")
        batch_op.drop_index("notice_case_of_case")

    op.drop_table("notice_case")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index("notice_to_send")
        batch_op.drop_index("notice_open_unit")
        batch_op.drop_index("notice_open_target")
        batch_op.drop_index("notice_open_person")
        batch_op.drop_index("notice_of_case")
        batch_op.drop_index("notice_by_unit")
        batch_op.drop_index("notice_by_person")

    op.drop_table("notice")
