"""What somebody had seen of a row before they changed it: a tag of its state, held against the row once nobody else can
change it. A case has its turn instead, a rotation its version.
"""

import base64
import hashlib
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from services.domain.refusals import StaleRow

ANY: Final = "*"  # whatever it is by now, as long as it is there
# Who did what to a row, by the name of its column, the latest step first.
_HANDS: Final = (
    "withdrawn_by",
    "closed_by",
    "lifted_by",
    "answered_by",
    "actions_by",
    "cause_by",
    "done_by",
    "decided_by",
    "published_by",
    "drafted_by",
    "placed_by",
    "asked_by",
    "made_by",
)


def tag_of(row: object) -> str:
    """Twelve characters that are others as soon as the row is another; the same in every process."""
    return short(orjson.dumps(row, default=_plain, option=orjson.OPT_SORT_KEYS))


def short(said: bytes) -> str:
    """Twelve characters that stand for these bytes, and may stand in an ETag."""
    return base64.urlsafe_b64encode(hashlib.blake2b(said, digest_size=9).digest()).decode()


def must_be(seen: str | None, row: object | None, *, may_read: bool = True, holder: str | None = None) -> None:
    """Raises StaleRow where `seen` is no tag of the row; None: nobody said what they saw.

    The refusal holds the row as it is and who was first (`holder`, where the row itself does not say it), unless its
    reader may act on it without seeing it.
    """
    if seen is None or (row is not None and seen in (ANY, tag_of(row))):
        return
    if row is None or not may_read:
        raise StaleRow()
    present = shown(row)
    first = holder or next((present[hand] for hand in _HANDS if present.get(hand)), None)
    raise StaleRow(present=present, etag=tag_of(row), **({} if first is None else {"holder": first}))


def shown(row: object) -> Any:
    """The row as JSON."""
    return orjson.loads(orjson.dumps(row, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, UUID):
        return str(value)  # the database's driver has a class of its own
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(type(value).__name__)
