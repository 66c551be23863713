"""registry: bring in units with their jurisdictions and stations. Reading and judging files is handlers/registry_import."""

import asyncio
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.session import given, settings_of, store_of
from services.cli.show import print_json, print_table
from services.cli.stopped import Stopped
from services.cli.words import say
from services.handlers.csv_rows import BadFile
from services.handlers.registry_import import Columns, Found, lay_down, read_files, vanished
from services.settings import Settings
from services.store import registry

app = typer.Typer(help=say("help.registry"), no_args_is_help=True, pretty_exceptions_enable=False)

SHOWN = 50  # bad rows in the table; --json has them all
EXAMPLE = "quanzu registry import --jurisdictions areas.geojson --code code --name name --commit"


class Level(StrEnum):
    PRECINCT = "precinct"
    COUNTY = "county"
    GRID = "grid"


@app.callback()
def registry_() -> None:
    """A group even while it has one command."""


@app.command("import", help=say("help.registry.import"), epilog=say("example", command=EXAMPLE))
def import_(
    ctx: typer.Context,
    *,
    jurisdictions: Annotated[Path, typer.Option(metavar="F.geojson", help=say("option.jurisdictions"))],
    code: Annotated[str, typer.Option(metavar="PROPERTY", help=say("option.code"))],
    name: Annotated[str | None, typer.Option(metavar="PROPERTY", help=say("option.name_property"))] = None,
    level: Annotated[Level, typer.Option(help=say("option.level"))] = Level.PRECINCT,
    stations: Annotated[Path | None, typer.Option(metavar="F.csv", help=say("option.stations"))] = None,
    station_code: Annotated[str | None, typer.Option(metavar="COLUMN", help=say("option.station_code"))] = None,
    station_name: Annotated[str | None, typer.Option(metavar="COLUMN", help=say("option.station_name"))] = None,
    lat: Annotated[str, typer.Option(metavar="COLUMN", help=say("option.lat_column"))] = "lat",
    lon: Annotated[str, typer.Option(metavar="COLUMN", help=say("option.lon_column"))] = "lon",
    commit: Annotated[bool, typer.Option("--commit", help=say("option.commit"))] = False,
) -> None:
    if stations is not None and station_code is None:
        raise Stopped(say("fault.needs_station_code"), code=2)
    if level is Level.GRID:
        raise Stopped(say("fault.no_grid"), code=2)
    columns = Columns(code=code, name=name, station_code=station_code, station_name=station_name, lat=lat, lon=lon)
    try:
        found = read_files(jurisdictions, stations, columns, level=level)
    except BadFile as bad:
        raise Stopped(str(bad), code=2) from None
    summary = asyncio.run(_import(settings_of(ctx)[0], found, level, commit=commit))
    if given(ctx).json:
        print_json(summary | {"faults": [asdict(fault) for fault in found.faults]})
    else:
        _tell(summary, found)
    raise typer.Exit(1 if found.bad else 0)


async def _import(settings: Settings, found: Found, level: Level, *, commit: bool) -> dict[str, Any]:
    """Counts, and whether it was written: never while a row is bad."""
    write = commit and not found.bad
    async with store_of(settings) as store:
        async with store.read() as conn:
            lost = vanished((await registry.unit_names(conn)).values(), found, level=level)
        if write:
            async with store.begin() as tx:
                await lay_down(tx, found, level=level)
    return {
        "written": write,
        "units": len(found.units),
        "areas": len(found.areas),
        "stations": len(found.stations),
        "bad": len(found.bad),
        "without_station": found.without_station,
        "without_ground_now": lost,
    }


def _tell(summary: dict[str, Any], found: Found) -> None:
    typer.echo(say("registry.counts", **summary))
    for key in ("without_station", "without_ground_now"):
        if summary[key]:
            typer.echo(say(f"registry.{key}", codes=" ".join(summary[key])))
    if found.faults:
        rows = [(fault.file, fault.line, fault.reason, fault.fix) for fault in found.faults[:SHOWN]]
        print_table([say(f"registry.{name}") for name in ("file", "line", "reason", "fix")], rows)
    if summary["written"]:
        typer.echo(say("registry.written"))
    else:
        typer.echo(say("registry.bad_rows") if found.bad else say("registry.dry_run"))
