"""What a process of ours has inside, without the task that swaps its picture: for programs that time one step alone."""

import gc

from services.domain.choice import Rules
from services.domain.datum import Datum
from services.handlers import picture
from services.handlers.context import Context
from services.settings import Settings
from services.store.engine import Store
from services.store.policies import Policies
from services.store.sealing import Sealer


async def context_of(store: Store, settings: Settings) -> Context:
    """With the picture as of now and the default rules. The store has its clock."""
    assert store.clock is not None
    rules = Rules()
    conn = await store.asking()
    drawn = await picture.draw(conn, Policies(), now=store.clock.now(), rules=rules)
    await conn.close()
    return Context(
        policies=Policies(),
        sealer=Sealer(settings.masters, settings.index, *settings.index_over),
        picture=drawn,
        source_datum=Datum(settings.source_datum),
        edge_limit_m=settings.edge_limit_m,
        station_limit_m=settings.station_limit_m,
        rules=rules,
    )


def as_served() -> None:
    """The collector of garbage as `quanzu serve` sets it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
