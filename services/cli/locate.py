"""locate: the responsible unit of each row of a table, from the registry alone. Sends nothing and needs no broker."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli import row_options as options
from services.cli.locate_rows import LocateColumns, Locating, read_table
from services.cli.session import given, settings_of, store_of
from services.cli.show import print_json
from services.cli.stopped import Stopped
from services.cli.words import language, say
from services.domain.datum import Datum
from services.handlers.ground_map import GroundMap, draw_map
from services.settings import Settings

EXAMPLE = "quanzu locate calls.csv.gz --out located.csv --datum GCJ02 --label precinct"


def locate(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="IN.csv[.gz]")],
    *,
    out: Annotated[Path, typer.Option(metavar="OUT.csv[.gz]", help=say("option.out"))],
    lat: options.Lat = "lat",
    lon: options.Lon = "lon",
    datum: options.InDatum = Datum.WGS84,
    region_code: options.RegionCode = None,
    county: options.County = None,
    address: options.Address = None,
    label: options.Label = None,
) -> None:
    columns = LocateColumns(lat=lat, lon=lon, region_code=region_code, county=county, address=address, label=label)
    settings = settings_of(ctx)[0]
    table = read_table(file, columns)
    if not out.parent.is_dir() or out.is_dir():
        raise Stopped(say("fault.no_folder", path=out), code=2)
    ground = asyncio.run(_map(settings))
    if not ground.units:
        raise Stopped(say("fault.no_map"))
    run = Locating(
        table=table,
        ground=ground,
        datum=datum,
        language=language(),
        edge_limit_m=settings.edge_limit_m,
        station_limit_m=settings.station_limit_m,
    )
    run.write(out)
    if given(ctx).json:
        print_json(run.summary())
    else:
        _tell(run.summary(), out)


locate.__doc__ = f"{say('help.locate')}\n\n{say('example', command=EXAMPLE)}"


async def _map(settings: Settings) -> GroundMap:
    async with store_of(settings) as store, store.read() as conn:
        assert store.clock is not None  # noqa: S101 - an opened store has its clock
        return await draw_map(conn, at=store.clock.now())


def _tell(summary: dict[str, Any], out: Path) -> None:
    typer.echo(say("locate.summary", **summary))
    for rule, count in summary["by_rule"].items():
        typer.echo(f"  {rule:<12} {count}")
    if summary["labelled"]:
        typer.echo(say("replay.agreement", **summary))
        if summary["misses"]:
            typer.echo(say("locate.near_misses", **summary))
        if summary["unknown_labels"]:
            typer.echo(say("locate.unknown_labels", labels=" ".join(summary["unknown_labels"])))
    typer.echo(say("locate.written", path=out))
