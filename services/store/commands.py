"""Idempotency keys: which command was done under a key and what it answered. Called with the case locked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from services.domain.case import Case
from services.domain.refusals import KeyReused
from services.domain.states import State
from services.store import tables
from services.store.engine import Transaction

command = tables.command
KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command left behind."""

    state: State
    version: int
    turn: int
    at: datetime


async def answered(tx: Transaction, *, actor: str, key: str, fingerprint: bytes) -> Answer | None:
    """The first answer to this key, or None. Raises KeyReused where the key stood for another command."""
    row = (await tx.conn.execute(select(command).where(command.c.actor == actor, command.c.key == key))).one_or_none()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise KeyReused()
    return Answer(state=row.state, version=row.version, turn=row.turn, at=row.at)


async def turn_after(tx: Transaction, *, actor: str, key: str, case: Case) -> int | None:
    """The turn that this command of theirs left `case` at; None where it was never done, or on another case."""
    named = (command.c.actor == actor, command.c.key == key, command.c.case_id == case.id)
    turn: int | None = (await tx.conn.execute(select(command.c.turn).where(*named))).scalar_one_or_none()
    return turn


async def remember(tx: Transaction, *, actor: str, key: str, fingerprint: bytes, case: Case) -> Answer:
    """Keep the answer that `case` is now; the same key gives it again."""
    answer = Answer(state=case.state, version=case.version, turn=case.turn, at=tx.now)
    await tx.conn.execute(
        insert(command).values(
            actor=actor,
            key=key,
            fingerprint=fingerprint,
            case_id=case.id,
            state=answer.state,
            version=answer.version,
            turn=answer.turn,
            at=answer.at,
        )
    )
    return answer


async def forget_old(tx: Transaction) -> int:
    """Drop the keys that are older than they need to be kept; safe to repeat."""
    return (await tx.conn.execute(delete(command).where(command.c.at < tx.now - KEPT))).rowcount
