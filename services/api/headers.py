"""One header of a request or of an answer, without an object around all of them: that is half of what looking costs."""

from collections.abc import Mapping
from typing import Any


def header(said: Mapping[str, Any], name: bytes) -> str | None:
    """The first of a name in small letters, as Starlette gives it; of a scope, or of the start of an answer."""
    for one, value in said["headers"]:
        if one == name:
            text: str = value.decode("latin-1")
            return text
    return None
