"""The queries that runbooks tell people to run at night: each one runs on the schema of today."""

import re

from sqlalchemy import text

from deploy.native.processes import ROOT
from services.clock import SteadyClock
from services.store import schema
from services.store.engine import Store

QUERIES = sorted(
    {
        query
        for runbook in (ROOT / "docs" / "runbooks").glob("*.md")
        for query in re.findall(r"```sql\n(.*?)```", runbook.read_text(), flags=re.DOTALL)
    }
)


async def test_every_query_of_the_runbooks_runs(database_url: str) -> None:
    store = Store(database_url, name="runbooks")
    try:
        store.clock = SteadyClock(await store.measure_time())
        await schema.upgrade(store)
        async with store.engine.connect() as conn:
            for query in QUERIES:
                await conn.execute(text(query))
    finally:
        await store.close()
    assert len(QUERIES) >= 8
