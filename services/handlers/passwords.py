"""passwords: local accounts of a small centre, by argon2id; who guesses has to wait. Off unless the settings say so.

Which new one is refused is in `password_rules`.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from services.store import people
from services.store.engine import Store

MOST_TRIES: Final = 5
WITHIN: Final = timedelta(minutes=15)
AT_ONCE: Final = 2  # each takes 64 MB and a core for some 50 ms
MOST_WAITING: Final = 16

P = ParamSpec("P")
Done = TypeVar("Done")

_hasher = PasswordHasher()
_NOBODYS: Final = _hasher.hash("nobody has this one")  # so that an unknown name takes as long as a known one


class TooMany(Exception):
    """Too many wrong passwords under this name, or too many logins at once."""


def hashed(password: str) -> str:
    return _hasher.hash(password)


class Passwords:
    """The check of one process."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def right(self, store: Store, name: str, password: str) -> bool:
        """Whether this is the password of somebody who may come in. Raises TooMany, then also for the right one."""
        if self._waiting >= MOST_WAITING:
            raise TooMany
        async with store.begin() as tx:  # counted before it is tried: who guesses in parallel gains nothing
            tries = await people.tried(tx, name, within=WITHIN)
            kept = await people.password_of(tx.conn, name)
        if tries > MOST_TRIES:
            raise TooMany
        right = await self._verified(kept or _NOBODYS, password) and kept is not None
        if right:
            async with store.begin() as tx:
                await people.succeeded(tx, name)
        return right

    async def hashed(self, password: str) -> str:
        """As it is kept, in turn with the checks."""
        return await self._in_turn(hashed, password)

    async def _verified(self, kept: str, password: str) -> bool:
        return await self._in_turn(_verify, kept, password)

    async def _in_turn(self, work: Callable[P, Done], *given: P.args, **named: P.kwargs) -> Done:
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work, *given, **named)
        finally:
            self._waiting -= 1


def _verify(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
