"""Serving as a role that owns nothing: the whole loop works, and what is only ever added to can't be changed."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from centre import Centre, build, minute
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from deploy.native.postgres import Postgres
from services.cli import main
from services.clock import SteadyClock
from services.settings import DEMO_KEY
from services.store import grants, tables
from services.store.append_only import APPEND_ONLY
from services.store.engine import Store
from tests.conftest import APP_ROLE


@pytest.fixture
async def owned(postgres_url: str) -> str:
    """A migrated database whose owner has given the role its rights, twice."""
    store = Store(postgres_url, name="owner")
    store.clock = SteadyClock(await store.measure_time())
    for _ in range(2):
        async with store.begin() as tx:
            await grants.grant(tx.conn, APP_ROLE)
    await store.close()
    return postgres_url


@pytest.fixture
async def served(postgres: Postgres, owned: str) -> AsyncIterator[Centre]:
    """A centre that comes as that role for everything."""
    store = Store(postgres.url_as(APP_ROLE, owned.rpartition("/")[2]), name="story")
    made = await build(store, lambda app: httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://c"))
    async with made.client:
        yield made
    await store.close()


async def test_the_whole_loop_works_and_its_record_stays(served: Centre) -> None:
    case = await served.warn()
    await served.do("R11", case, "acknowledgement", at=minute(1))
    await served.pass_time(minute(90))
    seen = await served.case(case)

    assert seen["state"] != "CLOSED"
    for table in APPEND_ONLY:
        column = next(iter(tables.metadata.tables[table].primary_key)).name
        for change in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table}"):  # noqa: S608
            with pytest.raises(ProgrammingError, match="permission denied"):
                async with served.store.begin() as tx:
                    await tx.conn.execute(text(change))
    async with served.store.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM event"))).scalar_one() > 0


async def test_the_role_may_do_nothing_but_its_work(served: Centre) -> None:
    """No table of its own, none taken away, no rule of rows lifted, no other role taken."""
    for statement in (
        "CREATE TABLE mine (number int)",
        "DROP TABLE cases",
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "UPDATE alembic_version SET version_num = '0000'",
        "SET ROLE quanzu",
    ):
        with pytest.raises(ProgrammingError):
            async with served.store.begin() as tx:
                await tx.conn.execute(text(statement))


async def test_row_policies_do_not_bind_the_role(owned: str, postgres: Postgres) -> None:
    """They narrow what one asker sees; the processes serve all."""
    owner, role = Store(owned, name="owner"), Store(postgres.url_as(APP_ROLE, owned.rpartition("/")[2]), name="role")
    owner.clock = SteadyClock(await owner.measure_time())
    async with owner.begin() as tx:
        await tx.conn.execute(text("ALTER TABLE policy ENABLE ROW LEVEL SECURITY"))
    async with role.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM policy"))).scalar_one() == 0

    async with owner.begin() as tx:
        await grants.grant(tx.conn, APP_ROLE)

    async with role.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM policy"))).scalar_one() == 1
    await asyncio.gather(owner.close(), role.close())


def test_the_command_grants_and_names_a_role_that_is_none(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("QUANZU_MASTER_KEYS", "QUANZU_INDEX_KEY"):
        monkeypatch.setenv(name, DEMO_KEY)
    monkeypatch.setenv("LC_ALL", "C")

    for words in (("upgrade",), ("grant", "--role", APP_ROLE), ("upgrade", "--role", APP_ROLE)):
        assert main(["--database", database_url, "db", *words]) == 0
        assert (f"{APP_ROLE} has its rights" in capsys.readouterr().out) is ("--role" in words)
    for role in ("nobody_at_all", "quanzu", "x; DROP TABLE cases"):
        assert main(["--database", database_url, "db", "grant", "--role", role]) == 2
        assert f"there is no role {role}" in capsys.readouterr().err
