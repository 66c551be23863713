"""Pictures: decoded whole and encoded anew, so that nothing but the pixels survives. Pillow does the work.

No EXIF, GPS, XMP, comment, thumbnail, colour profile or appended byte is kept; the picture is turned as its EXIF said.
A JPEG is encoded with the tables it came with and so loses next to nothing, a WebP at quality 95, a PNG loses nothing.
Of several pictures the first is kept.
"""

import contextlib
import io
from typing import Any

from PIL import Image, ImageOps, JpegImagePlugin

from services.domain.evidence import Flaw, MediaType
from services.domain.refusals import BadEvidence

FORMATS = {MediaType.JPEG: "JPEG", MediaType.PNG: "PNG", MediaType.WEBP: "WEBP"}
PLAIN_MODES = {
    MediaType.JPEG: frozenset({"L", "RGB"}),
    MediaType.PNG: frozenset({"1", "L", "LA", "RGB", "RGBA", "I;16"}),
    MediaType.WEBP: frozenset({"RGB", "RGBA"}),
}
ALPHA = frozenset({"P", "PA", "LA", "RGBA"})


def made_anew(sent: bytes, media_type: MediaType, *, most_pixels: int) -> bytes:
    """Raises BadEvidence, or whatever Pillow raises on a broken file."""
    try:
        image: Image.Image = Image.open(io.BytesIO(sent), formats=(FORMATS[media_type],))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadEvidence(why=Flaw.TOO_MANY_PIXELS) from None
    if image.width * image.height > most_pixels:  # only the header has been read
        raise BadEvidence(why=Flaw.TOO_MANY_PIXELS)
    image.load()
    how = _how(image, media_type)
    _turn(image)
    plain = _plain(image, media_type)
    plain.info = {}  # what is kept there would be written again
    out = io.BytesIO()
    plain.save(out, FORMATS[media_type], **how)
    return out.getvalue()


def _how(image: Image.Image, media_type: MediaType) -> dict[str, Any]:
    if media_type is not MediaType.JPEG or not isinstance(image, JpegImagePlugin.JpegImageFile):
        return {"quality": 95} if media_type is not MediaType.PNG else {}
    if image.mode not in PLAIN_MODES[media_type]:  # its tables are for other colours
        return {"quality": 95}
    return {"qtables": image.quantization, "subsampling": JpegImagePlugin.get_sampling(image)}


def _turn(image: Image.Image) -> None:
    """In its place: a second copy of a large picture is as large."""
    with contextlib.suppress(Exception):  # broken EXIF is no reason to lose a photo
        ImageOps.exif_transpose(image, in_place=True)


def _plain(image: Image.Image, media_type: MediaType) -> Image.Image:
    if image.mode in PLAIN_MODES[media_type]:
        return image
    alpha = image.mode in ALPHA and media_type is not MediaType.JPEG
    return image.convert("RGBA" if alpha else "RGB")
