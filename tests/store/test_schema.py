"""Migrations: from nothing to the tables and back, the same on both databases."""

from collections.abc import AsyncIterator

import pytest
from alembic import command
from sqlalchemy import insert, inspect, select

from services.clock import MovedClock
from services.store import schema, tables
from services.store.columns import Moment
from services.store.engine import Store
from services.store.revision import is_current


@pytest.fixture
async def empty(empty_url: str, clock: MovedClock) -> AsyncIterator[Store]:
    """A store on an empty database of each kind."""
    store = Store(empty_url, name="test")
    store.clock = clock
    yield store
    await store.close()


async def _tables(store: Store) -> set[str]:
    async with store.engine.connect() as conn:
        return set(await conn.run_sync(lambda connection: inspect(connection).get_table_names()))


async def test_an_upgrade_from_empty_differs_in_nothing(empty: Store) -> None:
    await schema.upgrade(empty)

    assert await schema.differences(empty) == []
    assert await is_current(empty)


async def test_an_upgrade_twice_seeds_policy_once(empty: Store) -> None:
    await schema.upgrade(empty)
    await schema.upgrade(empty)

    async with empty.read() as conn:
        assert (await conn.execute(select(tables.policy.c.version))).scalars().all() == [1]


async def test_an_empty_database_is_not_current(empty: Store) -> None:
    assert not await is_current(empty)


async def test_a_downgrade_leaves_nothing_and_comes_back(empty: Store) -> None:
    await schema.upgrade(empty)

    await schema._run(empty, lambda connection: command.downgrade(schema._config(connection), "base"))

    assert await _tables(empty) <= {"alembic_version"}
    await schema.upgrade(empty)
    assert await schema.differences(empty) == []


async def test_a_column_too_many_is_a_difference(empty: Store) -> None:
    """The check that finds nothing elsewhere can find something."""
    await schema.upgrade(empty)
    async with empty.engine.begin() as conn:
        await conn.exec_driver_sql("ALTER TABLE unit ADD COLUMN stray TEXT")

    (difference,) = await schema.differences(empty)

    assert "stray" in difference


async def test_every_time_in_the_tables_is_a_moment() -> None:
    """Another type would lose the zone on SQLite."""
    wrong = [
        f"{table.name}.{column.name}"
        for table in tables.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_at") and not isinstance(column.type, Moment)
    ]

    assert wrong == []


async def test_a_word_outside_its_list_is_refused(empty: Store) -> None:
    await schema.upgrade(empty)

    with pytest.raises(Exception, match="neither"):
        async with empty.begin() as tx:
            await tx.conn.execute(insert(tables.token).values(name="t", digest=b"x", role="neither", created_at=tx.now))
