"""Published policies. A version never changes, so one that was read once is kept."""

import json
from datetime import datetime
from importlib.resources import files
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.policy import Policy, policy_from
from services.store import tables
from services.store.engine import Transaction

policy = tables.policy


class UnknownPolicy(LookupError):
    """A case names a policy version that is not there."""


class Policies:
    """The policies of one database, each read at most once."""

    def __init__(self) -> None:
        self._read: dict[int, Policy] = {}

    async def version(self, conn: AsyncConnection, version: int) -> Policy:
        """Raises UnknownPolicy."""
        if version not in self._read:
            document = (await conn.execute(select(policy.c.document).where(policy.c.version == version))).scalar()
            if document is None:
                raise UnknownPolicy(version)
            self._read[version] = policy_from(version, complete(document))
        return self._read[version]

    async def newest(self, conn: AsyncConnection) -> Policy:
        """The policy under which a case opens now. Raises UnknownPolicy where none was ever published."""
        version = (await conn.execute(select(func.max(policy.c.version)))).scalar()
        if version is None:
            raise UnknownPolicy("none published")
        return await self.version(conn, version)


def default_document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(files("services.store").joinpath("defaults/policy.json").read_text("utf-8"))
    return document


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the default of every section that it says nothing about, as one of an older release does."""
    return default_document() | document


async def publish(tx: Transaction, document: dict[str, Any], *, by: str, note: str, at: datetime) -> int:
    """Store a new version and return its number. Raises BadPolicy."""
    newest = (await tx.conn.execute(select(func.max(policy.c.version)))).scalar()
    version: int = (newest or 0) + 1
    policy_from(version, document)
    await tx.conn.execute(
        insert(policy).values(version=version, document=document, published_at=at, published_by=by, note=note)
    )
    return version
