"""The tables that rows are only ever added to: the record of what was done. Whoever serves has no right to change them."""

from typing import Final

from services.store import tables

SEALED: Final = (tables.event, tables.ledger, tables.registry_change, tables.audit)  # what the chain of seals covers
APPEND_ONLY: Final = frozenset({*(table.name for table in SEALED), tables.seal.name})
