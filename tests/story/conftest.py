"""A Centre on each database."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from centre import Centre, build

from services.store.engine import Store


@pytest.fixture(params=["sqlite", "postgres"])
async def centre(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Centre]:
    """The centre of one story, on a fresh database of each kind."""
    postgres = request.param == "postgres"
    url = request.getfixturevalue("database_url") if postgres else f"sqlite:///{tmp_path / 'story.db'}"
    store = Store(url, name="story")
    try:
        made = await build(
            store, lambda app: httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c")
        )
        async with made.client:
            yield made
    finally:
        await store.close()
