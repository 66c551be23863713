"""A file that no power cut threatens: tests need not wait for a disk."""

from typing import Any

from sqlalchemy import event

from services.store.engine import Store


def hasty(store: Store) -> Store:
    """The store, which on SQLite no longer waits for the disk; a test's PostgreSQL never does."""
    if not store.postgres:

        @event.listens_for(store.engine.sync_engine, "connect")
        def connect(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA synchronous=OFF").close()

    return store
