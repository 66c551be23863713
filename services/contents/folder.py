"""Evidence in a folder: each content a file under a random name, whole or not at all."""

import asyncio
import contextlib
import errno
import os
import secrets
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from services.domain.contents import NAME, ContentLost, ContentsAway, NoRoom, Unkept

PIECE_BYTES = 1 << 20
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
UNFINISHED = ".part"


class Folder:
    """Two levels, so that no folder holds too many. Files and folders are for our own user only."""

    def __init__(self, home: Path) -> None:
        self._home = home

    async def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """See `Contents`: written beside its place, synced, renamed, and the folder synced."""
        await asyncio.to_thread(self._put, self._path(name), pieces)

    async def pieces(self, name: str) -> AsyncIterator[bytes]:
        with self._told():
            file = await asyncio.to_thread(self._path(name).open, "rb")
        with file:
            while True:
                with self._told():
                    piece = await asyncio.to_thread(file.read, PIECE_BYTES)
                if not piece:
                    return
                yield piece

    async def remove(self, name: str) -> None:
        with self._told():
            for path in (self._path(name), _unfinished(self._path(name))):
                await asyncio.to_thread(path.unlink, missing_ok=True)

    async def listed(self) -> AsyncIterator[tuple[str, datetime]]:
        with self._told():
            found = await asyncio.to_thread(lambda: sorted(self._home.glob("??/*")))
        for path in found:
            name = path.name.removesuffix(UNFINISHED)
            if NAME.fullmatch(name):
                with contextlib.suppress(FileNotFoundError):  # somebody else sweeps, too
                    yield name, datetime.fromtimestamp((await asyncio.to_thread(path.stat)).st_mtime, UTC)

    async def check(self) -> None:
        name = secrets.token_hex(16)
        await self.put(name, [b"."])
        await self.remove(name)

    def _put(self, path: Path, pieces: Iterable[bytes]) -> None:
        unfinished = _unfinished(path)
        try:
            with self._told(ContentsAway):
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.writelines(pieces)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(path)
                for folder in (path.parent, self._home):  # the second, because the first may be new
                    _sync(folder)
        except BaseException:
            for half in (unfinished, path):
                with contextlib.suppress(OSError):
                    half.unlink(missing_ok=True)
            raise

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ValueError("a name is made by us")
        return self._home / name[:2] / name

    @contextlib.contextmanager
    def _told(self, absent: type[Unkept] = ContentLost) -> Iterator[None]:
        """What is not there is `absent`."""
        try:
            yield
        except FileNotFoundError as error:
            raise absent from error
        except OSError as error:
            raise (NoRoom if error.errno in FULL else ContentsAway) from error


def _unfinished(path: Path) -> Path:
    return path.with_name(path.name + UNFINISHED)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
