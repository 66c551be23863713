"""Policies: a draft is kept, published or deleted. What is published is in force for every case that opens from then on."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.domain.actor import Actor
from services.domain.policy import Policy, StageSum, policy_from, stage_sums
from services.domain.policy_fault import BadPolicy, PolicyFault
from services.domain.policy_keys import LIMITED
from services.domain.preview import Counts
from services.domain.refusals import AlreadyPublished, NotAllowed, PolicyNotFound
from services.domain.words import Risk, Role
from services.handlers import policy_yaml
from services.handlers.seen import must_be
from services.store import audit, past_cases, policies
from services.store.engine import Transaction
from services.store.policies import Kept

DRAFTING = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR})
PUBLISHING = frozenset({Role.SUPERVISOR})
MONTH = timedelta(days=30)


def read_yaml(text: str) -> Mapping[str, Any]:
    """The document of a file, found to be a policy. Raises BadPolicy, each fault with its line."""
    document, lines = policy_yaml.read(text)
    try:
        policy_from(0, policies.complete(document) if isinstance(document, Mapping) else document)
    except BadPolicy as bad:
        raise BadPolicy(*policy_yaml.with_lines(bad.faults, lines)) from None
    found: Mapping[str, Any] = document
    return found


def check_yaml(text: str) -> tuple[tuple[PolicyFault, ...], list[StageSum]]:
    """What is wrong with a file, and the sums of what can be read of it. Keeps nothing."""
    try:
        document, _ = policy_yaml.read(text)
    except BadPolicy as bad:
        return bad.faults, []
    sums = stage_sums(policies.complete(document) if isinstance(document, Mapping) else document)
    try:
        read_yaml(text)
    except BadPolicy as bad:
        return bad.faults, sums
    return (), sums


async def keep_draft(tx: Transaction, document: Mapping[str, Any], *, by: Actor) -> Kept:
    """Keep a document as the next version. The same again, while it is the newest and a draft, is the same version.

    Raises NotAllowed or BadPolicy.
    """
    if by.role not in DRAFTING:
        raise NotAllowed(role=by.role)
    version = await policies.draft(tx, document, by=by.name)
    await audit.add(tx, [audit.line("POLICY_DRAFTED", at=tx.now, by=by, about="policy", key=version)])
    return await _kept(tx, version)


async def publish(tx: Transaction, version: int, *, by: Actor, note: str, seen: str | None = None) -> Kept:
    """Put a draft in force; open cases keep the policy they were opened under. By the same person again it stays done.

    `seen` is the tag of the version as last seen. Raises NotAllowed, PolicyNotFound, AlreadyPublished or StaleRow.
    """
    if by.role not in PUBLISHING:
        raise NotAllowed(role=by.role)
    if seen is not None:
        await policies.lock(tx)
        before = await _kept(tx, version)
        if before.published_at is None:
            must_be(seen, before)
    done = await policies.put_in_force(tx, version, by=by.name, note=note)
    kept = await _kept(tx, version)
    if done:
        told = audit.line("POLICY_PUBLISHED", at=tx.now, by=by, about="policy", key=version, detail={"note": note})
        await audit.add(tx, [told])
    elif (kept.published_by, kept.note) != (by.name, note):
        raise AlreadyPublished(holder=kept.published_by)
    return kept


async def delete(tx: Transaction, version: int, *, by: Actor, seen: str | None = None) -> Kept:
    """Delete a draft for good and return what it was; its number is not given again.

    `seen` is the tag of the draft as last seen. Raises NotAllowed, PolicyNotFound, AlreadyPublished or StaleRow.
    """
    if by.role not in DRAFTING:
        raise NotAllowed(role=by.role)
    await policies.lock(tx)
    found = await policies.find(tx.conn, version)
    if found is not None and found.published_at is not None:
        raise AlreadyPublished(holder=found.published_by)
    must_be(seen, found)
    if found is None:
        raise PolicyNotFound()
    await policies.delete_draft(tx, version)
    await audit.add(tx, [audit.line("POLICY_DELETED", at=tx.now, by=by, about="policy", key=version)])
    return found


async def _kept(tx: Transaction, version: int) -> Kept:
    found = await policies.find(tx.conn, version)
    if found is None:
        raise PolicyNotFound()
    return found


async def preview(conn: AsyncConnection, policy: Policy, *, now: datetime) -> Counts:
    """What would have breached under `policy` among the cases of the last month, as of `now`. Writes nothing."""
    counts = Counts()
    async for pasts in past_cases.since(conn, now - MONTH):
        counts.add(pasts, policy, now)
    return counts


def told(counts: Counts) -> list[dict[str, Any]]:
    """The counts as rows, by risk and stage; what never ran is left out."""
    return [
        {
            "risk": risk,
            "stage": kind,
            "limits": counts.limits[risk, kind],
            "breached_old": counts.old[risk, kind],
            "breached_new": counts.new[risk, kind],
        }
        for risk in Risk
        for kind in LIMITED
        if counts.limits[risk, kind]
    ]
