"""audit: verify the chain of seals against its rows and its checkpoints; list who read and did what."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.cli.session import given, settings_of, store_of
from services.cli.show import local, print_json, print_table
from services.cli.stopped import Stopped
from services.cli.words import say
from services.domain.chain import Checkpoint, Fault
from services.handlers.audit import Verified, read_checkpoint
from services.handlers.audit import verify as check
from services.settings import Settings
from services.store import audit

app = typer.Typer(help=say("help.audit"), no_args_is_help=True, pretty_exceptions_enable=False)

LONGEST_LINE = 1_000
COLUMNS = ("id", "at", "actor", "role", "unit", "action", "about", "key", "detail")


@app.command(help=say("help.audit.verify"), epilog=say("example", command="quanzu audit verify"))
def verify(
    ctx: typer.Context,
    checkpoints: Annotated[
        list[Path] | None, typer.Option("--checkpoints", metavar="FILE", help=say("option.checkpoints"))
    ] = None,
) -> None:
    settings = settings_of(ctx)[0]
    files = checkpoints or [settings.checkpoints]
    if checkpoints is None and not settings.checkpoints.exists():
        typer.echo(say("audit.no_checkpoints", path=settings.checkpoints), err=True)
        files = []
    found = asyncio.run(_verify(settings, [one for file in files for one in _read(file)]))
    if given(ctx).json:
        print_json(_document(found))
    else:
        typer.echo(
            say(
                "audit.verified",
                seals=found.seals,
                rows=found.rows,
                checkpoints=found.checkpoints,
                unsealed=found.unsealed,
            )
        )
        typer.echo(say("audit.sound") if found.fault is None else _told(found.fault))
    raise typer.Exit(0 if found.fault is None else 1)


async def _verify(settings: Settings, checkpoints: list[Checkpoint]) -> Verified:
    key = Ed25519PrivateKey.from_private_bytes(settings.audit_seed).public_key()
    async with store_of(settings) as store, store.read() as conn:
        return await check(conn, checkpoints, key=key)


def _read(file: Path) -> list[Checkpoint]:
    """Every checkpoint of a file. A last line without its end was cut off by a crash: it is left out."""
    *lines, rest = file.read_bytes().split(b"\n")
    if rest.strip():
        typer.echo(say("audit.half_line", path=file), err=True)
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(read_checkpoint(line[:LONGEST_LINE]))
        except ValueError:
            raise Stopped(say("fault.checkpoint", path=file, line=number)) from None
    return found


def _told(fault: Fault) -> str:
    return say(f"audit.{fault.wrong}", number=fault.number, table=fault.table, row=fault.row)


def _document(found: Verified) -> dict[str, Any]:
    fault = found.fault
    told = None if fault is None else {name: getattr(fault, name) for name in ("wrong", "number", "table", "row")}
    counts = {name: getattr(found, name) for name in ("seals", "rows", "unsealed", "checkpoints")}
    return counts | {"fault": told}


@app.command("list", help=say("help.audit.list"), epilog=say("example", command="quanzu audit list --actor desk-01"))
def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help=say("option.limit"))] = 50,
    *,
    actor: Annotated[str | None, typer.Option(metavar="NAME", help=say("option.audit_actor"))] = None,
    key: Annotated[str | None, typer.Option(metavar="TEXT", help=say("option.audit_key"))] = None,
) -> None:
    rows = asyncio.run(_list(settings_of(ctx)[0], limit, actor, key))
    if given(ctx).json:
        print_json(rows)
    else:
        print_table(COLUMNS, [[local(cell) if name == "at" else cell for name, cell in row.items()] for row in rows])


async def _list(settings: Settings, limit: int, actor: str | None, key: str | None) -> list[dict[str, Any]]:
    async with store_of(settings) as store, store.read() as conn:
        found = await audit.page(conn, before=None, limit=limit, actor=actor, key=key)
    return [{"id": one.id} | {name: getattr(one.line, name) for name in COLUMNS[1:]} for one in found]
