"""A command's settings and its database, opened for as long as the command runs. Waits for nothing."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import typer

from services.cli import running
from services.cli.given import Given
from services.cli.running import Running
from services.cli.stopped import Stopped
from services.cli.words import say
from services.clock import Clock, SteadyClock
from services.settings import DEMO_KEY, Settings, read_settings
from services.store.engine import Store
from services.store.revision import is_current


def given(ctx: typer.Context) -> Given:
    found = ctx.find_object(Given)
    return found or Given(database=None, kafka=None, json=False)


def own_settings(ctx: typer.Context) -> Settings:
    """Environment and options alone. Raises BadSetting."""
    return read_settings(database=given(ctx).database, kafka=given(ctx).kafka)


def settings_of(ctx: typer.Context) -> tuple[Settings, Running | None]:
    """Environment and options; where they name no broker and something runs here, that one's. Raises BadSetting."""
    own = own_settings(ctx)
    found = None if own.kafka else running.find(own.var)
    if found is None:
        return own, None
    laid: dict[str, object] = {"kafka": found.kafka, "kafka_security": "PLAINTEXT"}  # on this machine, embedded
    if "database" not in own.model_fields_set:
        laid["database"] = found.database
    if found.demo:
        laid |= {"production": False, "master_keys": DEMO_KEY, "index_key": DEMO_KEY}
    return read_settings(**({"database": given(ctx).database} | laid)), found


def sqlite_path(settings: Settings) -> Path | None:
    """The database's file; None where it is PostgreSQL."""
    scheme, _, path = settings.database.partition(":///")
    return Path(path) if scheme == "sqlite" else None


def make_file(settings: Settings) -> None:
    """Where the database is a file, have it. Safe to repeat."""
    path = sqlite_path(settings)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@contextlib.asynccontextmanager
async def store_of(settings: Settings, *, clock: Clock | None = None, newest: bool = True) -> AsyncIterator[Store]:
    """The database with its clock. Raises Stopped where the schema is not the newest, unless `newest` is off; BadSetting."""
    settings.must_guard_database()
    path = sqlite_path(settings)
    if path is not None and not path.exists():
        raise Stopped(say("fault.no_database", path=path))
    store = Store(settings.database, name="cli", pool_size=2)
    try:
        store.clock = clock or SteadyClock(await store.measure_time())
        if newest and not await is_current(store):
            raise Stopped(say("fault.not_current"))
        yield store
    finally:
        await store.close()
