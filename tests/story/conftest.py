"""A Centre on each database, a copy of one that was migrated once: that takes longer than most stories."""

import asyncio
import shutil
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx2
import pytest
from centre import START, Centre, build

from deploy.native.postgres import Postgres
from services.clock import MovedClock
from services.store import schema
from services.store.engine import Store
from tests.hasty import hasty

# httpx2 looks for it at each request; where it is not installed, that is a walk through every folder of the path.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> Iterator[str]:
    """The name of a migrated database that is copied for each story."""
    name = f"story_template_{uuid.uuid4().hex[:12]}"
    asyncio.run(_migrate(postgres.new_database(name)))
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that is copied for each story."""
    file = tmp_path_factory.mktemp("story") / "template.db"
    asyncio.run(_migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield postgres.new_database(name, template=postgres_template)
    postgres.drop_database(name)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'story.db')}"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """A migrated database of each kind."""
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
async def centre(url: str) -> AsyncIterator[Centre]:
    """The centre of one story, on a fresh database of each kind."""
    made = await build(
        hasty(Store(url, name="story")),
        lambda app: httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c"),
    )
    try:
        async with made.client:
            yield made
    finally:
        await made.store.close()


async def _migrate(url: str) -> None:
    store = hasty(Store(url, name="story"))
    store.clock = MovedClock(START)
    await schema.upgrade(store)
    await store.close()
