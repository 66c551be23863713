"""key rotation: every wrapped key is wrapped anew by the newest master, in small batches beside everything else.

The order that costs nobody an answer: name the new master after the old one and start every process anew; put it first
and start them anew; rotate; take the old one away. What a process that knows both has wrapped, each of them opens.
"""

import asyncio
from collections.abc import Callable

from services.domain.value import value
from services.store import keys
from services.store.engine import Store
from services.store.sealing import Sealer

AT_ONCE = 500
ROUNDS = 20  # over what somebody held in the round before
PAUSE_S = 0.2


@value
class Rotated:
    done: int
    unknown: int
    left: int  # by an older master still: somebody held them in every round


async def rotate(
    store: Store, sealer: Sealer, *, tell: Callable[[int], None] = lambda _: None, at_once: int = AT_ONCE
) -> Rotated:
    """Rotate until nothing is left that can be. Safe to kill, to begin again and to run twice at once."""
    done = unknown = 0
    for _ in range(ROUNDS):
        before, unknown = done, 0
        for table in keys.keyed():
            after = None
            while True:
                async with store.begin() as tx:
                    batch = await keys.rewrap(tx, table, sealer, after=after, limit=at_once)
                done, unknown, after = done + batch.done, unknown + batch.unknown, batch.last
                tell(done)
                if after is None:
                    break
        left = await waiting(store, sealer) - unknown
        if left <= 0:
            break
        if done == before:
            await asyncio.sleep(PAUSE_S)
    return Rotated(done=done, unknown=unknown, left=max(0, left))


async def waiting(store: Store, sealer: Sealer) -> int:
    """How many rows an older master has wrapped."""
    async with store.read() as conn:
        found = [await keys.counts(conn, table) for table in keys.keyed()]
    return sum(count for one in found for master, count in one.items() if master != sealer.current)
