"""Evidence in an S3-compatible bucket. obstore does the work: asynchronous, one wheel, and nothing else comes with it."""

import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from obstore.exceptions import BaseError
from obstore.store import S3Store

from services.domain.contents import NAME, ContentLost, ContentsAway, Unkept

WITHIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a bucket is reached. Empty keys: what the machine itself has (a role, a file)."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = "us-east-1"
    key: str = ""
    secret: str = ""


class Bucket:
    """An object appears only when it is whole; nothing has to be renamed."""

    def __init__(self, access: Access) -> None:
        given = {
            "endpoint": access.endpoint,
            "access_key_id": access.key,
            "secret_access_key": access.secret,
            "region": access.region,
        }
        self._store = S3Store(
            access.bucket,
            prefix=access.prefix or None,
            config={name: value for name, value in given.items() if value},  # type: ignore[arg-type]
            client_options={"allow_http": access.endpoint.startswith("http://"), "timeout": WITHIN},
            retry_config={"max_retries": 2, "retry_timeout": WITHIN},
        )

    async def put(self, name: str, pieces: Iterable[bytes]) -> None:
        try:
            await self._store.put_async(_checked(name), iter(pieces))
        except (BaseError, OSError) as error:
            raise ContentsAway from error

    async def pieces(self, name: str) -> AsyncIterator[bytes]:
        try:
            found = await self._store.get_async(_checked(name))
            async for piece in found.stream():
                yield bytes(piece)
        except (BaseError, OSError) as error:
            raise _unkept(error) from error

    async def remove(self, name: str) -> None:
        try:
            await self._store.delete_async(_checked(name))
        except (BaseError, OSError) as error:
            if not isinstance(error, FileNotFoundError):
                raise ContentsAway from error

    async def listed(self) -> AsyncIterator[tuple[str, datetime]]:
        try:
            async for some in self._store.list():
                for one in some:
                    name = one["path"].rpartition("/")[2]
                    if NAME.fullmatch(name):
                        yield name, one["last_modified"]
        except (BaseError, OSError) as error:
            raise _unkept(error) from error

    async def check(self) -> None:
        name = secrets.token_hex(16)
        await self.put(name, [b"."])
        await self.remove(name)


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("a name is made by us")
    return name


def _unkept(error: Exception) -> Unkept:
    return ContentLost() if isinstance(error, FileNotFoundError) else ContentsAway()
