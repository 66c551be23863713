"""Bring a database to the newest schema, or say how it differs. Alembic does the work, on a connection of ours."""

from collections.abc import Callable

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from services.store import policies, tables, walls
from services.store.defaults import FRAUD_TYPES, SHIFT_PATTERNS
from services.store.engine import Store, Transaction
from services.store.one_trip import transaction
from services.store.revision import MIGRATIONS


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


async def upgrade(store: Store) -> None:
    """Migrate to the newest schema; lay down the defaults (policy 1, fraud types, shift patterns) and who sees which rows.

    Safe to repeat.
    """
    await _run(store, lambda connection: command.upgrade(_config(connection), "head"))
    async with store.begin() as tx:
        await _seed(tx)
        if store.postgres:
            await walls.lay(tx.conn)


async def revise(store: Store, message: str) -> None:
    """Write a new migration from the difference between the tables and this database (for developers)."""
    await _run(store, lambda connection: command.revision(_config(connection), message, autogenerate=True))


async def differences(store: Store) -> list[str]:
    """How the live schema differs from the tables; empty when it does not."""
    found: list[str] = []

    def compare(connection: Connection) -> None:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found.extend(str(difference) for difference in compare_metadata(context, tables.metadata))

    await _run(store, compare)
    return found


async def _run(store: Store, work: Callable[[Connection], object]) -> None:
    async with store.engine.connect() as conn, transaction(conn) if store.postgres else conn.begin():
        if store.postgres:
            await conn.exec_driver_sql("SET LOCAL statement_timeout = '10min'")
            await conn.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('quanzu schema'))")
        await conn.run_sync(work)


async def _seed(tx: Transaction) -> None:
    if (await tx.conn.execute(select(tables.policy.c.version).limit(1))).scalar() is None:
        await policies.publish(
            tx, policies.default_document(), by="quanzu", note="the default of a new installation", at=tx.now
        )
    make = postgresql.insert if tx.postgres else sqlite.insert
    await tx.conn.execute(make(tables.fraud_type).on_conflict_do_nothing(), list(FRAUD_TYPES))
    patterns = [
        {
            "code": one["code"],
            "document": {name: value for name, value in one.items() if name != "code"},
            "changed_by": "quanzu",
            "changed_at": tx.now,
        }
        for one in SHIFT_PATTERNS
    ]
    await tx.conn.execute(make(tables.shift_pattern).on_conflict_do_nothing(), patterns)
