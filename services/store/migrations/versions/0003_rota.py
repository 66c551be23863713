"""The duty rota: patterns, rotations, entries, swaps, holidays, handovers; duty rows say whose rota drew them."""

import sqlalchemy as sa
from alembic import op

from services.store import columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duty_swap",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("gives_from_at", columns.Moment(), nullable=False),
        sa.Column("gives_until_at", columns.Moment(), nullable=False),
        sa.Column("takes_from_at", columns.Moment(), nullable=True),
        sa.Column("takes_until_at", columns.Moment(), nullable=True),
        sa.Column("over_at", columns.Moment(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", columns.Moment(), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", columns.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("duty_swap", schema=None) as batch_op:
        batch_op.create_index("duty_swap_of_unit", ["unit", "over_at"], unique=False)

    op.create_table(
        "handover",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("changed_at", columns.Moment(), nullable=False),
        sa.Column("going", sa.JSON(), nullable=False),
        sa.Column("coming", sa.JSON(), nullable=False),
        sa.Column("cases", sa.JSON(), nullable=False),
        sa.Column("opened_at", columns.Moment(), nullable=False),
        sa.Column("accepted_by", sa.Text(), nullable=True),
        sa.Column("accepted_at", columns.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("handover", schema=None) as batch_op:
        batch_op.create_index("handover_once", ["unit", "changed_at"], unique=True)

    op.create_table(
        "holiday",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("off", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", columns.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "rota_answer",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("at", columns.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key"),
    )
    op.create_table(
        "rota_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("responder", sa.Text(), nullable=False),
        sa.Column("starts_at", columns.Moment(), nullable=False),
        sa.Column("ends_at", columns.Moment(), nullable=False),
        sa.Column("shift", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", columns.Moment(), nullable=False),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", columns.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("rota_entry", schema=None) as batch_op:
        batch_op.create_index("rota_entry_until", ["unit", "ends_at"], unique=False)

    op.create_table(
        "rota_unit",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("drawn_until_at", columns.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("unit"),
    )
    op.create_table(
        "rotation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", columns.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("rotation", schema=None) as batch_op:
        batch_op.create_index("rotation_of_unit", ["unit", "starts_on"], unique=False)

    op.create_table(
        "shift_pattern",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", columns.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    with op.batch_alter_table("duty", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unit", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("shift", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("last_ended_at", columns.Moment(), nullable=True))
        batch_op.drop_index("duty_until")
        batch_op.create_index("duty_from", ["starts_at", "ends_at"], unique=False)
        batch_op.create_index("duty_of_unit", ["unit", "ends_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("duty", schema=None) as batch_op:
        batch_op.drop_index("duty_of_unit")
        batch_op.drop_index("duty_from")
        batch_op.create_index("duty_until", ["ends_at"], unique=False)
        batch_op.drop_column("last_ended_at")
        batch_op.drop_column("shift")
        batch_op.drop_column("unit")

    op.drop_table("shift_pattern")
    with op.batch_alter_table("rotation", schema=None) as batch_op:
        batch_op.drop_index("rotation_of_unit")

    op.drop_table("rotation")
    op.drop_table("rota_unit")
    with op.batch_alter_table("rota_entry", schema=None) as batch_op:
        batch_op.drop_index("rota_entry_until")

    op.drop_table("rota_entry")
    op.drop_table("rota_answer")
    op.drop_table("holiday")
    with op.batch_alter_table("handover", schema=None) as batch_op:
        batch_op.drop_index("handover_once")

    op.drop_table("handover")
    with op.batch_alter_table("duty_swap", schema=None) as batch_op:
        batch_op.drop_index("duty_swap_of_unit")

    op.drop_table("duty_swap")
