"""Policies: drafts and published ones. A version's document never changes, so one that was read once is kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

from sqlalchemy import Row, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.policy import Policy, policy_from
from services.domain.states import TimerKind
from services.store import ready, tables
from services.store.engine import Transaction

policy = tables.policy
# Sections that have grown: every word of one, or these.
FILLED: Mapping[str, tuple[str, ...] | None] = {
    "notices": None,
    "escalation": ("late_after_min",),
    "repeats": ("attach_within_h",),
}
IN_FORCE = (
    select(policy.c.version)
    .where(policy.c.published_at.is_not(None))
    .order_by(policy.c.published_at.desc(), policy.c.version.desc())
    .limit(1)
)
# A draft that was deleted leaves its number behind, with neither time: no other version is ever taken for it.
IS_THERE = or_(policy.c.drafted_at.is_not(None), policy.c.published_at.is_not(None))

ADDED = (TimerKind.VISIT.value, TimerKind.SECOND_ACK.value)  # limits that an older release's document has not


class UnknownPolicy(LookupError):
    """A case names a policy version that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A version as it is kept."""

    version: int
    document: dict[str, Any]
    drafted_at: datetime | None
    drafted_by: str | None
    published_at: datetime | None
    published_by: str | None
    note: str | None


class Policies:
    """The policies of one database, each read at most once."""

    def __init__(self) -> None:
        self._read: dict[int, Policy] = {}

    async def version(self, conn: AsyncConnection, version: int) -> Policy:
        """Raises UnknownPolicy."""
        if version not in self._read:
            asked = select(policy.c.document).where(policy.c.version == version, IS_THERE)
            document = (await conn.execute(asked)).scalar()
            if document is None:
                raise UnknownPolicy(version)
            self._read[version] = policy_from(version, complete(document))
        return self._read[version]

    async def newest(self, conn: AsyncConnection) -> Policy:
        """The policy under which a case opens now: the one published last. Raises UnknownPolicy where none ever was."""
        version = await in_force(conn)
        if version is None:
            raise UnknownPolicy("none published")
        return await self.version(conn, version)


async def in_force(conn: AsyncConnection) -> int | None:
    """The version that was published last."""
    found = await ready.one(conn, IN_FORCE, {})
    return None if found is None else found.version


async def find(conn: AsyncConnection, version: int) -> Kept | None:
    """The version; None where there is none, or none any more."""
    row = (await conn.execute(select(policy).where(policy.c.version == version, IS_THERE))).one_or_none()
    return None if row is None else _kept(row)


async def history(conn: AsyncConnection) -> list[Kept]:
    """Every version, the newest first."""
    return [_kept(row) for row in await conn.execute(select(policy).where(IS_THERE).order_by(policy.c.version.desc()))]


def _kept(row: Row[Any]) -> Kept:
    return Kept(**row._mapping)


def default_document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(files("services.store").joinpath("defaults/policy.json").read_text("utf-8"))
    return document


def complete(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the default of every section, and of each newer word, that it says nothing about, as one of an
    older release does.
    """
    default = default_document()
    whole = default | dict(document)
    for section, words in FILLED.items():
        if isinstance(whole[section], Mapping):
            known = default[section] if words is None else {word: default[section][word] for word in words}
            whole[section] = known | dict(whole[section])
    return _with_added_limits(whole)


def _with_added_limits(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the default of the limits that came after the first release; wrong words stay, to be named."""
    limits, default = document["limits_min"], default_document()["limits_min"]
    if not isinstance(limits, Mapping):
        return document
    filled = {
        risk: {kind: default[risk][kind] for kind in ADDED} | dict(said)
        if risk in default and isinstance(said, Mapping)
        else said
        for risk, said in limits.items()
    }
    return document | {"limits_min": filled}


async def draft(tx: Transaction, document: Mapping[str, Any], *, by: str) -> int:
    """Keep a document as a draft, complete, and return its version; the same draft of the same author again is one.

    Raises BadPolicy.
    """
    whole = complete(document)
    policy_from(0, whole)
    last = await lock(tx)
    if last is not None and last.published_at is None and (last.document, last.drafted_by) == (whole, by):
        return last.version
    version = 1 if last is None else last.version + 1
    await tx.conn.execute(insert(policy).values(version=version, document=whole, drafted_at=tx.now, drafted_by=by))
    return version


async def lock(tx: Transaction) -> Kept | None:
    """Nobody else adds, publishes or deletes until the transaction ends; readers go on. Returns the newest version,
    a deleted one too.
    """
    if tx.postgres:
        await tx.conn.execute(text("LOCK TABLE policy IN EXCLUSIVE MODE"))
    row = (await tx.conn.execute(select(policy).order_by(policy.c.version.desc()).limit(1))).one_or_none()
    return None if row is None else _kept(row)


async def put_in_force(tx: Transaction, version: int, *, by: str, note: str) -> bool:
    """Publish a draft; False where there is no draft of that version."""
    await lock(tx)
    done = await tx.conn.execute(
        update(policy)
        .where(policy.c.version == version, policy.c.published_at.is_(None), IS_THERE)
        .values(published_at=tx.now, published_by=by, note=note)
    )
    return done.rowcount == 1


async def delete_draft(tx: Transaction, version: int) -> None:
    """Empty a draft for good. What is published, or not there, stays as it is."""
    await tx.conn.execute(
        update(policy)
        .where(policy.c.version == version, policy.c.published_at.is_(None))
        .values(document={}, drafted_at=None, drafted_by=None)
    )


async def publish(tx: Transaction, document: dict[str, Any], *, by: str, note: str, at: datetime) -> int:
    """Store a document as published at once, as a new installation does, and return its version. Raises BadPolicy."""
    newest = (await tx.conn.execute(select(func.max(policy.c.version)))).scalar()
    version: int = (newest or 0) + 1
    policy_from(version, complete(document))
    await tx.conn.execute(
        insert(policy).values(version=version, document=document, published_at=at, published_by=by, note=note)
    )
    return version
