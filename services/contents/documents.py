"""PDFs: written anew by pikepdf without what describes them; refused where they run something or carry other files.

Gone: the information dictionary, XMP of the document and of each part, private data of programs, earlier versions, and
the EXIF of photos inside. Not gone: what is on the pages.
"""

import io
from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from services.domain.evidence import Flaw
from services.domain.refusals import BadEvidence

ACTIVE = ("/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/AF", "/XFA", "/RichMediaContent")
ACTIVE_KINDS = ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/Rendition", "/Movie", "/Sound")
DESCRIBING = ("/Metadata", "/PieceInfo", "/LastModified", "/OpenAction", "/AA", "/Thumb")
STRUCTURE = frozenset({"/Root", "/Size", "/ID"})
MOST_DEEP = 50
EXIF_OR_SO = frozenset({0xE1, *range(0xE3, 0xEE), 0xEF, 0xFE})  # all but JFIF, colour profile and Adobe's transform


def pdf(sent: bytes) -> bytes:
    """Raises BadEvidence, or whatever pikepdf raises on a broken file."""
    try:
        opened = pikepdf.open(io.BytesIO(sent), attempt_recovery=False)  # half a commitment is none
    except pikepdf.PasswordError:
        raise BadEvidence(why=Flaw.ENCRYPTED) from None
    with opened:
        if opened.is_encrypted:
            raise BadEvidence(why=Flaw.ENCRYPTED)
        if not len(opened.pages):
            raise BadEvidence(why=Flaw.BROKEN)
        found = list(_dictionaries(opened))
        for one in found:
            _must_be_still(one)
        for one in found:
            _strip(one)
        for name in set(opened.trailer.keys()) - STRUCTURE:
            del opened.trailer[name]
        out = io.BytesIO()
        opened.save(out, static_id=True)
    return out.getvalue()


def _dictionaries(opened: Pdf) -> Iterator[Any]:
    """Every dictionary and stream, the direct ones inside others too."""
    for one in opened.objects:
        yield from _within(one, 0)


def _within(one: Any, deep: int) -> Iterator[Any]:
    if deep > MOST_DEEP:
        raise BadEvidence(why=Flaw.BROKEN)
    if isinstance(one, Dictionary | Stream):
        yield one
        inner = [value for _, value in one.items()]
    elif isinstance(one, Array):
        inner = list(one)
    else:
        return
    for value in inner:
        if not getattr(value, "is_indirect", True):  # numbers and the like are no objects
            yield from _within(value, deep + 1)


def _must_be_still(one: Any) -> None:
    if any(name in one for name in ACTIVE) or str(one.get("/S", "")) in ACTIVE_KINDS:
        raise BadEvidence(why=Flaw.ACTIVE)


def _strip(one: Any) -> None:
    for name in DESCRIBING:
        if name in one:
            del one[name]
    if isinstance(one, Stream) and _filters(one) == ["/DCTDecode"]:
        how: Any = one.get("/DecodeParms")
        one.write(jpeg_without_exif(one.read_raw_bytes()), filter=Name.DCTDecode, decode_parms=how)


def _filters(one: Any) -> list[str]:
    found = one.get("/Filter")
    return [] if found is None else [str(name) for name in found] if isinstance(found, Array) else [str(found)]


def jpeg_without_exif(jpeg: bytes) -> bytes:
    """The same picture to the bit: only the segments before its data that describe it are left out."""
    if not jpeg.startswith(b"\xff\xd8"):
        raise BadEvidence(why=Flaw.BROKEN)
    kept, at = [jpeg[:2]], 2
    while jpeg[at] == 0xFF and jpeg[at + 1] != 0xDA:
        size = 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] not in EXIF_OR_SO:
            kept.append(jpeg[at : at + size])
        at += size
    return b"".join((*kept, jpeg[at:]))
