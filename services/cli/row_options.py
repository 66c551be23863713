"""The options of `locate` and `replay` that say which column of a table holds what."""

from typing import Annotated

import typer

from services.cli.words import say
from services.domain.datum import Datum

Lat = Annotated[str, typer.Option(metavar="COLUMN", help=say("option.lat_column"))]
Lon = Annotated[str, typer.Option(metavar="COLUMN", help=say("option.lon_column"))]
InDatum = Annotated[Datum, typer.Option(help=say("option.datum"))]
RegionCode = Annotated[str | None, typer.Option(metavar="COLUMN", help=say("option.region_code"))]
County = Annotated[str | None, typer.Option(metavar="COLUMN", help=say("option.county_column"))]
Address = Annotated[str | None, typer.Option(metavar="COLUMN", help=say("option.address"))]
Label = Annotated[str | None, typer.Option(metavar="COLUMN", help=say("option.label"))]
