"""What becomes of a connection that somebody asked for and no longer wants."""

import asyncio
import contextlib

from sqlalchemy.pool import QueuePool

from services.store.engine import Store


async def test_whoever_is_cancelled_while_asking_leaves_no_connection_behind(store: Store) -> None:
    pool = store.engine.pool
    assert isinstance(pool, QueuePool)
    first = await store.asking()  # so that the moments after connecting are many enough to be met
    await first.close()
    for moments in range(120):
        task = asyncio.create_task(store.asking())
        for _ in range(moments):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await (await task).close()
        assert pool.checkedout() == 0, f"after {moments} moments"
