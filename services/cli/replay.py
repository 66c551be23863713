"""replay: each row of a CSV becomes a warning on Kafka, and the end says what became of them."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from services.cli import row_options as options
from services.cli.issuing import broker_of
from services.cli.replay_rows import RowColumns, rows_of
from services.cli.replay_run import Pace, Replay
from services.cli.running import Running, clock_of
from services.cli.session import given, settings_of, store_of
from services.cli.show import print_json
from services.cli.stopped import Stopped
from services.cli.words import say
from services.domain.datum import Datum
from services.domain.words import Risk
from services.settings import Settings
from services.store.sealing import Sealer

EXAMPLE = "quanzu replay calls.csv.gz --rate 200 --datum GCJ02 --label precinct"


def replay(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="IN.csv[.gz]")],
    *,
    rate: Annotated[float | None, typer.Option(min=0.001, help=say("option.rate"))] = None,
    speed: Annotated[float | None, typer.Option(min=0.001, help=say("option.speed"))] = None,
    at: Annotated[str, typer.Option(metavar="COLUMN", help=say("option.at_column"))] = "occurred_at",
    risk: Annotated[Risk, typer.Option(help=say("option.risk"))] = Risk.HIGH,
    lat: options.Lat = "lat",
    lon: options.Lon = "lon",
    datum: options.InDatum = Datum.WGS84,
    region_code: options.RegionCode = None,
    county: options.County = None,
    address: options.Address = None,
    label: options.Label = None,
    fraud_type: Annotated[str | None, typer.Option("--type", metavar="COLUMN", help=say("option.type"))] = None,
    id_: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help=say("option.id"))] = None,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help=say("option.wait"))] = 300.0,
) -> None:
    if rate is not None and speed is not None:
        raise Stopped(say("fault.rate_or_speed"), code=2)
    columns = RowColumns(
        lat=lat,
        lon=lon,
        region_code=region_code,
        county=county,
        address=address,
        label=label,
        fraud_type=fraud_type,
        id=id_,
        at=at if speed is not None else None,
    )
    rows = rows_of(file, columns, datum=datum)
    run = Replay(
        rows=rows, risk=risk, pace=Pace(rate=rate, speed=speed), source=f"/quanzu/replay/{uuid4()}", wait_s=wait
    )
    summary = asyncio.run(_replay(*settings_of(ctx), run))
    if given(ctx).json:
        print_json(summary)
    else:
        _tell(summary)
    raise typer.Exit(0 if summary["unsettled"] == 0 and not summary["interrupted"] else 1)


replay.__doc__ = f"{say('help.replay')}\n\n{say('example', command=EXAMPLE)}"


async def _replay(settings: Settings, running: Running | None, run: Replay) -> dict[str, Any]:
    address = broker_of(settings)
    sealer = Sealer(settings.masters, settings.index, *settings.index_over)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, run.stop.set)
    async with store_of(settings) as store:
        clock = clock_of(running) if running is not None and running.api else store.clock
        assert clock is not None  # noqa: S101 - an opened store has its clock
        await run.begin(store)
        await run.send(address, clock)
        await run.settle(store, sealer)
        return await run.summary(store)


def _tell(summary: dict[str, Any]) -> None:
    typer.echo(say("replay.summary", **summary))
    for rule, count in summary["by_rule"].items():
        typer.echo(f"  {rule:<12} {count}")
    if summary["labelled"]:
        typer.echo(say("replay.agreement", **summary))
    if summary["unsettled"]:
        typer.echo(say("replay.unsettled", **summary))
