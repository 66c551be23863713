"""db: bring the database to the newest schema, or say how it differs."""

import asyncio
from typing import Annotated

import typer

from services.cli.session import given, make_file, own_settings, settings_of, store_of
from services.cli.show import print_json
from services.cli.stopped import Stopped
from services.cli.words import say
from services.settings import Settings
from services.store import grants, schema
from services.store.engine import Store
from services.store.revision import is_current

app = typer.Typer(help=say("help.db"), no_args_is_help=True, pretty_exceptions_enable=False)


@app.command(help=say("help.db.upgrade"), epilog=say("example", command="quanzu db upgrade"))
def upgrade(
    ctx: typer.Context,
    *,
    role: Annotated[str | None, typer.Option("--role", metavar="NAME", help=say("option.db_grant"))] = None,
) -> None:
    asyncio.run(_upgrade(own_settings(ctx), role))
    typer.echo(say("db.upgraded"))
    if role is not None:
        typer.echo(say("db.granted", role=role))


async def _upgrade(settings: Settings, role: str | None) -> None:
    make_file(settings)
    async with store_of(settings, newest=False) as store:
        await schema.upgrade(store)
        if role is not None:
            await _grant_on(store, role)


@app.command(help=say("help.db.check"), epilog=say("example", command="quanzu db check"))
def check(ctx: typer.Context) -> None:
    current, differences = asyncio.run(_check(settings_of(ctx)[0]))
    if given(ctx).json:
        print_json({"current": current, "differences": differences})
    else:
        typer.echo(say("db.current") if current else say("fault.not_current"))
        for difference in differences:
            typer.echo(f"  {difference}")
    raise typer.Exit(0 if current and not differences else 1)


async def _check(settings: Settings) -> tuple[bool, list[str]]:
    async with store_of(settings, newest=False) as store:
        return await is_current(store), await schema.differences(store)


@app.command(help=say("help.db.grant"), epilog=say("example", command="quanzu db grant --role quanzu_app"))
def grant(
    ctx: typer.Context, *, role: Annotated[str, typer.Option("--role", metavar="NAME", help=say("option.db_role"))]
) -> None:
    asyncio.run(_grant(settings_of(ctx)[0], role))
    typer.echo(say("db.granted", role=role))


async def _grant(settings: Settings, role: str) -> None:
    async with store_of(settings) as store:
        await _grant_on(store, role)


async def _grant_on(store: Store, role: str) -> None:
    if not store.postgres:
        raise Stopped(say("fault.no_roles"), code=2)
    async with store.begin() as tx:
        try:
            await grants.grant(tx.conn, role)
        except grants.NoSuchRole:
            raise Stopped(say("fault.no_role", role=role), code=2) from None
        except grants.NotBehind:
            raise Stopped(say("fault.not_behind", role=role)) from None
