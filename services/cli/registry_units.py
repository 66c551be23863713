"""registry units, switch, head: what each unit takes part in, and who leads it."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Annotated, Any

import typer

from services.cli.running import clock_of
from services.cli.session import given, settings_of, store_of
from services.cli.show import print_json, print_table
from services.cli.stopped import Stopped
from services.cli.words import say
from services.domain.refusals import Incomplete, UnitNotFound
from services.domain.switches import Switch
from services.handlers.units import lead
from services.handlers.units import switch as switch_unit
from services.store import registry, unit_settings
from services.store.engine import Store, Transaction
from services.store.unit_settings import Settings

COLUMNS = ("unit", "kind", "name_zh", "name_en", "head", "off")
By = Annotated[str | None, typer.Option(metavar="NAME", help=say("option.switched_by"))]


class Way(StrEnum):
    ON = "on"
    OFF = "off"


def add_to(app: typer.Typer) -> None:
    """Put the three commands beside the others of `registry`."""
    for name, command, example in (
        ("units", units, "quanzu registry units"),
        ("switch", switch, "quanzu registry switch MT01 routing off"),
        ("head", head, "quanzu registry head MT01 MT01-01"),
    ):
        app.command(name, help=say(f"help.registry.{name}"), epilog=say("example", command=example))(command)


def units(ctx: typer.Context) -> None:
    rows = asyncio.run(_units(ctx))
    if given(ctx).json:
        print_json(rows)
    else:
        print_table(COLUMNS, [[*list(row.values())[:-1], " ".join(row["off"])] for row in rows])


def switch(ctx: typer.Context, unit: str, what: Switch, way: Way, by: By = None) -> None:
    async def work(tx: Transaction) -> bool:
        return await switch_unit(tx, unit, what, on=way is Way.ON, by=by or getpass.getuser())

    changed = asyncio.run(_change(ctx, unit, work))
    _tell(ctx, say("registry.switched", unit=unit, what=what, way=way), changed=changed)


def head(
    ctx: typer.Context,
    unit: str,
    responder: Annotated[str | None, typer.Argument(help=say("option.head"))] = None,
    by: By = None,
) -> None:
    async def work(tx: Transaction) -> bool:
        return await lead(tx, unit, responder, by=by or getpass.getuser())

    changed = asyncio.run(_change(ctx, unit, work))
    _tell(ctx, say("registry.head", unit=unit, responder=responder or "–"), changed=changed)


def _opened(ctx: typer.Context) -> AbstractAsyncContextManager[Store]:
    """The database, by the clock of what runs here where that has one of its own."""
    settings, running = settings_of(ctx)
    return store_of(settings, clock=clock_of(running) if running is not None and running.api else None)


async def _units(ctx: typer.Context) -> list[dict[str, Any]]:
    async with _opened(ctx) as store, store.read() as conn:
        assert store.clock is not None  # noqa: S101 - an opened store has its clock
        found = await registry.unit_names(conn)
        settings = await unit_settings.settings_of_units(conn, store.clock.now())
    return [_row(unit, settings.get(code, Settings())) for code, unit in sorted(found.items())]


def _row(unit: registry.Unit, settings: Settings) -> dict[str, Any]:
    said = (unit.code, unit.kind, unit.name_zh, unit.name_en, settings.head, sorted(settings.off))
    return dict(zip(COLUMNS, said, strict=True))


async def _change(ctx: typer.Context, unit: str, work: Callable[[Transaction], Awaitable[bool]]) -> bool:
    async with _opened(ctx) as store:
        try:
            async with store.begin() as tx:
                return await work(tx)
        except UnitNotFound:
            raise Stopped(say("fault.no_unit", unit=unit)) from None
        except Incomplete:
            raise Stopped(say("fault.not_of_unit", unit=unit)) from None


def _tell(ctx: typer.Context, sentence: str, *, changed: bool) -> None:
    if given(ctx).json:
        print_json({"changed": changed})
    else:
        typer.echo(sentence if changed else say("registry.as_it_was", sentence=sentence))
