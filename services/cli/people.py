"""people: who may log in and as what, and the end of it at once; account: passwords of a small centre."""

import asyncio
import getpass
import sys
from typing import Annotated

import typer

from services.cli.session import given, settings_of, store_of
from services.cli.show import local, print_json, print_table
from services.cli.stopped import Stopped
from services.cli.words import say
from services.domain.actor import Actor
from services.domain.refusals import Incomplete, PersonNotFound, ResponderNotFound, UnitNotFound
from services.domain.words import Role
from services.handlers.password_rules import LONGEST, SHORTEST, weakness
from services.handlers.passwords import hashed
from services.handlers.people import cut_off, let_in
from services.settings import Settings, Way
from services.store import people as kept
from services.store.people import CutOff, Person

people = typer.Typer(help=say("help.people"), no_args_is_help=True, pretty_exceptions_enable=False)
account = typer.Typer(help=say("help.account"), no_args_is_help=True, pretty_exceptions_enable=False)

AS_ROLE = Annotated[Role, typer.Option("--role", help=say("option.role"))]
OF_UNIT = Annotated[str | None, typer.Option("--unit", help=say("option.unit_of_token"))]
AS_RESPONDER = Annotated[str | None, typer.Option("--responder", help=say("option.responder"))]
LONGEST_NAME = 100


@people.command(
    help=say("help.people.add"),
    epilog=say("example", command="quanzu people add desk-01 --login 018f-… --role desk --unit MT01"),
)
def add(
    ctx: typer.Context,
    name: str,
    *,
    role: AS_ROLE,
    login: Annotated[str | None, typer.Option(help=say("option.login"))] = None,
    unit: OF_UNIT = None,
    responder: AS_RESPONDER = None,
) -> None:
    asyncio.run(_add(settings_of(ctx)[0], name, login=login, role=role, unit=unit, responder=responder))
    typer.echo(say("people.added", name=name))


async def _add(
    settings: Settings, name: str, *, login: str | None, role: Role, unit: str | None, responder: str | None
) -> None:
    if not name or len(name) > LONGEST_NAME or any(char.isspace() or char in "/\0" for char in name):
        raise Stopped(say("fault.bad_name"), code=2)
    async with store_of(settings) as store, store.begin() as tx:
        try:
            await let_in(tx, name, by=_whoever(), login=login, role=role, unit=unit, responder=responder)
        except UnitNotFound:
            raise Stopped(say("fault.no_unit", unit=unit), code=2) from None
        except ResponderNotFound:
            raise Stopped(say("fault.no_responder", responder=responder), code=2) from None
        except Incomplete as missing:
            raise Stopped(say(f"fault.person_{missing.facts['field']}", role=role.value), code=2) from None


@people.command("list", help=say("help.people.list"), epilog=say("example", command="quanzu people list"))
def list_(ctx: typer.Context) -> None:
    rows = asyncio.run(_list(settings_of(ctx)[0]))
    columns = ("name", "login", "role", "unit", "responder", "added_at", "revoked_at")
    if given(ctx).json:
        print_json([{name: getattr(row, name) for name in columns} for row in rows])
    else:
        shown = [
            (one.name, one.login, one.role, one.unit, one.responder, local(one.added_at), local(one.revoked_at))
            for one in rows
        ]
        print_table(columns, shown)


async def _list(settings: Settings) -> list[Person]:
    async with store_of(settings) as store, store.read() as conn:
        return await kept.everybody(conn)


@people.command(
    help=say("help.people.revoke"),
    epilog=say("example", command="quanzu people revoke R0117 · quanzu people revoke R0117 --phone-lost"),
)
def revoke(
    ctx: typer.Context,
    name: str,
    phone_lost: Annotated[bool, typer.Option("--phone-lost", help=say("option.phone_lost"))] = False,
) -> None:
    cut = asyncio.run(_revoke(settings_of(ctx)[0], name, may_return=phone_lost))
    counts = {part: getattr(cut, part) for part in CutOff.__dataclass_fields__}
    if given(ctx).json:
        print_json({"name": name, **counts})
    else:
        typer.echo(say("people.revoked", name=name, **counts))


async def _revoke(settings: Settings, name: str, *, may_return: bool) -> CutOff:
    async with store_of(settings) as store, store.begin() as tx:
        try:
            return await cut_off(tx, name, by=_whoever(), may_return=may_return)
        except PersonNotFound:
            raise Stopped(say("fault.no_person", name=name)) from None


def _whoever() -> Actor:
    return Actor(name=f"cli:{getpass.getuser()}", role=Role.ADMINISTRATOR)


@account.command(
    "add",
    help=say("help.account.add"),
    epilog=say("example", command="quanzu account add desk-01 --role desk --unit MT01"),
)
def add_account(
    ctx: typer.Context, name: str, role: AS_ROLE, unit: OF_UNIT = None, responder: AS_RESPONDER = None
) -> None:
    settings = _with_accounts(ctx)
    secret = _new_password(settings, name, unit, responder)
    asyncio.run(_add(settings, name, login=None, role=role, unit=unit, responder=responder))
    asyncio.run(_set_password(settings, name, hashed(secret)))
    typer.echo(say("people.added", name=name))


@account.command(help=say("help.account.password"), epilog=say("example", command="quanzu account password desk-01"))
def password(ctx: typer.Context, name: str) -> None:
    settings = _with_accounts(ctx)
    asyncio.run(_set_password(settings, name, hashed(_new_password(settings, name))))
    typer.echo(say("account.changed", name=name))


@account.command(help=say("help.account.disable"), epilog=say("example", command="quanzu account disable desk-01"))
def disable(ctx: typer.Context, name: str) -> None:
    asyncio.run(_set_password(settings_of(ctx)[0], name, None))
    typer.echo(say("account.disabled", name=name))


def _with_accounts(ctx: typer.Context) -> Settings:
    settings = settings_of(ctx)[0]
    if Way.ACCOUNTS not in settings.ways_in:
        raise Stopped(say("fault.no_accounts"), code=2)
    return settings


def _new_password(settings: Settings, *person: str | None) -> str:
    """Asked for twice at a terminal; one line of the input otherwise, so that it is in no process list."""
    if sys.stdin.isatty():
        secret: str = typer.prompt(say("account.new_password"), hide_input=True, confirmation_prompt=True)
    else:
        secret = sys.stdin.readline().rstrip("\n")
    weak = weakness(secret, place=settings.words_of_place, person=person)
    if weak is not None:
        raise Stopped(say(f"fault.password_{weak.value}", least=SHORTEST, most=LONGEST), code=2)
    return secret


async def _set_password(settings: Settings, name: str, secret: str | None) -> None:
    async with store_of(settings) as store, store.begin() as tx:
        if not await kept.set_password(tx, name, secret):
            raise Stopped(say("fault.no_person", name=name))
