"""Every column of keyed hashes, and hashing all of them once more under a new key. SQL only; opens nothing.

In one transaction: killed, it has changed nothing. PostgreSQL does it by itself, from what the key is made into.
"""

import hmac
from typing import Any, Final

from sqlalchemy import Column, bindparam, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.store import tables
from services.store.engine import Transaction
from services.store.sealing import laid

BLOCK: Final = 64  # bytes of SHA-256
COLUMNS: Final[tuple[Column[Any], ...]] = (
    tables.cases.c.subject_key,
    tables.cases.c.phone_key,
    tables.cases.c.account_key,
    tables.received.c.subject_key,
    tables.stop_order.c.account_key,
    tables.case_link.c.key,
    tables.dead_letter.c.event_key,
    tables.submission.c.fingerprint,
    tables.command.c.fingerprint,
)
LONGEST: Final = "30min"


async def count(conn: AsyncConnection) -> int:
    """How many hashes there are."""
    counts = [(await conn.execute(select(func.count(one)))).scalar_one() for one in COLUMNS]
    return sum(counts)


async def newest_with_subject(conn: AsyncConnection, *, limit: int) -> list[Any]:
    """Rows of cases by which one can tell under which keys they are hashed."""
    cases = tables.cases
    known = cases.c.subject_key.is_not(None) & cases.c.wrapped_key.is_not(None)
    question = select(cases).where(known).order_by(cases.c.id.desc()).limit(limit)
    return list(await conn.execute(question))


async def hold(tx: Transaction, *, alone: bool = False) -> None:
    """Until the end of this transaction no index key is laid over anything; `alone`: and none is asked for."""
    if tx.postgres:  # on SQLite whoever writes is alone
        mode = "EXCLUSIVE" if alone else "ROW EXCLUSIVE"
        await tx.conn.exec_driver_sql(f"LOCK TABLE index_print IN {mode} MODE")


async def print_of(conn: AsyncConnection) -> bytes | None:
    """What the keys that everything is hashed by are known by; None where nobody has said it yet."""
    found: bytes | None = (await conn.execute(select(tables.index_print.c.print))).scalar_one_or_none()
    return found


async def mark(tx: Transaction, known_by: bytes) -> None:
    """From now on everything is hashed by the keys that are known by this."""
    row = {"print": known_by, "laid_at": tx.now}
    kept = (postgresql.insert if tx.postgres else sqlite.insert)(tables.index_print).values(id=1, **row)
    await tx.conn.execute(kept.on_conflict_do_update(index_elements=["id"], set_=row))


async def others(conn: AsyncConnection) -> int:
    """How many connections of other processes of ours there are: none may write meanwhile."""
    if conn.dialect.name != "postgresql":
        return 0
    asked = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND application_name LIKE 'quanzu-%' AND application_name <> current_setting('application_name')"
    )
    found: int = (await conn.execute(text(asked))).scalar_one()
    return found


async def lay(tx: Transaction, key: bytes) -> None:
    """Hash every hash once more."""
    if tx.postgres:
        await tx.conn.exec_driver_sql(f"SET LOCAL statement_timeout = '{LONGEST}'")
        await tx.conn.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    for column in COLUMNS:
        await (_in_place(tx, column, key) if tx.postgres else _one_by_one(tx, column, key))


async def _in_place(tx: Transaction, column: Column[Any], key: bytes) -> None:
    """HMAC by its definition (RFC 2104), as long as the hash was."""
    padded = key.ljust(BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in padded) for pad in (0x36, 0x5C))
    name, table = column.name, column.table.name
    statement = (
        f'UPDATE {table} SET "{name}" ='  # noqa: S608 - our own names
        f' substr(sha256(:outer || sha256(:inner || "{name}")), 1, length("{name}")) WHERE "{name}" IS NOT NULL'
    )
    await tx.conn.execute(text(statement), {"inner": inner, "outer": outer})


async def _one_by_one(tx: Transaction, column: Column[Any], key: bytes) -> None:
    over = hmac.new(key, digestmod="sha256")
    found = (await tx.conn.execute(select(column).where(column.is_not(None)).distinct())).scalars().all()
    if found:
        question = update(column.table).where(column == bindparam("old")).values({column.name: bindparam("new")})
        await tx.conn.execute(question, [{"old": one, "new": laid(over, one)} for one in found])
