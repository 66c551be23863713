"""keys: which master key has wrapped what, wrapping all of it by the newest; a new key over the blind indexes."""

import asyncio
from dataclasses import replace
from typing import Any

import typer

from services.cli.progress import progress
from services.cli.session import given, settings_of, store_of
from services.cli.show import print_json, print_table
from services.cli.words import say
from services.handlers import archive_keys
from services.handlers.key_rotation import Rotated, rotate, waiting
from services.handlers.reindex import Found, Reindexed, reindex
from services.settings import Settings
from services.store import keys
from services.store.sealing import Sealer

app = typer.Typer(help=say("help.keys"), no_args_is_help=True, pretty_exceptions_enable=False)

COLUMNS = ("table", "key", "rows", "which")


@app.command(help=say("help.keys.status"), epilog=say("example", command="quanzu keys status"))
def status(ctx: typer.Context) -> None:
    rows = asyncio.run(_status(settings_of(ctx)[0]))
    if given(ctx).json:
        print_json(rows)
    else:
        print_table(COLUMNS, [[*list(row.values())[:3], say(f"keys.{row['which']}")] for row in rows])
    raise typer.Exit(1 if any(row["which"] == "not_here" for row in rows) else 0)


async def _status(settings: Settings) -> list[dict[str, Any]]:
    sealer = Sealer(settings.masters, settings.index, *settings.index_over)
    async with store_of(settings) as store, store.read() as conn:
        found = {table.name: await keys.counts(conn, table) for table in keys.keyed()}
    found["archives"] = archive_keys.counts(settings.archive_folder)
    return [
        {"table": table, "key": master.hex(), "rows": count, "which": _which(sealer, master)}
        for table, counts in found.items()
        for master, count in sorted(counts.items())
    ]


def _which(sealer: Sealer, master: bytes) -> str:
    if master == sealer.current:
        return "newest"
    return "older" if master in sealer.known else "not_here"


@app.command("rotate", help=say("help.keys.rotate"), epilog=say("example", command="quanzu keys rotate"))
def rotate_(ctx: typer.Context) -> None:
    settings = settings_of(ctx)[0]
    sealer = Sealer(settings.masters, settings.index, *settings.index_over)
    found = asyncio.run(_rotate(settings, sealer))
    clean = not found.left and not found.unknown
    if given(ctx).json:
        print_json({"key": sealer.current.hex(), "done": found.done, "left": found.left, "unknown": found.unknown})
    else:
        told = {"done": found.done, "left": found.left, "unknown": found.unknown, "master": sealer.current.hex()}
        typer.echo(say("keys.rotated" if clean else "keys.left", **told))
    raise typer.Exit(0 if clean else 1)


async def _rotate(settings: Settings, sealer: Sealer) -> Rotated:
    async with store_of(settings) as store:
        with progress(say("keys.rotating"), await waiting(store, sealer)) as tell:
            found = await rotate(store, sealer, tell=tell)
    archived = archive_keys.rewrap(settings.archive_folder, sealer)
    return replace(found, done=found.done + archived.done, unknown=found.unknown + archived.unknown)


@app.command("reindex", help=say("help.keys.reindex"), epilog=say("example", command="quanzu keys reindex"))
def reindex_(ctx: typer.Context) -> None:
    done = asyncio.run(_reindex(settings_of(ctx)[0]))
    if given(ctx).json:
        print_json({"found": done.found.value, "hashes": done.hashes})
    else:
        typer.echo(say(f"keys.reindex.{done.found.lower()}", hashes=done.hashes))
    raise typer.Exit(1 if done.found in (Found.AT_WORK, Found.UNKNOWN) else 0)


async def _reindex(settings: Settings) -> Reindexed:
    async with store_of(settings) as store:
        return await reindex(store, settings.masters, settings.indexes)
