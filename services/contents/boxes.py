"""Recordings in MP4 (m4a, 3gp): every box that describes is emptied where it lies, so that no sound has to be moved.

What is left says how the sound is coded and when it was recorded. mutagen's own deletion reaches only iTunes' tags;
where a phone was when it recorded is in others.
"""

import io
import struct
from collections.abc import Iterator

from mutagen.mp4 import MP4

from services.domain.evidence import Flaw
from services.domain.refusals import BadEvidence

PICTURES = frozenset({b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"hevx", b"avif", b"avis", b"crx "})
HOLDING = frozenset({b"moov", b"trak", b"mdia", b"moof", b"traf"})
DESCRIBING = frozenset({b"udta", b"meta", b"uuid", b"free", b"skip", b"wide", b"pdin"})
KNOWN = HOLDING | DESCRIBING | {b"ftyp", b"mdat", b"sidx", b"styp", b"mfra", b"prft", b"emsg"}


def m4a(sent: bytes) -> bytes:
    """Same length as what was sent. Raises BadEvidence for a film, and where a box can't be what it says."""
    held = bytearray(sent)
    tracks = [bytes(held[at + 16 : at + 20]) for at in _emptied(held, 0, len(held), top=True)]
    if not tracks or b"vide" in tracks or b"soun" not in tracks:
        raise BadEvidence(why=Flaw.UNKNOWN_TYPE)
    info = MP4(io.BytesIO(bytes(held))).info  # type: ignore[no-untyped-call]  # the library has no type here
    if info is None or not info.codec:
        raise BadEvidence(why=Flaw.BROKEN)
    return bytes(held)


def _emptied(held: bytearray, begin: int, end: int, *, top: bool = False) -> Iterator[int]:
    """Empty what describes, between these places; gives where the handlers of the tracks are."""
    at = begin
    while at < end:
        size, name, head = _box(held, at, end)
        if name in DESCRIBING:
            held[at + 4 : at + 8] = b"free"
            held[at + head : at + size] = bytes(size - head)
        elif name in HOLDING:
            yield from _emptied(held, at + head, at + size)
        elif name == b"hdlr":
            yield at
        elif top and name not in KNOWN:
            raise BadEvidence(why=Flaw.BROKEN)
        at += size


def _box(held: bytearray, at: int, end: int) -> tuple[int, bytes, int]:
    """Size, name, and where the body begins. Raises BadEvidence for one that reaches beyond what holds it."""
    size, name = struct.unpack_from(">I4s", held, at)
    head = 8
    if size == 1:
        size, head = struct.unpack_from(">Q", held, at + 8)[0], 16
    elif size == 0:
        size = end - at
    if size < head or at + size > end:
        raise BadEvidence(why=Flaw.BROKEN)
    return size, name, head
