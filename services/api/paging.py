"""Pages by key, not by number: what comes meanwhile shifts nothing. The cursor's content is nobody's business."""

import base64
import binascii
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from fastapi.exceptions import RequestValidationError

from services.api.views import View

Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=200, description="At most so many items.")]
Cursor = Annotated[str | None, Query(max_length=64, description="`next` of the page before.")]


class Page(View, Generic[Item]):
    """Newest first. `next` is null on the last page."""

    items: tuple[Item, ...]
    next: str | None


def before(cursor: str | None) -> int | None:
    """The row below which a page begins. Raises RequestValidationError for what was never a cursor of ours."""
    if cursor is None:
        return None
    try:
        row = int(base64.urlsafe_b64decode(cursor.encode("ascii")).removeprefix(b"row:"))
    except (ValueError, binascii.Error):
        row = 0
    if not 0 < row < 2**63:
        raise RequestValidationError([{"type": "cursor", "loc": ("query", "cursor"), "msg": "", "input": None}])
    return row


def cursor_after(row: int) -> str:
    return base64.urlsafe_b64encode(b"row:%d" % row).decode("ascii")
