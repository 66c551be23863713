"""The audit chain: the leaf of a row, the seal of a run of rows, the checkpoint of a seal; and what is wrong with them.

A seal holds a leaf for each row, so that the first bad row has a name; and the hash of the seal before, so that no seal
can be changed alone. Who changes rows and all their seals is found by a signed checkpoint that is kept elsewhere. No I/O.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.domain.value import replace, value

DIGEST_BYTES: Final = 16  # of a leaf: to find another row with the same one is out of reach
ID_BYTES: Final = 8
LEAF_BYTES: Final = ID_BYTES + DIGEST_BYTES
START: Final = b"\0" * 32  # what the first seal follows

Row = Sequence[Any]  # its id first, then the other columns, as the database's driver gives them


@value
class Seal:
    """The rows of one table with ids in (after, last]; `leaves` are theirs, in the order of their ids."""

    number: int  # 1, 2, 3 … over all tables
    table: str
    columns: tuple[str, ...]  # what a leaf is made of: a column that is added later changes no old leaf
    after: int
    last: int
    leaves: bytes
    sealed_at: datetime
    previous: bytes
    hash: bytes


@value
class Checkpoint:
    """One seal's number and hash, signed. Kept outside the database."""

    number: int
    hash: bytes
    at: datetime
    signature: bytes


class Wrong(StrEnum):
    """What can be wrong. The first five name a row, the others a seal or a checkpoint."""

    EDITED = "EDITED"
    DELETED = "DELETED"
    INSERTED = "INSERTED"
    SEAL_CHANGED = "SEAL_CHANGED"
    SEAL_MISSING = "SEAL_MISSING"
    REWRITTEN = "REWRITTEN"  # rows and seals agree, but not with a checkpoint
    CUT = "CUT"  # a checkpoint knows of a later seal: the end was cut off, or an old copy restored
    FORGED = "FORGED"  # a checkpoint that our key has not signed


@value
class Fault:
    """The first thing that is wrong. `row` is of `table`; without one the whole seal `number` is meant."""

    wrong: Wrong
    number: int
    table: str | None = None
    row: int | None = None


def leaf_of(row: Row) -> bytes:
    """The id, and a hash over the stored bytes of all columns."""
    number = int(row[0])
    digest = hashlib.sha256(orjson.dumps(tuple(row), default=_plain, option=orjson.OPT_UTC_Z)).digest()
    return number.to_bytes(ID_BYTES) + digest[:DIGEST_BYTES]


def _plain(stored: Any) -> str:
    if isinstance(stored, bytes | bytearray | memoryview):
        return bytes(stored).hex()
    if isinstance(stored, UUID):  # the driver's own kind of it
        return stored.hex
    raise TypeError(type(stored).__name__)


def seal_rows(
    previous: Seal | None,
    *,
    table: str,
    columns: Sequence[str],
    after: int,
    last: int,
    rows: Sequence[Row],
    now: datetime,
) -> Seal:
    """The seal that follows `previous`, of these rows in the order of their ids."""
    seal = Seal(
        number=1 if previous is None else previous.number + 1,
        table=table,
        columns=tuple(columns),
        after=after,
        last=last,
        leaves=b"".join(map(leaf_of, rows)),
        sealed_at=now,
        previous=START if previous is None else previous.hash,
        hash=b"",
    )
    return replace(seal, hash=hash_of(seal))


def hash_of(seal: Seal) -> bytes:
    """SHA-256 over the hash of the seal before and everything this one says."""
    says = [seal.number, seal.table, seal.columns, seal.after, seal.last, seal.sealed_at.astimezone(UTC)]
    return hashlib.sha256(seal.previous + orjson.dumps(says) + seal.leaves).digest()


def fault_of_seal(seal: Seal, before: Seal | None) -> Fault | None:
    """Whether this seal follows the one before, and is as it was made."""
    if seal.number != (1 if before is None else before.number + 1):
        return Fault(wrong=Wrong.SEAL_MISSING, number=seal.number - 1)
    if seal.previous != (START if before is None else before.hash) or seal.hash != hash_of(seal):
        return Fault(wrong=Wrong.SEAL_CHANGED, number=seal.number)
    return None


def fault_of_rows(seal: Seal, rows: Sequence[Row]) -> Fault | None:
    """The first of the rows in (after, last], in the order of their ids, that is not as it was sealed."""
    found = b"".join(map(leaf_of, rows))
    if found == seal.leaves:
        return None
    for at in range(0, max(len(found), len(seal.leaves)), LEAF_BYTES):
        is_, was = found[at : at + LEAF_BYTES], seal.leaves[at : at + LEAF_BYTES]
        if is_ != was:
            return _fault_at(seal, is_, was)
    raise AssertionError("two runs of leaves that differ, differ somewhere")


def _fault_at(seal: Seal, is_: bytes, was: bytes) -> Fault:
    here = int.from_bytes(is_[:ID_BYTES]) if is_ else None
    sealed = int.from_bytes(was[:ID_BYTES]) if was else None
    if here == sealed:
        wrong, row = Wrong.EDITED, here
    elif here is None or (sealed is not None and sealed < here):
        wrong, row = Wrong.DELETED, sealed
    else:
        wrong, row = Wrong.INSERTED, here
    return Fault(wrong=wrong, number=seal.number, table=seal.table, row=row)


def sign(key: Ed25519PrivateKey, seal: Seal, *, now: datetime) -> Checkpoint:
    return Checkpoint(
        number=seal.number, hash=seal.hash, at=now, signature=key.sign(_signed(seal.number, seal.hash, now))
    )


def is_ours(key: Ed25519PublicKey, checkpoint: Checkpoint) -> bool:
    try:
        key.verify(checkpoint.signature, _signed(checkpoint.number, checkpoint.hash, checkpoint.at))
    except InvalidSignature:
        return False
    return True


def _signed(number: int, hash: bytes, at: datetime) -> bytes:  # noqa: A002 - the field's own word
    return orjson.dumps(["quanzu checkpoint", number, hash.hex(), at.astimezone(UTC)])


def fault_of_checkpoint(checkpoint: Checkpoint, *, last: int, hashes: dict[int, bytes]) -> Fault | None:
    """Whether the chain, which ends with seal `last`, is the one that was signed. `hashes` are of the seals by number."""
    if checkpoint.number > last:
        return Fault(wrong=Wrong.CUT, number=last + 1)
    if hashes.get(checkpoint.number) != checkpoint.hash:
        return Fault(wrong=Wrong.REWRITTEN, number=checkpoint.number)
    return None
