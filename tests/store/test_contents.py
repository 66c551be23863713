"""Where evidence lies: a folder and a bucket keep the same promises; nothing half kept, nothing found that was changed."""

import contextlib
import os
import resource
import secrets
import stat
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from moto.server import ThreadedMotoServer
from store_steps import SEALER

from services.contents.bucket import Access, Bucket
from services.contents.folder import Folder
from services.domain.contents import ContentLost, Contents, ContentsAway, NoRoom
from services.settings import BadSetting, read_settings
from services.store import sealed_content
from services.store.sealed_content import PIECE_BYTES
from services.store.sealing import CannotOpen
from services.wiring import contents_of

ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture(scope="module")
def s3() -> Iterator[Access]:
    """A bucket of a real S3 service on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        httpx2.put(f"{endpoint}/evidence", trust_env=False).raise_for_status()
        yield Access(bucket="evidence", prefix="county", endpoint=endpoint, key="test", secret="test")
    finally:
        server.stop()


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Contents:
    if request.param == "folder":
        return Folder(tmp_path / "evidence")
    return Bucket(request.getfixturevalue("s3"))


async def read(place: Contents, name: str) -> bytes:
    return b"".join([piece async for piece in place.pieces(name)])


async def test_what_is_put_is_read_back_listed_and_removed(place: Contents) -> None:
    name, content = secrets.token_hex(16), os.urandom(3_000_000)

    await place.check()
    await place.put(name, [content[:100], content[100:]])

    assert await read(place, name) == content
    found = {one: at async for one, at in place.listed()}
    assert found.keys() == {name}
    assert abs(found[name] - datetime.now(UTC)) < timedelta(minutes=1)
    await place.remove(name)
    await place.remove(name)
    assert [one async for one in place.listed()] == []
    with pytest.raises(ContentLost):
        await read(place, name)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", "A" * 32, "0" * 31 + "\n", "0" * 33])
async def test_a_name_that_is_not_ours_is_never_a_path(place: Contents, name: str) -> None:
    with pytest.raises(ValueError, match="made by us"):
        await place.put(name, [b"x"])
    with pytest.raises(ValueError, match="made by us"):
        await read(place, name)


async def test_a_place_that_is_away_is_told_and_not_a_bug(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    away = Access(bucket="none", endpoint="http://127.0.0.1:1", key="test", secret="test")

    for place in (Folder(tmp_path / "file" / "evidence"), Bucket(away)):
        with pytest.raises(ContentsAway):
            await place.check()


async def test_a_full_disk_leaves_nothing_half_kept(tmp_path: Path) -> None:
    place, name = Folder(tmp_path), secrets.token_hex(16)

    with room_for(1_000_000), pytest.raises(NoRoom):
        await place.put(name, [bytes(900_000), bytes(900_000)])

    assert files(tmp_path) == []
    await place.put(name, [b"there is room now"])
    assert await read(place, name) == b"there is room now"


async def test_files_are_for_our_own_user_only(tmp_path: Path) -> None:
    await Folder(tmp_path / "evidence").put(secrets.token_hex(16), [b"x"])

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "evidence").rglob("*")]
    assert sorted(modes) == [0o600, 0o700]


async def test_a_write_that_was_cut_is_listed_and_swept(tmp_path: Path) -> None:
    """A process that died in the middle: what it left has the name that it would have had."""
    name = secrets.token_hex(16)
    place = Folder(tmp_path)
    await place.put(name, [b"x"])
    (whole,) = files(tmp_path)
    whole.rename(whole.with_name(name + ".part"))

    assert [one async for one, _ in place.listed()] == [name]
    with pytest.raises(ContentLost):
        await read(place, name)
    await place.remove(name)
    assert files(tmp_path) == []


@pytest.mark.parametrize("size", [1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
async def test_a_sealed_content_opens_whole_from_pieces_of_any_size(size: int) -> None:
    key, plain = SEALER.new_key(), os.urandom(size)
    sealed = b"".join(sealed_content.sealed(key, plain, ONE))

    for step in (7_001, PIECE_BYTES, len(sealed)):
        assert await opened(key, sealed, ONE, step=step) == plain


async def test_a_content_that_was_changed_does_not_open() -> None:
    key = SEALER.new_key()
    pieces = list(sealed_content.sealed(key, os.urandom(2 * PIECE_BYTES + 5), ONE))
    whole = b"".join(pieces)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    changed = {
        "flipped": bytes(flipped),
        "cut": whole[:-1],
        "without its end": b"".join(pieces[:2]),
        "turned round": pieces[1] + pieces[0] + pieces[2],
        "longer": whole + pieces[2],
        "empty": b"",
    }

    for sealed in changed.values():
        with pytest.raises(CannotOpen):
            await opened(key, sealed, ONE)
    with pytest.raises(CannotOpen):
        await opened(key, whole, OTHER)
    with pytest.raises(CannotOpen):
        await opened(SEALER.new_key(), whole, ONE)


def test_a_setting_names_a_folder_or_a_bucket(tmp_path: Path) -> None:
    assert isinstance(contents_of(read_settings(var=tmp_path)), Folder)
    assert isinstance(contents_of(read_settings(evidence=str(tmp_path))), Folder)
    assert isinstance(contents_of(read_settings(evidence="s3://evidence/county")), Bucket)
    for bad in ("s3://", "http://somewhere", "file:///etc"):
        with pytest.raises(BadSetting, match="use a folder or s3"):
            read_settings(evidence=bad)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def opened(key: object, sealed: bytes, evidence_id: UUID, *, step: int = 100_000) -> bytes:
    async def arriving() -> AsyncIterator[bytes]:
        for begin in range(0, len(sealed), step):
            yield sealed[begin : begin + step]

    pieces = sealed_content.opened(key, arriving(), evidence_id)  # type: ignore[arg-type]
    return b"".join([piece async for piece in pieces])


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond `size`, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
