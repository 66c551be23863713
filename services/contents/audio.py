"""Recordings without their tags: WAV, AMR, Ogg and MP3. The sound itself is copied, not encoded again.

mutagen knows the tags of MP3 and Ogg; WAV and AMR are chunks and frames, of which only the sound's are copied. That
also leaves out whatever is appended to a WAV or an AMR.
"""

import io
import struct
from collections.abc import Iterator

from mutagen import File, FileType, apev2
from mutagen.mp3 import MP3
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis

from services.domain.evidence import Flaw
from services.domain.refusals import BadEvidence

NARROW, WIDE = b"#!AMR\n", b"#!AMR-WB\n"
# Bytes after a frame's first one, by its type; None: no such type (RFC 4867, 3GPP TS 26.101 and 26.201).
NARROW_FRAMES = (12, 13, 15, 17, 19, 20, 26, 31, 5, *(None,) * 6, 0)
WIDE_FRAMES = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, *(None,) * 4, 0, 0)
SOUND = (b"fmt ", b"fact", b"data")


def mp3(sent: bytes) -> bytes:
    """Without ID3 of both kinds and APE."""
    held = io.BytesIO(sent)
    apev2.delete(held)
    held.seek(0)
    MP3(held).delete(held)  # type: ignore[no-untyped-call]  # the library has no type here
    _must_sound(MP3(io.BytesIO(held.getvalue())))  # type: ignore[no-untyped-call]
    return held.getvalue()


def ogg(sent: bytes) -> bytes:
    """Without comments and covers; Vorbis, Opus, Speex or FLAC, never a film."""
    held = io.BytesIO(sent)
    found = File(held, options=[OggVorbis, OggOpus, OggSpeex, OggFLAC])
    if found is None:
        raise BadEvidence(why=Flaw.UNKNOWN_TYPE)
    held.seek(0)
    found.delete(held)
    _must_sound(found)
    return held.getvalue()


def wav(sent: bytes) -> bytes:
    """The format, the count of samples and the samples; no list, no broadcast extension, no ID3."""
    kept = {name: body for name, body in _chunks(sent) if name in SOUND}
    if not kept.get(b"fmt ") or not kept.get(b"data"):
        raise BadEvidence(why=Flaw.BROKEN)
    body = b"".join(_chunk(name, kept[name]) for name in SOUND if name in kept)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def amr(sent: bytes) -> bytes:
    """Every whole frame up to the first byte that begins none."""
    head, sizes = (WIDE, WIDE_FRAMES) if sent.startswith(WIDE) else (NARROW, NARROW_FRAMES)
    at = len(head)
    while at < len(sent):
        size = sizes[sent[at] >> 3 & 0x0F]
        if size is None or sent[at] & 0x83 or at + 1 + size > len(sent):  # these three bits are always 0
            break
        at += 1 + size
    if at == len(head):
        raise BadEvidence(why=Flaw.BROKEN)
    return sent[:at]


def _chunks(sent: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(sent):
        name, size = sent[at : at + 4], struct.unpack_from("<I", sent, at + 4)[0]
        yield name, sent[at + 8 : at + 8 + size]  # a recording that was cut says more than it has
        at += 8 + size + (size & 1)


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def _must_sound(found: FileType) -> None:
    if found.info is None or found.info.length <= 0:
        raise BadEvidence(why=Flaw.BROKEN)
