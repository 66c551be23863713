"""Made-up files that somebody might send as evidence. What must not be kept of them says SECRET."""

import io
import struct
import wave
import zlib
from typing import Any

import pikepdf
from mutagen.id3 import ID3, TIT2
from mutagen.ogg import OggPage
from PIL import Image
from PIL.PngImagePlugin import PngInfo

SECRET = b"SECRET"
SCRIPT = b"<?php SECRET(); ?><script>SECRET()</script>"
SIZE = (64, 48)
FRAME = b"\xff\xfb\x90\x00" + bytes(413)  # of an MP3, silent
AMR = b"#!AMR\n" + (b"\x3c" + bytes(31)) * 5


def picture() -> Image.Image:
    return Image.linear_gradient("L").resize(SIZE).convert("RGB")


def exif(*, turned: bool = True) -> Image.Exif:
    """With a maker, a place and, if `turned`, the word that the camera was held upright."""
    made = Image.Exif()
    made[0x010F] = "SECRET maker"
    made[0x0112] = 6 if turned else 1
    place = made.get_ifd(0x8825)
    place[1], place[2], place[29] = "N", (19.0, 20.0, 30.0), "SECRET date"
    return made


def jpeg(*, turned: bool = True) -> bytes:
    out = io.BytesIO()
    picture().save(out, "JPEG", exif=exif(turned=turned), comment=b"SECRET comment")
    return out.getvalue()


def png() -> bytes:
    words = PngInfo()
    words.add_text("Author", "SECRET")
    out = io.BytesIO()
    picture().save(out, "PNG", pnginfo=words, exif=exif())
    return out.getvalue()


def webp() -> bytes:
    out = io.BytesIO()
    picture().save(out, "WEBP", exif=exif(), xmp=b"<x>SECRET</x>")
    return out.getvalue()


def bomb() -> bytes:
    """A kilobyte that says it is 60,000 pixels wide and high."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def wav(*, told: bool = True) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(8000)
        made.writeframes(bytes(800))
    return out.getvalue() + (b"LIST" + struct.pack("<I", 10) + b"INFOSECRET" if told else b"")


def mp3() -> bytes:
    out, tags = io.BytesIO(FRAME * 20), ID3()
    tags.add(TIT2(encoding=3, text="SECRET"))
    tags.save(out, v1=2)
    return out.getvalue()


def opus() -> bytes:
    """Head, comments and one silent packet, a page each."""
    head = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 312, 48_000, 0, 0)
    comment = b"PLACE=SECRET"
    tags = b"OpusTags" + struct.pack("<I", 4) + b"test" + struct.pack("<II", 1, len(comment)) + comment
    out = b""
    for number, packet in enumerate((head, tags, b"\xf8\xff\xfe")):
        page: Any = OggPage()
        page.packets, page.sequence, page.serial = [packet], number, 7
        page.first, page.last, page.position = number == 0, number == 2, 960 if number == 2 else 0
        out += page.write()
    return out


def box(name: bytes, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I", 8 + len(body)) + name + body


def m4a(*, handler: bytes = b"soun") -> bytes:
    """As a phone records: one track, and where it was in three places."""
    place = box(b"udta", box(b"\xa9xyz", struct.pack(">HH", 18, 0), b"+19.3+131.2 SECRET"))
    rate = struct.pack(">I", 8000 << 16)
    sound = box(b"samr", bytes(6), b"\0\1", bytes(8), b"\0\2\0\x10", bytes(4), rate, box(b"damr", bytes(9)))
    table = box(b"stbl", box(b"stsd", bytes(4), struct.pack(">I", 1), sound))
    spoken = box(b"hdlr", bytes(8), handler, bytes(12), b"\0")
    length = box(b"mdhd", bytes(12), struct.pack(">II", 8000, 16_000), bytes(4))
    media = box(b"mdia", length, spoken, box(b"minf", table))
    track = box(b"trak", box(b"tkhd", bytes(84)), media, place)
    whole = box(b"mvhd", bytes(12), struct.pack(">II", 1000, 2000), bytes(80))
    told = box(b"meta", bytes(4), box(b"ilst", b"SECRET"))
    return b"".join(
        (
            box(b"ftyp", b"M4A ", bytes(4), b"M4A isom"),
            box(b"moov", whole, track, place, told),
            box(b"free", b"SECRET"),
            box(b"mdat", b"\1\2\3\4"),
            box(b"uuid", bytes(16), b"SECRET"),
        )
    )


def document(*, runs: bool = False, password: str | None = None) -> bytes:
    """A page with a photo on it, and everywhere who made it."""
    made = pikepdf.new()
    made.add_blank_page(page_size=(200, 200))
    made.docinfo["/Author"] = "SECRET"
    with made.open_metadata() as told:
        told["dc:title"] = "SECRET title"
    photo = pikepdf.Stream(
        made,
        jpeg(),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=SIZE[0],
        Height=SIZE[1],
        ColorSpace=pikepdf.Name.DeviceRGB,
        BitsPerComponent=8,
        Filter=pikepdf.Name.DCTDecode,
    )
    made.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Photo=photo))
    if runs:
        made.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    out = io.BytesIO()
    made.save(out, encryption=False if password is None else pikepdf.Encryption(owner="other", user=password))
    return out.getvalue()
