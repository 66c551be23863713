"""source: the systems that send warnings by HTTP, each with how many a minute are taken at once."""

import asyncio
import getpass
from typing import Annotated

import typer

from services.cli.session import given, settings_of, store_of
from services.cli.show import local, print_json, print_table
from services.cli.stopped import Stopped
from services.cli.words import say
from services.domain.actor import Actor
from services.domain.words import Role
from services.settings import Settings
from services.store import audit, sources
from services.store.sources import Source

app = typer.Typer(help=say("help.source"), no_args_is_help=True, pretty_exceptions_enable=False)

LONGEST = 256
COLUMNS = ("code", "quota_per_min", "over_since", "over_at")


@app.command("set", help=say("help.source.set"), epilog=say("example", command="quanzu source set /bank-1 --quota 600"))
def set_(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(metavar="SOURCE")],
    *,
    quota: Annotated[int, typer.Option(min=1, max=1_000_000, help=say("option.quota"))] = 600,
) -> None:
    if not code.startswith("/") or len(code) > LONGEST or not code.isprintable():
        raise Stopped(say("fault.source_code", source=code[:LONGEST]), code=2)
    asyncio.run(_set(settings_of(ctx)[0], code, quota))
    typer.echo(say("source.kept", source=code, quota=quota), err=given(ctx).json)


async def _set(settings: Settings, code: str, quota: int) -> None:
    by = Actor(name=getpass.getuser(), role=Role.ADMINISTRATOR)
    async with store_of(settings) as store, store.begin() as tx:
        await sources.keep(tx, code, quota_per_min=quota, by=by.name)
        told = audit.line("SOURCE_SET", at=tx.now, by=by, about="source", key=code, detail={"quota": quota})
        await audit.add(tx, [told])


@app.command("list", help=say("help.source.list"), epilog=say("example", command="quanzu source list"))
def list_(ctx: typer.Context) -> None:
    found = asyncio.run(_list(settings_of(ctx)[0]))
    if given(ctx).json:
        print_json([{name: getattr(one, name) for name in COLUMNS} for one in found])
    else:
        rows = [(one.code, one.quota_per_min, local(one.over_since), local(one.over_at)) for one in found]
        print_table(COLUMNS, rows)


async def _list(settings: Settings) -> list[Source]:
    async with store_of(settings) as store, store.read() as conn:
        return await sources.all_of(conn)
