"""The first tables."""

import sqlalchemy as sa
from alembic import op

from services.store import columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The rows that the router hands to its one statement (services/store/intake.py). A field more is a new type beside the
# old one, so that the programs before and after a change can write at the same time.
NEW_ROWS = {
    "new_case": """case_id uuid, source text, instruction_number text, mode text, risk text, fraud_type text, state text,
        responsible_unit text, assigned_unit text, responder text, policy_version int, version int, turn int,
        late_on_arrival bool, issued_ahead bool, routed_by text, routing text, issued_at timestamptz,
        assigned_at timestamptz, timers text, next_due_at timestamptz, total_due_at timestamptz, wrapped_key bytea,
        sealed bytea, subject_key bytea, phone_key bytea, account_key bytea, ce_id text""",
    "new_fact": """case_id uuid, version int, action text, from_state text, to_state text, at timestamptz, actor text,
        role text, detail text""",
    "new_message": "case_id uuid, ce_id text, ce_type text, topic text, key text, value bytea",
}


def upgrade() -> None:
    op.create_table(
        "area",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("polygon", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("instruction_number", sa.Text(), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("risk", sa.String(length=32), nullable=False),
        sa.Column("fraud_type", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("responsible_unit", sa.Text(), nullable=True),
        sa.Column("assigned_unit", sa.Text(), nullable=True),
        sa.Column("responder", sa.Text(), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("late_on_arrival", sa.Boolean(), nullable=False),
        sa.Column("issued_ahead", sa.Boolean(), nullable=False),
        sa.Column("repeat_count", sa.Integer(), nullable=False),
        sa.Column("reopened_count", sa.Integer(), nullable=False),
        sa.Column("routed_by", sa.Text(), nullable=False),
        sa.Column("routing", sa.JSON(), nullable=False),
        sa.Column("tried", sa.JSON(), nullable=False),
        sa.Column("submitter", sa.Text(), nullable=True),
        sa.Column("issued_at", columns.Moment(), nullable=False),
        sa.Column("received_at", columns.Moment(), nullable=False),
        sa.Column("assigned_at", columns.Moment(), nullable=True),
        sa.Column("acknowledged_at", columns.Moment(), nullable=True),
        sa.Column("released_at", columns.Moment(), nullable=True),
        sa.Column("first_attempt_at", columns.Moment(), nullable=True),
        sa.Column("contacted_at", columns.Moment(), nullable=True),
        sa.Column("contact_lost_at", columns.Moment(), nullable=True),
        sa.Column("concluded_at", columns.Moment(), nullable=True),
        sa.Column("feedback_at", columns.Moment(), nullable=True),
        sa.Column("returned_at", columns.Moment(), nullable=True),
        sa.Column("closed_at", columns.Moment(), nullable=True),
        sa.Column("reopened_at", columns.Moment(), nullable=True),
        sa.Column("cancelled_at", columns.Moment(), nullable=True),
        sa.Column("transferred_at", columns.Moment(), nullable=True),
        sa.Column("receipt_at", columns.Moment(), nullable=True),
        sa.Column("stop_requested_at", columns.Moment(), nullable=True),
        sa.Column("stop_resolved_at", columns.Moment(), nullable=True),
        sa.Column("loss_before_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("loss_after_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("amount_saved_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("timers", sa.JSON(), nullable=False),
        sa.Column("next_due_at", columns.Moment(), nullable=True),
        sa.Column("total_due_at", columns.Moment(), nullable=True),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("subject_key", sa.LargeBinary(), nullable=True),
        sa.Column("phone_key", sa.LargeBinary(), nullable=True),
        sa.Column("account_key", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id"),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index("cases_by_unit", ["assigned_unit", "id"], unique=False)
        batch_op.create_index(
            "cases_due",
            ["next_due_at"],
            unique=False,
            postgresql_where=sa.text("next_due_at IS NOT NULL"),
            sqlite_where=sa.text("next_due_at IS NOT NULL"),
        )
        batch_op.create_index(
            "cases_one_open_per_subject",
            ["mode", "subject_key"],
            unique=True,
            postgresql_where=sa.text(
                "subject_key IS NOT NULL AND state IN ('PENDING', 'ASSIGNED', 'ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED')"
            ),
            sqlite_where=sa.text(
                "subject_key IS NOT NULL AND state IN ('PENDING', 'ASSIGNED', 'ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED')"
            ),
        )

    op.create_table(
        "command",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("at", columns.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key"),
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("incarnation", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("error_class", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("failed_at", columns.Moment(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("replayed_at", columns.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("dead_letter", schema=None) as batch_op:
        batch_op.create_index("dead_letter_once", ["incarnation", "topic", "partition", "offset"], unique=True)

    op.create_table(
        "duty",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("responder", sa.Text(), nullable=False),
        sa.Column("starts_at", columns.Moment(), nullable=False),
        sa.Column("ends_at", columns.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("duty", schema=None) as batch_op:
        batch_op.create_index("duty_until", ["ends_at"], unique=False)

    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("from_state", sa.String(length=32), nullable=True),
        sa.Column("to_state", sa.String(length=32), nullable=False),
        sa.Column("at", columns.Moment(), nullable=False),
        sa.Column("occurred_at", columns.Moment(), nullable=True),
        sa.Column("recorded_at", columns.Moment(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("event_of_case", ["case_id", "version"], unique=True)

    op.create_table(
        "fraud_type",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "lane",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("backend_pid", sa.Integer(), nullable=True),
        sa.Column("backend_start", columns.Moment(), nullable=True),
        sa.Column("started_at", columns.Moment(), nullable=False),
        sa.Column("heartbeat_at", columns.Moment(), nullable=False),
        sa.Column("ended_at", columns.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ce_id", sa.Text(), nullable=False),
        sa.Column("ce_type", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", columns.Moment(), nullable=False),
        sa.Column("writer", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            "outbox_for_relay",
            ["id"],
            unique=False,
            postgresql_where=sa.text("writer IS NULL"),
            sqlite_where=sa.text("writer IS NULL"),
        )

    op.create_table(
        "policy",
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("published_at", columns.Moment(), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "position",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column(
            "partition", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("incarnation", sa.Text(), nullable=False),
        sa.Column("next_offset", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lane", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("topic", "partition"),
    )
    op.create_table(
        "received",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ce_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("received_at", columns.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("source", "ce_id"),
    )
    op.create_table(
        "region_code",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "responder",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("post_lat", sa.Float(), nullable=False),
        sa.Column("post_lon", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "station",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "token",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("responder", sa.Text(), nullable=True),
        sa.Column("created_at", columns.Moment(), nullable=False),
        sa.Column("revoked_at", columns.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "unit",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("code"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for name, fields in NEW_ROWS.items():
            op.execute(f"CREATE TYPE {name} AS ({fields})")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in NEW_ROWS:
            op.execute(f"DROP TYPE {name}")
    op.drop_table("unit")
    op.drop_table("token")
    op.drop_table("station")
    op.drop_table("responder")
    op.drop_table("region_code")
    op.drop_table("received")
    op.drop_table("position")
    op.drop_table("policy")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "outbox_for_relay", postgresql_where=sa.text("writer IS NULL"), sqlite_where=sa.text("writer IS NULL")
        )

    op.drop_table("outbox")
    op.drop_table("lane")
    op.drop_table("fraud_type")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index("event_of_case")

    op.drop_table("event")
    with op.batch_alter_table("duty", schema=None) as batch_op:
        batch_op.drop_index("duty_until")

    op.drop_table("duty")
    with op.batch_alter_table("dead_letter", schema=None) as batch_op:
        batch_op.drop_index("dead_letter_once")

    op.drop_table("dead_letter")
    op.drop_table("command")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(
            "cases_one_open_per_subject",
            postgresql_where=sa.text(
                "subject_key IS NOT NULL AND state IN ('PENDING', 'ASSIGNED', 'ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED')"
            ),
            sqlite_where=sa.text(
                "subject_key IS NOT NULL AND state IN ('PENDING', 'ASSIGNED', 'ACKNOWLEDGED', 'IN_PROGRESS', 'CONTACTED')"
            ),
        )
        batch_op.drop_index(
            "cases_due",
            postgresql_where=sa.text("next_due_at IS NOT NULL"),
            sqlite_where=sa.text("next_due_at IS NOT NULL"),
        )
        batch_op.drop_index("cases_by_unit")

    op.drop_table("cases")
    op.drop_table("area")
