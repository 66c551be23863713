"""A long content under the key of its case, piece by piece, so that neither sealing nor opening holds all of it.

Each piece is bound to its content, its place in it and whether it is the last: pieces that are changed, swapped, left
out or of another content do not open, and neither does one that was cut.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from uuid import UUID

from services.store.sealing import NONCE_BYTES, CannotOpen, RowKey

PIECE_BYTES = 256 * 1024
TAG_BYTES = 16
SEALED_BYTES = NONCE_BYTES + PIECE_BYTES + TAG_BYTES


def sealed(key: RowKey, plain: bytes, evidence_id: UUID) -> Iterator[bytes]:
    """`plain` in sealed pieces, in order; it must not be empty."""
    last = (len(plain) - 1) // PIECE_BYTES
    view = memoryview(plain)
    for number in range(last + 1):
        piece = bytes(view[number * PIECE_BYTES : (number + 1) * PIECE_BYTES])
        yield key.seal(piece, bound_to=_bound_to(evidence_id, number, last=number == last))


async def opened(key: RowKey, arriving: AsyncIterable[bytes], evidence_id: UUID) -> AsyncIterator[bytes]:
    """The plain pieces of what arrives in pieces of any size. Raises CannotOpen, at the latest at the end."""
    held, number = bytearray(), 0
    async for some in arriving:
        held += some
        while len(held) > SEALED_BYTES:  # one that is exactly full may be the last
            piece = bytes(held[:SEALED_BYTES])
            del held[:SEALED_BYTES]
            yield key.open(piece, bound_to=_bound_to(evidence_id, number, last=False))
            number += 1
    if not held:
        raise CannotOpen
    yield key.open(bytes(held), bound_to=_bound_to(evidence_id, number, last=True))


def _bound_to(evidence_id: UUID, number: int, *, last: bool) -> bytes:
    return b"evidence\x1f" + evidence_id.bytes + number.to_bytes(4, "big") + bytes([last])
