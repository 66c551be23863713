"""Where the bytes of evidence lie, outside the database: what such a place must be able to do. Is no place itself.

A name is made by us from random bits; nothing of a name was ever sent in. What is put is sealed already.
"""

import re
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import ClassVar, Protocol

NAME = re.compile(r"[0-9a-f]{32}")


class Unkept(Exception):
    """The place could not do its work: somebody else is down or full. Nothing half kept stays under the name."""

    code: ClassVar[str]


class NoRoom(Unkept):
    """The place is full."""

    code = "evidence-full"


class ContentsAway(Unkept):
    """The place does not answer, or refuses us."""

    code = "evidence-away"


class ContentLost(Unkept):
    """Nothing lies under this name, or it is not what was put there."""

    code = "evidence-lost"


class Contents(Protocol):
    """A folder or a bucket. A removal is safe to repeat; a name is put once."""

    async def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """All of it is there and lasts once this returns; before, nothing is. Raises NoRoom or ContentsAway."""

    def pieces(self, name: str) -> AsyncIterator[bytes]:
        """The content, in pieces of whatever size. Raises ContentLost or ContentsAway."""

    async def remove(self, name: str) -> None:
        """Raises ContentsAway."""

    def listed(self) -> AsyncIterator[tuple[str, datetime]]:
        """Every name that is there, also of what never became whole, with the time of its last change."""

    async def check(self) -> None:
        """Put something, and take it away again. Raises NoRoom or ContentsAway."""
