"""What these tests share: a county in a database of its own, and topics in which nothing is left to read."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from router_steps import Centre, settings_for, settle_county

from deploy.native.kafka import Kafka
from deploy.native.postgres import Postgres
from tests.topics import renew_topics


@pytest.fixture(scope="session")
def county_database(postgres: Postgres) -> Iterator[str]:
    """The name of a migrated database with the county in it, to be copied: nobody connects to it."""
    name = "router_county"
    asyncio.run(settle_county(postgres.new_database(name)))
    yield name
    postgres.drop_database(name)


@pytest.fixture
async def centre(
    kafka: Kafka, postgres: Postgres, county_database: str, request: pytest.FixtureRequest
) -> AsyncIterator[Centre]:
    """A centre on PostgreSQL and Kafka."""
    name = f"router_{abs(hash(request.node.nodeid)):x}"
    kafka.start()
    postgres.start()
    url = postgres.new_database(name, template=county_database)
    await renew_topics(kafka.bootstrap)
    async with Centre.opened(settings_for(url, kafka.bootstrap)) as opened:
        yield opened
    postgres.start()
    postgres.drop_database(name)


@pytest.fixture
async def small_centre(tmp_path: Path) -> AsyncIterator[Centre]:
    """A centre on SQLite and the embedded broker, which its one router brings along."""
    url = f"sqlite:///{tmp_path / 'quanzu.db'}"
    await settle_county(url)
    async with Centre.opened(settings_for(url, "")) as opened:
        yield opened


@pytest.fixture(params=["centre", "small_centre"])
def either_centre(request: pytest.FixtureRequest) -> Centre:
    """Both kinds, one after the other."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Centre)
    return found
