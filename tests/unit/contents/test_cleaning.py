"""What was sent becomes evidence only if it is what it says, and loses whatever says who, where and with what."""

import io
import wave
from collections.abc import Callable

import pikepdf
import pytest
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus
from PIL import Image

from services.contents.cleaning import cleaned, media_type_of
from services.contents.documents import jpeg_without_exif
from services.domain.evidence import Flaw, MediaType
from services.domain.refusals import BadEvidence
from tests import evidence_samples as samples
from tests.evidence_samples import SCRIPT, SECRET, SIZE

MOST_PIXELS = 1_000_000
MADE: dict[MediaType, Callable[[], bytes]] = {
    MediaType.JPEG: samples.jpeg,
    MediaType.PNG: samples.png,
    MediaType.WEBP: samples.webp,
    MediaType.M4A: samples.m4a,
    MediaType.MP3: samples.mp3,
    MediaType.OGG: samples.opus,
    MediaType.WAV: samples.wav,
    MediaType.AMR: lambda: samples.AMR,
    MediaType.PDF: samples.document,
}
CUT = [kind for kind in MADE if kind not in (MediaType.MP3, MediaType.AMR, MediaType.WAV)]  # half a sound is a sound


def kept(sent: bytes) -> bytes:
    return cleaned(sent, media_type_of(sent), most_pixels=MOST_PIXELS).content


def flaw(sent: bytes) -> Flaw:
    with pytest.raises(BadEvidence) as refused:
        kept(sent)
    found = refused.value.facts["why"]
    assert isinstance(found, Flaw)
    return found


def test_every_allowed_type_is_tried_here() -> None:
    assert MADE.keys() == set(MediaType)


@pytest.mark.parametrize("media_type", MADE)
def test_nothing_that_describes_survives_the_cleaning(media_type: MediaType) -> None:
    sent = MADE[media_type]()

    assert media_type_of(sent) is media_type
    assert (SECRET in sent) is (media_type is not MediaType.AMR)  # which has no place for it
    assert SECRET not in kept(sent)
    assert media_type_of(kept(sent)) is media_type


@pytest.mark.parametrize("media_type", [MediaType.JPEG, MediaType.PNG, MediaType.WEBP])
def test_a_script_behind_a_picture_is_gone(media_type: MediaType) -> None:
    assert SECRET not in kept(MADE[media_type]() + SCRIPT)


def test_a_picture_is_turned_as_its_camera_was_held() -> None:
    upright = Image.open(io.BytesIO(kept(samples.jpeg())))
    as_it_was = Image.open(io.BytesIO(kept(samples.jpeg(turned=False))))

    assert (upright.size, as_it_was.size) == (SIZE[::-1], SIZE)
    assert not upright.getexif()
    assert not upright.info.keys() - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_photo_loses_next_to_nothing_by_being_made_anew() -> None:
    sent = samples.jpeg(turned=False)

    once = kept(sent)

    assert abs(len(once) - len(jpeg_without_exif(sent))) < 100
    pixels = zip(*(Image.open(io.BytesIO(one)).convert("L").tobytes() for one in (sent, once)), strict=True)
    assert max(abs(before - after) for before, after in pixels) <= 2


def test_the_sound_stays_as_it_was_recorded() -> None:
    assert kept(samples.wav()) == samples.wav(told=False)
    with wave.open(io.BytesIO(kept(samples.wav()))) as sound:
        assert sound.getnframes() == 400
    assert kept(samples.mp3()) == samples.FRAME * 20
    assert kept(samples.AMR + b"MZ SECRET") == samples.AMR
    before, after = samples.m4a(), kept(samples.m4a())
    assert (len(after), after.index(b"\1\2\3\4")) == (len(before), before.index(b"\1\2\3\4"))
    assert MP4(io.BytesIO(after)).info.length == 2.0
    assert not OggOpus(io.BytesIO(kept(samples.opus()))).tags


def test_a_document_keeps_its_pages_and_loses_its_author() -> None:
    with pikepdf.open(io.BytesIO(kept(samples.document()))) as made:
        photo = made.pages[0].Resources.XObject.Photo.read_raw_bytes()
        told = [str(one) for one in made.objects] + [str(dict(made.trailer))]

    assert len(told) > 3
    assert not [one for one in told if "SECRET" in one or "/Metadata" in one or "/Info" in one]
    assert SECRET not in photo
    assert Image.open(io.BytesIO(photo)).size == SIZE


def test_a_document_that_runs_or_is_locked_is_refused() -> None:
    assert flaw(samples.document(runs=True)) is Flaw.ACTIVE
    assert flaw(samples.document(password="word")) is Flaw.ENCRYPTED
    assert flaw(samples.document(password="")) is Flaw.ENCRYPTED


@pytest.mark.parametrize(
    "sent",
    [b"GIF89a", b"<html>", SCRIPT, b"MZ\x90", b"\xff", b"PK\x03\x04", b"--boundary\r\n", samples.box(b"ftyp", b"heic")],
)
def test_what_is_of_no_allowed_type_is_refused(sent: bytes) -> None:
    assert flaw(sent) is Flaw.UNKNOWN_TYPE


def test_nothing_at_all_and_a_film_are_refused() -> None:
    assert flaw(b"") is Flaw.EMPTY
    assert flaw(samples.m4a(handler=b"vide")) is Flaw.UNKNOWN_TYPE


@pytest.mark.parametrize("media_type", CUT)
def test_a_file_that_was_cut_is_refused(media_type: MediaType) -> None:
    sent = MADE[media_type]()

    assert flaw(sent[: len(sent) * 2 // 3]) in (Flaw.BROKEN, Flaw.UNKNOWN_TYPE)


@pytest.mark.parametrize("media_type", [kind for kind in MADE if kind is not MediaType.AMR])  # any byte is a sound
def test_a_beginning_with_rubbish_behind_it_is_refused(media_type: MediaType) -> None:
    assert flaw(MADE[media_type]()[:12] + SCRIPT * 40) in (Flaw.BROKEN, Flaw.UNKNOWN_TYPE, Flaw.TOO_MANY_PIXELS)


def test_a_small_file_of_a_huge_picture_costs_nothing() -> None:
    assert flaw(samples.bomb()) is Flaw.TOO_MANY_PIXELS
