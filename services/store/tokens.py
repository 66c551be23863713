"""Named tokens: who may come in, as what, for which unit. Only a digest is kept; a token is shown once."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.actor import Actor
from services.domain.words import Role
from services.store import ready, tables
from services.store.engine import Transaction
from services.store.signals import Signal

token = tables.token
PREFIX = "qz_"
LIVE_KEYS = 2  # of one source
_GOOD = select(token).where(token.c.digest == bindparam("given"), token.c.revoked_at.is_(None))


class TooManyKeys(ValueError):
    """A source has two live keys already: revoke one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token without its secret, which nobody has."""

    name: str
    role: Role
    unit: str | None
    responder: str | None
    source: str | None
    created_at: datetime
    revoked_at: datetime | None


def digest(secret: str) -> bytes:
    """SHA-256: enough for a random 256-bit secret, and quick enough for every request."""
    return hashlib.sha256(secret.encode()).digest()


async def make(
    tx: Transaction,
    name: str,
    *,
    role: Role,
    unit: str | None = None,
    responder: str | None = None,
    source: str | None = None,
) -> str:
    """A new secret for `name`, replacing an older one of that name. It can't be read again.

    Raises TooManyKeys where a source has two others: one in use and the next are enough to rotate.
    """
    if source is not None:
        held = token.c.name != name, token.c.source == source, token.c.revoked_at.is_(None)
        if (await tx.conn.execute(select(func.count()).select_from(token).where(*held))).scalar_one() >= LIVE_KEYS:
            raise TooManyKeys
    secret = PREFIX + secrets.token_urlsafe(32)
    await tx.conn.execute(delete(token).where(token.c.name == name))
    await tx.conn.execute(
        insert(token).values(
            name=name,
            digest=digest(secret),
            role=role,
            unit=unit,
            responder=responder,
            source=source,
            created_at=tx.now,
        )
    )
    return secret


async def actor_for(conn: AsyncConnection, secret: str) -> Actor | None:
    """Who comes with this secret, or None."""
    row = await ready.one(conn, _GOOD, {"given": digest(secret)})
    if row is None:
        return None
    return Actor(name=row.name, role=row.role, unit=row.unit, responder=row.responder, source=row.source)


async def revoke(tx: Transaction, name: str) -> bool:
    return await revoke_of(tx, token.c.name == name) > 0


async def revoke_of(tx: Transaction, whose: ColumnElement[bool]) -> int:
    """Every token of somebody, device tokens too; how many there were."""
    tx.wake(Signal.ENTRY)
    revoked = await tx.conn.execute(update(token).where(whose, token.c.revoked_at.is_(None)).values(revoked_at=tx.now))
    return revoked.rowcount


async def all_of(conn: AsyncConnection) -> list[Token]:
    """Every token, revoked ones too, by name."""
    wanted = [token.c[name] for name in Token.__dataclass_fields__]
    return [Token(**row._mapping) for row in await conn.execute(select(*wanted).order_by(token.c.name))]
