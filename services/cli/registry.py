"""registry: bring in units, areas, stations, codes, villages and people; write them out again; look them over."""

import asyncio
import getpass
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.registry_findings import findings_for_machines, tell_findings
from services.cli.registry_shown import tell
from services.cli.registry_units import add_to
from services.cli.rota import Undone, import_for_machines, tell_import
from services.cli.running import Running, clock_of
from services.cli.session import given, settings_of, store_of
from services.cli.show import LOCAL, print_json
from services.cli.stopped import Stopped
from services.cli.words import language, say
from services.clock import Clock
from services.domain.refusals import Incomplete
from services.handlers.registry_check import check as look_over
from services.handlers.registry_export import export as files_of
from services.handlers.registry_found import FIELDS, Columns
from services.handlers.registry_import import Files, Manner, Stored, read_files, stored, work_of
from services.handlers.registry_outcome import Outcome, summary_of
from services.handlers.registry_words import told
from services.handlers.rota_import import Laid, known_of, lay_down
from services.handlers.rota_rows import FoundRota, read_csv
from services.settings import Settings
from services.store import rota
from services.store.engine import Transaction
from services.store.registry_changes import ChangedMeanwhile, carry_out, last_change

app = typer.Typer(help=say("help.registry"), no_args_is_help=True, pretty_exceptions_enable=False)
add_to(app)

EXAMPLE = "quanzu registry import --jurisdictions areas.geojson --code code --name name --commit"


DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]
At = Annotated[datetime | None, typer.Option(metavar="DATE", formats=DATES, help=say("option.at"))]


class Level(StrEnum):
    CENTRE = "centre"
    COUNTY = "county"
    PRECINCT = "precinct"
    GRID = "grid"


@app.callback()
def registry_() -> None:
    """A group even while it has one command."""


@app.command("import", help=say("help.registry.import"), epilog=say("example", command=EXAMPLE))
def import_(
    ctx: typer.Context,
    *,
    jurisdictions: Annotated[Path | None, typer.Option(metavar="F.geojson", help=say("option.jurisdictions"))] = None,
    code: Annotated[str | None, typer.Option(metavar="PROPERTY", help=say("option.code"))] = None,
    name: Annotated[str | None, typer.Option(metavar="PROPERTY", help=say("option.name_property"))] = None,
    name_en: Annotated[str | None, typer.Option(metavar="PROPERTY", help=say("option.name_en_property"))] = None,
    parent: Annotated[str | None, typer.Option(metavar="PROPERTY", help=say("option.parent"))] = None,
    contact: Annotated[str | None, typer.Option(metavar="PROPERTY", help=say("option.contact"))] = None,
    head: Annotated[str | None, typer.Option(metavar="PROPERTY", help=say("option.head_property"))] = None,
    level: Annotated[Level, typer.Option(help=say("option.level"))] = Level.PRECINCT,
    valid_from: Annotated[
        datetime | None, typer.Option(metavar="DATE", formats=DATES, help=say("option.valid_from"))
    ] = None,
    stations: Annotated[Path | None, typer.Option(metavar="F.csv", help=say("option.stations"))] = None,
    station_code: Annotated[str | None, typer.Option(metavar="COLUMN", help=say("option.station_code"))] = None,
    station_name: Annotated[str | None, typer.Option(metavar="COLUMN", help=say("option.station_name"))] = None,
    lat: Annotated[str, typer.Option(metavar="COLUMN", help=say("option.lat_column"))] = "lat",
    lon: Annotated[str, typer.Option(metavar="COLUMN", help=say("option.lon_column"))] = "lon",
    region_codes: Annotated[Path | None, typer.Option(metavar="F.csv", help=say("option.region_codes"))] = None,
    villages: Annotated[Path | None, typer.Option(metavar="F.csv", help=say("option.villages"))] = None,
    responders: Annotated[Path | None, typer.Option(metavar="F.csv", help=say("option.responders"))] = None,
    rota_file: Annotated[Path | None, typer.Option("--rota", metavar="F.csv", help=say("option.rota_csv"))] = None,
    column: Annotated[list[str] | None, typer.Option(metavar="FILE.FIELD=COLUMN", help=say("option.column"))] = None,
    keep_others: Annotated[bool, typer.Option("--keep-others", help=say("option.keep_others"))] = False,
    by: Annotated[str | None, typer.Option(metavar="NAME", help=say("option.by"))] = None,
    commit: Annotated[bool, typer.Option("--commit", help=say("option.commit"))] = False,
) -> None:
    files = Files(
        jurisdictions=jurisdictions,
        stations=stations,
        region_codes=region_codes,
        villages=villages,
        responders=responders,
    )
    _must_fit(files, code, station_code, valid_from, rota_file)
    properties = {"code": code, "name": name, "name_en": name_en, "parent": parent, "contact": contact, "head": head}
    columns = _columns(
        {f"jurisdictions.{field}": given for field, given in properties.items()}
        | {"stations.code": station_code, "stations.name": station_name, "stations.lat": lat, "stations.lon": lon},
        column or [],
    )
    manner = Manner(level=level.value, valid_from=_begins(valid_from), keep_others=keep_others)
    who = by or getpass.getuser()
    outcome, watch = asyncio.run(
        _import(*settings_of(ctx), files, columns, manner, rota_file=rota_file, by=who, commit=commit)
    )
    summary = summary_of(outcome)
    if given(ctx).json:
        faults = [
            asdict(fault) | dict(zip(("reason", "fix"), told(fault, language()), strict=True))
            for fault in outcome.found.faults
        ]
        print_json(summary | {"faults": faults} | ({} if watch is None else {"rota": watch.for_machines()}))
    else:
        tell(summary, outcome.found)
        if watch is not None:
            tell_import(watch.found, watch.laid, written=watch.written)
    raise typer.Exit(1 if outcome.found.bad or (watch is not None and watch.found.faults) else 0)


def _begins(day: datetime | None) -> datetime | None:
    """A day as people write it, as a moment."""
    return None if day is None else day.replace(tzinfo=LOCAL)


def _clock(running: Running | None) -> Clock | None:
    """The clock of what runs here, where that has one of its own."""
    return clock_of(running) if running is not None and running.api else None


def _must_fit(
    files: Files,
    code: str | None,
    station_code: str | None,
    valid_from: datetime | None,
    rota_file: Path | None,
) -> None:
    if rota_file is None and not any(getattr(files, kind) for kind in FIELDS):
        raise Stopped(say("fault.needs_file"), code=2)
    if files.jurisdictions is not None and code is None:
        raise Stopped(say("fault.needs_code"), code=2)
    if files.stations is not None and station_code is None:
        raise Stopped(say("fault.needs_station_code"), code=2)
    if valid_from is not None and (files.region_codes or files.villages or files.responders):
        raise Stopped(say("fault.valid_from_for_ground"), code=2)


def _columns(options: dict[str, str | None], pairs: list[str]) -> Columns:
    """The options that have a name of their own, then `--column FILE.FIELD=COLUMN`."""
    named = {field: column for field, column in options.items() if column is not None}
    for pair in pairs:
        field, _, column = pair.partition("=")
        kind, _, name = field.partition(".")
        if name not in FIELDS.get(kind, ()) or not column:
            known = " ".join(f"{kind}.{name}" for kind, names in FIELDS.items() for name in names)
            raise Stopped(say("fault.no_column_field", field=pair, known=known), code=2)
        named[field] = column
    return Columns(given=named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the rota's file held, and what laying it down did or would do."""

    found: FoundRota
    laid: list[Laid]
    written: bool

    def for_machines(self) -> dict[str, Any]:
        return import_for_machines(self.found, self.laid, written=self.written)


async def _import(
    settings: Settings,
    running: Running | None,
    files: Files,
    columns: Columns,
    manner: Manner,
    *,
    rota_file: Path | None,
    by: str,
    commit: bool,
) -> tuple[Outcome, Watch | None]:
    """What was found and what would change; written only where nothing is bad."""
    watch: Watch | None = None
    async with store_of(settings, clock=_clock(running)) as store:
        assert store.clock is not None  # noqa: S101 - an opened store has its clock
        async with store.read() as conn:
            seen, there = await last_change(conn), await stored(conn)
        now = store.clock.now()
        found = read_files(files, columns, there, manner, now=now)
        work = work_of(found, there, manner, now=now)
        written = commit and not found.bad
        if not found.bad and (rota_file is not None or (written and work.changes)):
            try:
                async with store.begin() as tx:
                    if work.changes:
                        await carry_out(tx, work, by=by, seen=seen)
                        await rota.draw_anew(tx)  # people came, left or moved
                    if rota_file is not None:  # judged by the people as they are then, in a dry run too
                        watch = await _lay_watch(tx, settings, rota_file, by=by, commit=commit)
                    if not commit or (watch is not None and not watch.written):
                        raise Undone
            except Undone:
                written = False
            except ChangedMeanwhile:
                raise Stopped(say("fault.registry_changed")) from None
            except Incomplete as wrong:
                raise Stopped(say("fault.rota", why=wrong.facts["why"])) from None
        async with store.read() as conn:
            return await Outcome.of(conn, found, work, there, manner, now=now, written=written), watch


async def _lay_watch(tx: Transaction, settings: Settings, path: Path, *, by: str, commit: bool) -> Watch:
    found = read_csv(path, await known_of(tx.conn, settings.zone, now=tx.now))
    units = sorted(found.entries.keys() | found.members.keys())
    laid = [await lay_down(tx, settings.zone, found, unit, by=by) for unit in units]
    return Watch(found=found, laid=laid, written=commit and not found.faults)


@app.command(help=say("help.registry.export"), epilog=say("example", command="quanzu registry export --out registry"))
def export(
    ctx: typer.Context,
    *,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help=say("option.out"))],
    at: At = None,
) -> None:
    there, now = asyncio.run(_stored(*settings_of(ctx)))
    try:
        out.mkdir(parents=True, exist_ok=True)
        written = files_of(there, out, at=_begins(at) or now)
    except OSError as error:
        raise Stopped(say("fault.cannot_write", path=out, reason=type(error).__name__)) from None
    if given(ctx).json:
        print_json([{"path": str(one.path), "rows": one.rows, "options": one.options} for one in written])
        return
    for one in written:
        typer.echo(say("registry.exported", rows=one.rows, path=one.path, options=one.options))


@app.command(help=say("help.registry.check"), epilog=say("example", command="quanzu registry check"))
def check(ctx: typer.Context, *, at: At = None) -> None:
    there, now = asyncio.run(_stored(*settings_of(ctx)))
    findings = look_over(there, at=_begins(at) or now)
    if given(ctx).json:
        print_json(findings_for_machines(findings))
    else:
        tell_findings(findings)
    raise typer.Exit(0 if findings.sound else 1)


async def _stored(settings: Settings, running: Running | None) -> tuple[Stored, datetime]:
    """The whole registry, and now."""
    async with store_of(settings, clock=_clock(running)) as store, store.read() as conn:
        assert store.clock is not None  # noqa: S101 - an opened store has its clock
        return await stored(conn), store.clock.now()
