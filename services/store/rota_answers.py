"""Idempotency keys of commands on the rota: the same command again gets the same answer."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select

from services.domain.refusals import KeyReused
from services.store import tables
from services.store.engine import Transaction

answers = tables.rota_answer
KEPT = timedelta(days=7)


async def answered(tx: Transaction, *, actor: str, key: str, fingerprint: bytes) -> dict[str, Any] | None:
    """The first answer to this key, or None. Raises KeyReused where the key stood for another command."""
    found = select(answers).where(answers.c.actor == actor, answers.c.key == key)
    row = (await tx.conn.execute(found)).one_or_none()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise KeyReused()
    answer: dict[str, Any] = row.answer
    return answer


async def remember(tx: Transaction, *, actor: str, key: str, fingerprint: bytes, answer: dict[str, Any]) -> None:
    await tx.conn.execute(
        insert(answers).values(actor=actor, key=key, fingerprint=fingerprint, answer=answer, at=tx.now)
    )


async def forget_old(tx: Transaction) -> int:
    """Drop the keys that are older than they need to be kept; safe to repeat."""
    return (await tx.conn.execute(delete(answers).where(answers.c.at < tx.now - KEPT))).rowcount
