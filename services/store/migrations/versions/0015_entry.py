"""Who may come in: people, their sessions, one-time links to a case, logins under way and wrong passwords."""

import sqlalchemy as sa
from alembic import op

from services.store import columns

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=True),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("responder", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("added_at", columns.Moment(), nullable=False),
        sa.Column("revoked_at", columns.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("login"),
    )
    op.create_table(
        "invitation",
        sa.Column("id", _row_id(), autoincrement=True, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", _row_id(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("responder", sa.Text(), nullable=False),
        sa.Column("assigned_at", columns.Moment(), nullable=True),
        sa.Column("made_at", columns.Moment(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("expires_at", columns.Moment(), nullable=False),
        sa.Column("used_at", columns.Moment(), nullable=True),
        sa.Column("revoked_at", columns.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("invitation_of_case", "invitation", ["case_id"])
    op.create_index("invitation_of_responder", "invitation", ["responder"])
    op.create_table(
        "session",
        sa.Column("id", _row_id(), autoincrement=True, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("invitation", _row_id(), nullable=True),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("began_at", columns.Moment(), nullable=False),
        sa.Column("seen_at", columns.Moment(), nullable=False),
        sa.Column("ended_at", columns.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("session_of_person", "session", ["person"])
    op.create_index("session_of_invitation", "session", ["invitation"])
    op.create_table(
        "login",
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("browser", sa.LargeBinary(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("began_at", columns.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("state"),
    )
    op.create_table(
        "login_failure",
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("since", columns.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


# The policies are laid by the upgrade's last step (services/store/walls.py) and name tables that go below this one.
POLICIES_GO = """
DO $$
DECLARE held record;
BEGIN
    FOR held IN SELECT schemaname, tablename FROM pg_policies WHERE policyname = 'quanzu' LOOP
        EXECUTE format('DROP POLICY quanzu ON %I.%I', held.schemaname, held.tablename);
        EXECUTE format('ALTER TABLE %I.%I DISABLE ROW LEVEL SECURITY', held.schemaname, held.tablename);
    END LOOP;
END $$
"""


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POLICIES_GO)
    for table in ("login_failure", "login", "session", "invitation", "person"):
        op.drop_table(table)
