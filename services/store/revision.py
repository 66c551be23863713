"""Whether a database has the newest schema. Without Alembic: a process that only serves need not carry it."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from services.store.engine import Store

MIGRATIONS = Path(__file__).parent / "migrations"
STAMP = "alembic_version"


def newest() -> str:
    """The last migration's revision: its file begins with it, and they count up."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


async def is_current(store: Store) -> bool:
    """Whether every migration has been applied."""
    async with store.read() as conn:
        return await conn.run_sync(_revision) == newest()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(STAMP):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {STAMP}")).scalar()  # noqa: S608 - our own name
    return found
