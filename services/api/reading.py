"""Around every GET: the parts that are wanted, an ETag of what is shown, and 304 for who has that still.

An ETag is what the row was, a dot, and how it was shown: If-Match looks at the first part, If-None-Match at both. It is
weak, because the seconds of a limit that run on are no change; what they lead to (`at_risk`, `overdue`) is one.
"""

import re
from typing import Final

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.fields import Wanted
from services.api.headers import header
from services.handlers.seen import short

LIMITS: Final = b'"left_s":'
RUNS_ON: Final = re.compile(rb'"(?:left_s|late_s|now)":[^,}]+')  # beside limits; elsewhere `now` may be the answer
JSON: Final = "application/json"
OF_A_BODY: Final = frozenset({b"content-length", b"content-type"})


class Reading:
    """A pure ASGI callable: what does not come whole and as JSON passes through unbuffered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        held: Message | None = None

        async def sending(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _is_plain(message):
                held = message
                return
            if held is not None:
                start, held = held, None
                if message["type"] == "http.response.body" and not message.get("more_body"):
                    message = _shown(scope, start, message)
                await send(start)
            await send(message)

        await self.app(scope, receive, sending)


def _is_plain(start: Message) -> bool:
    return start["status"] == 200 and (header(start, b"content-type") or "").startswith(JSON)


def _shown(scope: Scope, start: Message, whole: Message) -> Message:
    """The answer as it goes out; `start` gets its headers, and 304 where nothing has to."""
    body: bytes = whole["body"]
    wanted: Wanted | None = scope["state"].get("wanted")
    if wanted is not None:
        body = orjson.dumps(wanted.of(orjson.loads(body)))
        _say(start, b"content-length", str(len(body)))
    row = (header(start, b"etag") or "").strip('"')
    tag = f'"{row}{"." if row else ""}{_digest(body)}"'
    _say(start, b"etag", f"W/{tag}")
    if tag in _had(scope):
        start["status"] = 304
        start["headers"] = [one for one in start["headers"] if one[0] not in OF_A_BODY]
        body = b""
    return {**whole, "body": body}


def _say(start: Message, name: bytes, text: str) -> None:
    start["headers"] = [*(one for one in start["headers"] if one[0] != name), (name, text.encode())]


def _digest(body: bytes) -> str:
    return short(RUNS_ON.sub(b"", body) if LIMITS in body else body)


def _had(scope: Scope) -> set[str]:
    said = header(scope, b"if-none-match")
    return {one.strip().removeprefix("W/") for one in said.split(",")} if said else set()
