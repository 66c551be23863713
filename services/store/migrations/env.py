"""Alembic's entry: it is always given an open connection (see services/store/schema.py)."""

from typing import Any, Literal

from alembic import context

from services.store import tables
from services.store.columns import Moment, Word


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """How our own column types are written into a migration: a word is text, whatever its list says that day."""
    if kind == "type" and isinstance(item, Word):
        return f"sa.String(length={item.length})"
    if kind == "type" and isinstance(item, Moment):
        return "columns.Moment()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=tables.metadata,
    compare_type=True,
    render_item=render_item,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
