"""What was sent becomes evidence: its type told by content, read to its end, rid of everything that is not its content.

A name or a type that the sender claims is never asked. Pictures are made anew from their pixels; recordings and PDFs
lose, without loss, what says who, where and with what (images.py, audio.py, boxes.py, documents.py).
"""

from collections.abc import Callable
from dataclasses import dataclass

from services.contents import audio, boxes, documents, images
from services.domain.evidence import Flaw, MediaType
from services.domain.refusals import BadEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    media_type: MediaType
    content: bytes


def media_type_of(sent: bytes) -> MediaType:
    """By the first bytes; whether the rest keeps their word is for who reads it. Raises BadEvidence."""
    if not sent:
        raise BadEvidence(why=Flaw.EMPTY)
    for media_type, begins in BEGINS.items():
        if begins(sent):
            return media_type
    raise BadEvidence(why=Flaw.UNKNOWN_TYPE)


def cleaned(sent: bytes, media_type: MediaType, *, most_pixels: int) -> Cleaned:
    """Takes long for a large picture: call it in a thread. Raises BadEvidence."""
    try:
        content = (
            images.made_anew(sent, media_type, most_pixels=most_pixels)
            if media_type in images.FORMATS
            else STRIPPED[media_type](sent)
        )
    except BadEvidence:
        raise
    except Exception as error:  # whatever a reader raises on bytes that mean it harm, or are cut
        raise BadEvidence(why=Flaw.BROKEN) from error
    if not content:
        raise BadEvidence(why=Flaw.BROKEN)
    return Cleaned(media_type=media_type, content=content)


def _is_mp3(sent: bytes) -> bool:
    return sent.startswith(b"ID3") or (sent[0] == 0xFF and len(sent) > 1 and sent[1] & 0xE6 == 0xE2)


M = MediaType
BEGINS: dict[MediaType, Callable[[bytes], bool]] = {
    M.JPEG: lambda sent: sent.startswith(b"\xff\xd8\xff"),
    M.PNG: lambda sent: sent.startswith(b"\x89PNG\r\n\x1a\n"),
    M.WEBP: lambda sent: sent.startswith(b"RIFF") and sent[8:12] == b"WEBP",
    M.WAV: lambda sent: sent.startswith(b"RIFF") and sent[8:12] == b"WAVE",
    M.OGG: lambda sent: sent.startswith(b"OggS"),
    M.AMR: lambda sent: sent.startswith((audio.NARROW, audio.WIDE)),
    M.PDF: lambda sent: sent.startswith(b"%PDF-"),
    M.M4A: lambda sent: sent[4:8] == b"ftyp" and sent[8:12] not in boxes.PICTURES,
    M.MP3: _is_mp3,
}
STRIPPED: dict[MediaType, Callable[[bytes], bytes]] = {
    M.WAV: audio.wav,
    M.OGG: audio.ogg,
    M.AMR: audio.amr,
    M.MP3: audio.mp3,
    M.M4A: boxes.m4a,
    M.PDF: documents.pdf,
}
