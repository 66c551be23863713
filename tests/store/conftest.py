"""Databases for the one suite that runs on SQLite and on PostgreSQL: empty ones, migrated ones, and stores on them."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from store_steps import NOW

from deploy.native.postgres import Postgres
from services.clock import MovedClock
from services.store import schema
from services.store.engine import Store
from tests.hasty import hasty

BOTH = ("sqlite", "postgresql")


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock(NOW)


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    found: str = request.getfixturevalue("database_url")
    return found


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> Iterator[str]:
    """The name of a migrated database that is copied for each test."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    asyncio.run(_migrate(postgres.new_database(name)))
    yield name
    postgres.drop_database(name)


@pytest.fixture
def postgres_url(postgres: Postgres, template: str) -> Iterator[str]:
    """A migrated PostgreSQL database of the test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield postgres.new_database(name, template=template)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that is copied for each test."""
    file = tmp_path_factory.mktemp("store") / "template.db"
    asyncio.run(_migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite file of the test's own."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'quanzu.db')}"


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest) -> str:
    """A migrated database of each kind."""
    found: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return found


@pytest.fixture
async def store(url: str, clock: MovedClock) -> AsyncIterator[Store]:
    """A store on a migrated database of each kind."""
    async for opened in _opened(url, clock):
        yield opened


@pytest.fixture
async def postgres_store(postgres_url: str, clock: MovedClock) -> AsyncIterator[Store]:
    """A store on PostgreSQL, where two connections can meet."""
    async for opened in _opened(postgres_url, clock):
        yield opened


async def _opened(url: str, clock: MovedClock) -> AsyncIterator[Store]:
    store = hasty(Store(url, name="test"))
    store.clock = clock
    yield store
    await store.close()


async def _migrate(url: str) -> None:
    store = hasty(Store(url, name="test"))
    store.clock = MovedClock(NOW)
    await schema.upgrade(store)
    await store.close()
