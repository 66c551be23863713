"""db: bring the database to the newest schema, or say how it differs."""

import asyncio

import typer

from services.cli.session import given, make_file, own_settings, settings_of, store_of
from services.cli.show import print_json
from services.cli.words import say
from services.settings import Settings
from services.store import schema
from services.store.revision import is_current

app = typer.Typer(help=say("help.db"), no_args_is_help=True, pretty_exceptions_enable=False)


@app.command(help=say("help.db.upgrade"), epilog=say("example", command="quanzu db upgrade"))
def upgrade(ctx: typer.Context) -> None:
    asyncio.run(_upgrade(own_settings(ctx)))
    typer.echo(say("db.upgraded"))


async def _upgrade(settings: Settings) -> None:
    make_file(settings)
    async with store_of(settings, newest=False) as store:
        await schema.upgrade(store)


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
