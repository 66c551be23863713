"""Sealing of personal data: AES-256-GCM under a key of each row's own, wrapped by the master key; and blind indexes.

A wrapped key says which master key wrapped it, so that masters can be rotated. Deleting the wrapped key forgets
everything sealed under it. Not secure against whoever holds the master key and the database together.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
KEY_ID_BYTES = 4
INDEX_BYTES = 16


class CannotOpen(ValueError):
    """The sealed value was changed, belongs to another row, or was wrapped by a master key that is not here."""


def key_id(master: bytes) -> bytes:
    return hashlib.sha256(b"quanzu master key" + master).digest()[:KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class RowKey:
    """The open key of one row and its wrapped form, which is stored beside what it seals."""

    wrapped: bytes
    _cipher: AESGCM

    def seal(self, plain: bytes, *, bound_to: bytes) -> bytes:
        """Nonce + ciphertext. `bound_to` names the row and the column: elsewhere the value does not open."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, bound_to)

    def open(self, sealed: bytes, *, bound_to: bytes) -> bytes:
        """Raises CannotOpen."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
        except InvalidTag:
            raise CannotOpen from None


class Sealer:
    """Makes and unwraps row keys. The first master key wraps; the others still unwrap what they wrapped.

    A keyed hash is of `index_key`, and then of each key `over` it in turn: so a key that leaked is made worthless by the
    next without anything having to be opened (`handlers.reindex`).
    """

    def __init__(self, masters: list[bytes], index_key: bytes, *over: bytes) -> None:
        if not masters or any(len(master) != KEY_BYTES for master in (*masters, index_key, *over)):
            raise ValueError(f"keys must have {KEY_BYTES} bytes")
        self._current = key_id(masters[0])
        self._masters: Mapping[bytes, AESGCM] = {key_id(master): AESGCM(master) for master in masters}
        self._wrapper = self._masters[self._current]
        self._index = hmac.new(index_key, digestmod="sha256")
        self._over = [hmac.new(key, digestmod="sha256") for key in over]

    @property
    def current(self) -> bytes:
        """The id of the master key that wraps."""
        return self._current

    @property
    def known(self) -> frozenset[bytes]:
        """The ids of the master keys that are here."""
        return frozenset(self._masters)

    def new_key(self) -> RowKey:
        random = os.urandom(KEY_BYTES + NONCE_BYTES)
        key, nonce = random[:KEY_BYTES], random[KEY_BYTES:]
        return RowKey(self._wrap(key, nonce), AESGCM(key))

    def rewrap(self, wrapped: bytes) -> bytes:
        """The same key, wrapped by the newest master: what is sealed under it stays as it is. Raises CannotOpen."""
        return self._wrap(self._key(wrapped), os.urandom(NONCE_BYTES))

    def unwrap(self, wrapped: bytes) -> RowKey:
        """Raises CannotOpen."""
        return RowKey(wrapped, AESGCM(self._key(wrapped)))

    def _wrap(self, key: bytes, nonce: bytes) -> bytes:
        return self._current + nonce + self._wrapper.encrypt(nonce, key, self._current)

    def _key(self, wrapped: bytes) -> bytes:
        master_id, nonce = wrapped[:KEY_ID_BYTES], wrapped[KEY_ID_BYTES : KEY_ID_BYTES + NONCE_BYTES]
        master = self._masters.get(master_id)
        if master is None:
            raise CannotOpen("wrapped by an unknown master key")
        try:
            return master.decrypt(nonce, wrapped[KEY_ID_BYTES + NONCE_BYTES :], master_id)
        except InvalidTag:
            raise CannotOpen from None

    def fingerprint(self, kind: str, said: bytes) -> bytes:
        """A keyed hash by which the same words are known again, and nobody without the key can guess at them."""
        index = self._index.copy()
        index.update(b"fingerprint\x1f" + kind.encode() + b"\x1f" + said)
        return self._laid_over(index.digest())

    def blind(self, kind: str, value: str) -> bytes:
        """The keyed hash by which an exact value is found again. The same value of another kind hashes differently."""
        index = self._index.copy()  # with the key already in it: half the time of beginning with the key
        index.update(f"{kind}\x1f{value}".encode())
        return self._laid_over(index.digest()[:INDEX_BYTES])

    @property
    def index_print(self) -> bytes:
        """By which these index keys are known again, and not found out."""
        return self.blind("index keys", "")

    def _laid_over(self, hashed: bytes) -> bytes:
        for key in self._over:
            hashed = laid(key, hashed)
        return hashed


def laid(key: hmac.HMAC, hashed: bytes) -> bytes:
    """A keyed hash hashed once more, as long as it was."""
    over = key.copy()
    over.update(hashed)
    return over.digest()[: len(hashed)]
