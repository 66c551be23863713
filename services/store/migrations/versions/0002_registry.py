"""Units, areas and stations with a time; villages; what responders can do; every change of the registry."""

import sqlalchemy as sa
from alembic import op

from services.store import columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIMES = ("valid_from", "valid_to")
WORDS = ("skills", "languages", "capabilities")


def upgrade() -> None:
    op.create_table(
        "registry_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", columns.Moment(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("what", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("registry_change_of", "registry_change", ["kind", "code"], unique=False)
    op.create_table(
        "village",
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("village", sa.Text(), nullable=False),
        sa.Column("township_code", sa.Text(), nullable=False),
        sa.Column("township", sa.Text(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("village_code"),
    )
    for table in ("unit", "area", "station"):
        for name in TIMES:
            op.add_column(table, sa.Column(name, columns.Moment(), nullable=True))
    op.create_index("area_in_force", "area", ["valid_from", "valid_to"], unique=False)
    op.add_column("unit", sa.Column("contact", sa.Text(), nullable=True))
    for name in WORDS:
        op.add_column("responder", sa.Column(name, sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("responder", sa.Column("family_liaison", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("responder", sa.Column("valid_to", columns.Moment(), nullable=True))


def downgrade() -> None:
    for name in ("valid_to", "family_liaison", *WORDS):
        op.drop_column("responder", name)
    op.drop_column("unit", "contact")
    op.drop_index("area_in_force", "area")
    for table in ("unit", "area", "station"):
        for name in TIMES:
            op.drop_column(table, name)
    op.drop_table("village")
    op.drop_index("registry_change_of", "registry_change")
    op.drop_table("registry_change")
