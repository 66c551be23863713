"""A client that hands its requests to the app as they are, for a story of many thousands of them.

httpx2 takes a third of what the door does for one: its cookies, redirects and URLs are of no use inside one process.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
import orjson
from fastapi import FastAPI
from starlette.types import Message, Scope


class Straight:
    """What a story needs of `httpx2.AsyncClient`, as ASGI has it. Its answers are httpx2's own."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def get(self, path: str, *, headers: Mapping[str, str]) -> httpx2.Response:
        return await self._ask("GET", path, headers)

    async def post(self, path: str, *, headers: Mapping[str, str], json: Any = None) -> httpx2.Response:
        return await self._ask("POST", path, headers, b"" if json is None else orjson.dumps(json))

    async def aclose(self) -> None:
        """Nothing is held open."""

    async def _ask(self, verb: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> httpx2.Response:
        sent = {"host": "c", "content-length": str(len(body)), **headers}
        if body:
            sent["content-type"] = "application/json"
        whole, parts = [{"type": "http.request", "body": body}], list[Message]()

        async def receive() -> Message:
            return whole.pop() if whole else await asyncio.Future()

        async def send(message: Message) -> None:
            parts.append(message)

        await self._app(_scope(verb, path, sent), receive, send)
        start, *rest = parts
        said = b"".join(part.get("body", b"") for part in rest)
        return httpx2.Response(start["status"], headers=start["headers"], content=said)


def _scope(verb: str, path: str, headers: Mapping[str, str]) -> Scope:
    target, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": verb,
        "scheme": "http",
        "path": target,
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "server": ("c", 80),
        "client": ("127.0.0.1", 123),
    }
