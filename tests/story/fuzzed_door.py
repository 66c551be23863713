"""The real app on one seeded database, as schemathesis asks it: built in the very loop in which it is then asked."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from access_world import lived_in
from centre import Centre, build

from services.store.engine import Store
from tests.hasty import hasty


@dataclass(slots=True)
class FuzzedDoor:
    """An ASGI app whose start-up makes the centre; `ids` names what is there, so that not every question misses."""

    url: str
    centre: Centre | None = None
    ids: dict[str, list[str]] = field(default_factory=dict)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            assert self.centre is not None
            await self.centre.app(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self.centre = await build(
            hasty(Store(self.url, name="fuzzed")),
            lambda app: httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c"),
        )
        made = await lived_in(self.centre)
        for one in made.values():
            for name, value in one.items():
                self.ids.setdefault(name, []).append(value)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.centre.client.aclose()
        await self.centre.store.close()
        await send({"type": "lifespan.shutdown.complete"})
