"""Idempotency keys: which command was done under a key and what it answered. Called with the case locked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from services.domain.case import Case
from services.domain.refusals import KeyReused
from services.domain.states import State
from services.store import tables
from services.store.engine import Transaction

command = tables.command
KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command left behind."""

    state: State
    version: int
    turn: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept(Answer):
    """It, and by which the same command is known."""

    fingerprint: bytes

    def answer_to(self, fingerprint: bytes) -> Answer:
        """The first answer. Raises KeyReused where the key stood for another command."""
        if self.fingerprint != fingerprint:
            raise KeyReused()
        return Answer(state=self.state, version=self.version, turn=self.turn, at=self.at)


KEPT = ("state", "version", "turn", "at", "fingerprint")


async def find(tx: Transaction, *, actor: str, key: str) -> Kept | None:
    """What was done under this key, or None."""
    question = select(*(command.c[name] for name in KEPT)).where(command.c.actor == actor, command.c.key == key)
    row = (await tx.conn.execute(question)).one_or_none()
    return None if row is None else Kept(**row._mapping)


async def answered(tx: Transaction, *, actor: str, key: str, fingerprint: bytes) -> Answer | None:
    """The first answer to this key, or None. Raises KeyReused where the key stood for another command."""
    kept = await find(tx, actor=actor, key=key)
    return None if kept is None else kept.answer_to(fingerprint)


async def turn_after(tx: Transaction, *, actor: str, key: str, case: Case) -> int | None:
    """The turn that this command of theirs left `case` at; None where it was never done, or on another case."""
    named = (command.c.actor == actor, command.c.key == key, command.c.case_id == case.id)
    turn: int | None = (await tx.conn.execute(select(command.c.turn).where(*named))).scalar_one_or_none()
    return turn


def row_of(answer: Answer, *, actor: str, key: str, fingerprint: bytes, case: int) -> Mapping[str, Any]:
    """The row that keeps an answer, for whoever writes it with the change: the same key gives it again."""
    return {
        "actor": actor,
        "key": key,
        "fingerprint": fingerprint,
        "case_id": case,
        "state": answer.state,
        "version": answer.version,
        "turn": answer.turn,
        "at": answer.at,
    }


def is_taken(error: IntegrityError) -> bool:
    """Whether it was a key that somebody has used, and nothing else."""
    said = str(error.orig)
    return "command_pkey" in said or "command.actor" in said


async def forget_old(tx: Transaction) -> int:
    """Drop the keys that are older than they need to be kept; safe to repeat."""
    return (await tx.conn.execute(delete(command).where(command.c.at < tx.now - KEPT_FOR))).rowcount
