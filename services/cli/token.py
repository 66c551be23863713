"""token: make, list and revoke the named secrets by which people and machines come in."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

import typer

from services.cli.session import given, settings_of, store_of
from services.cli.show import local, print_json, print_table
from services.cli.stopped import Stopped
from services.cli.words import say
from services.domain.words import Role
from services.settings import Settings
from services.store import registry, sources, status, tokens

app = typer.Typer(help=say("help.token"), no_args_is_help=True, pretty_exceptions_enable=False)

OF_A_UNIT = (Role.DESK, Role.RESPONDER)
OF_A_PERSON = (Role.RESPONDER, Role.DEVICE)


@app.command(
    help=say("help.token.add"), epilog=say("example", command="quanzu token add desk-01 --role desk --unit MT01")
)
def add(
    ctx: typer.Context,
    name: str,
    *,
    role: Annotated[Role, typer.Option(help=say("option.role"))],
    unit: Annotated[str | None, typer.Option(help=say("option.unit_of_token"))] = None,
    responder: Annotated[str | None, typer.Option(help=say("option.responder"))] = None,
    source: Annotated[str | None, typer.Option(help=say("option.source"))] = None,
) -> None:
    if role is Role.SYSTEM:
        raise Stopped(say("fault.system_role"), code=2)
    if role in OF_A_UNIT and unit is None:
        raise Stopped(say("fault.needs_unit", role=role.value), code=2)
    if role in OF_A_PERSON and responder is None:
        raise Stopped(say("fault.needs_responder", role=role.value), code=2)
    if (source is None) == (role is Role.INTEGRATOR):
        raise Stopped(say("fault.needs_source"), code=2)
    whose = {"unit": unit, "responder": responder, "source": source}
    secret = asyncio.run(_add(settings_of(ctx)[0], name, role, whose))
    if given(ctx).json:
        print_json({"name": name, "role": role.value, **whose, "token": secret})
    else:
        typer.echo(secret)
        typer.echo(say("token.shown_once"), err=True)


async def _add(settings: Settings, name: str, role: Role, whose: Mapping[str, str | None]) -> str:
    unit, responder, source = whose["unit"], whose["responder"], whose["source"]
    async with store_of(settings) as store, store.begin() as tx:
        if unit is not None and unit not in await registry.unit_names(tx.conn):
            raise Stopped(say("fault.no_unit", unit=unit), code=2)
        if role is Role.DEVICE and await status.unit_of(tx.conn, responder or "") is None:
            raise Stopped(say("fault.no_responder", responder=responder), code=2)
        if source is not None and await sources.find(tx.conn, source) is None:
            raise Stopped(say("fault.no_source", source=source), code=2)
        try:
            return await tokens.make(tx, name, role=role, **whose)
        except tokens.TooManyKeys:
            raise Stopped(say("fault.two_keys", source=source)) from None


@app.command("list", help=say("help.token.list"), epilog=say("example", command="quanzu token list"))
def list_(ctx: typer.Context) -> None:
    rows = asyncio.run(_list(settings_of(ctx)[0]))
    columns = ("name", "role", "unit", "responder", "source", "created_at", "revoked_at")
    if given(ctx).json:
        print_json([{name: getattr(row, name) for name in columns} for row in rows])
    else:
        print_table(
            columns,
            [
                (row.name, row.role, row.unit, row.responder, row.source, local(row.created_at), local(row.revoked_at))
                for row in rows
            ],
        )


async def _list(settings: Settings) -> list[tokens.Token]:
    async with store_of(settings) as store, store.read() as conn:
        return await tokens.all_of(conn)


@app.command(help=say("help.token.revoke"), epilog=say("example", command="quanzu token revoke desk-01"))
def revoke(ctx: typer.Context, name: str) -> None:
    if not asyncio.run(_revoke(settings_of(ctx)[0], name)):
        raise Stopped(say("fault.no_token", name=name))
    typer.echo(say("token.revoked", name=name))


async def _revoke(settings: Settings, name: str) -> bool:
    async with store_of(settings) as store, store.begin() as tx:
        return await tokens.revoke(tx, name)
