"""The clock that a process makes from its database's time."""

from services.clock import SteadyClock
from services.settings import DEMO_KEY, read_settings
from services.store import schema
from services.store.engine import Store
from services.wiring import opened


async def test_a_clock_is_never_ahead_of_its_database(database_url: str) -> None:
    """Ahead by half the time that connecting takes, limits fired tens of milliseconds early."""
    settings = read_settings(
        production=False, database=database_url, kafka="127.0.0.1:1", master_keys=DEMO_KEY, index_key=DEMO_KEY
    )
    await _upgraded(database_url)

    async with opened(settings, name="clock") as parts:
        ours = parts.clock.now()
        assert ours <= await parts.store.measure_time()


async def _upgraded(url: str) -> None:
    store = Store(url, name="clock")
    try:
        store.clock = SteadyClock(await store.measure_time())
        await schema.upgrade(store)
    finally:
        await store.close()
