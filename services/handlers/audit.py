"""audit: note who read or did what, seal what is settled, verify the chain against its rows and its checkpoints."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.audit import AuditSealed
from schemas.envelope import EventType
from schemas.topics import AUDIT_SEALED
from services.domain.chain import (
    Checkpoint,
    Fault,
    Seal,
    Wrong,
    fault_of_checkpoint,
    fault_of_rows,
    fault_of_seal,
    is_ours,
    seal_rows,
)
from services.store import seals
from services.store.engine import Transaction
from services.store.outbox import Message


async def seal_settled(tx: Transaction, settled: dict[str, int]) -> list[Seal]:
    """Seal the rows up to these ids, at most `seals.AT_ONCE` of each table; returns the seals that were made.

    One process at a time does this (`seals.may_seal`). A crash before the commit leaves the rows to the next round.
    """
    done = await seals.sealed_to(tx.conn)
    last, made = await seals.last(tx.conn), []
    for table, upto in settled.items():
        if upto <= done[table]:
            continue
        columns = seals.columns_of(table)
        rows = await seals.rows(tx.conn, table, columns, after=done[table], last=upto, limit=seals.AT_ONCE)
        if not rows:
            continue  # ids that were given out and rolled back
        full = len(rows) == seals.AT_ONCE
        last = seal_rows(
            last,
            table=table,
            columns=columns,
            after=done[table],
            last=int(rows[-1][0]) if full else upto,
            rows=rows,
            now=tx.now,
        )
        await seals.add(tx, last)
        made.append(last)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """How far the chain reaches, and the first thing that is wrong with it."""

    seals: int
    rows: int
    unsealed: int  # rows newer than the last seal: nothing is said of them
    checkpoints: int
    fault: Fault | None


async def verify(conn: AsyncConnection, checkpoints: Sequence[Checkpoint], *, key: Ed25519PublicKey | None) -> Verified:
    """Recompute every leaf and every seal. Without a key the signatures of the checkpoints are not looked at."""
    before: Seal | None = None
    done: dict[str, int] = {}
    hashes: dict[int, bytes] = {}
    count, fault = 0, None
    async for seal in seals.every(conn):
        fault = fault_of_seal(seal, before) or _gap(seal, done)
        if fault is not None:
            break
        rows = await seals.rows(conn, seal.table, seal.columns, after=seal.after, last=seal.last)
        fault = fault_of_rows(seal, rows)
        if fault is not None:
            break
        before, count = seal, count + len(rows)
        done[seal.table] = seal.last
        hashes[seal.number] = seal.hash
    if fault is None:
        fault = _against(checkpoints, hashes, key)
    return Verified(
        seals=len(hashes),
        rows=count,
        unsealed=await seals.unsealed(conn),
        checkpoints=len(checkpoints),
        fault=fault,
    )


def _gap(seal: Seal, done: dict[str, int]) -> Fault | None:
    """A seal begins where the one before of its table ended."""
    if seal.after == done.get(seal.table, 0):
        return None
    return Fault(wrong=Wrong.SEAL_CHANGED, number=seal.number, table=seal.table)


def _against(checkpoints: Iterable[Checkpoint], hashes: dict[int, bytes], key: Ed25519PublicKey | None) -> Fault | None:
    for checkpoint in sorted(checkpoints, key=lambda one: one.number):
        if key is not None and not is_ours(key, checkpoint):
            return Fault(wrong=Wrong.FORGED, number=checkpoint.number)
        fault = fault_of_checkpoint(checkpoint, last=len(hashes), hashes=hashes)
        if fault is not None:
            return fault
    return None


def told_of(checkpoint: Checkpoint) -> AuditSealed:
    """The checkpoint as the file and the topic have it."""
    return AuditSealed(
        number=checkpoint.number,
        hash=checkpoint.hash.hex(),
        at=checkpoint.at,
        signature=checkpoint.signature.hex(),
    )


def read_checkpoint(line: bytes) -> Checkpoint:
    """One as it stands in the file and on the topic. Raises ValueError."""
    told = AuditSealed.model_validate_json(line)
    return Checkpoint(
        number=told.number, hash=bytes.fromhex(told.hash), at=told.at, signature=bytes.fromhex(told.signature)
    )


def message_of(checkpoint: Checkpoint) -> Message:
    """What leaves for the topic."""
    return Message(
        ce_id=f"seal-{checkpoint.number}",
        ce_type=EventType.AUDIT_SEALED,
        topic=AUDIT_SEALED,
        key="seal",
        value=told_of(checkpoint).model_dump_json().encode(),
    )
