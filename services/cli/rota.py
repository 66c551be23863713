"""rota: bring a duty rota in, show who is on duty and where the watch is too thin, write shifts out."""

import asyncio
import getpass
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cli.running import Running, clock_of
from services.cli.session import given, settings_of, store_of
from services.cli.show import print_json, print_table
from services.cli.stopped import Stopped
from services.cli.words import language, say
from services.clock import Clock
from services.domain.located import Language
from services.domain.refusals import Incomplete
from services.domain.rota.gaps import Gap
from services.domain.rota.spans import Span
from services.handlers.rota_ical import read_ical, to_ical
from services.handlers.rota_import import Laid, known_of, lay_down, to_csv
from services.handlers.rota_rows import FoundRota, Known, read_csv
from services.handlers.watch import gaps_ahead, shifts_between, watch_ahead, who_is_on_duty
from services.settings import Settings
from services.store import registry
from services.store.duty import Present
from services.store.engine import Store

app = typer.Typer(help=say("help.rota"), no_args_is_help=True, pretty_exceptions_enable=False)

SHOWN = 50  # bad rows and lines in the tables; --json has them all
Unit = Annotated[str | None, typer.Option(help=say("option.unit_of_rota"))]
Week = Annotated[str | None, typer.Option(metavar="DATE", help=say("option.week"))]


@app.command(
    "import", help=say("help.rota.import"), epilog=say("example", command="quanzu rota import duty.csv --commit")
)
def import_(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="F.csv", help=say("option.rota_csv"))] = None,
    *,
    ical: Annotated[Path | None, typer.Option(metavar="F.ics", help=say("option.rota_ical"))] = None,
    unit: Unit = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help=say("option.rota_by"))] = None,
    commit: Annotated[bool, typer.Option("--commit", help=say("option.commit"))] = False,
) -> None:
    if (file is None) == (ical is None):
        raise Stopped(say("fault.csv_or_ical"), code=2)
    settings, running = settings_of(ctx)
    try:
        who = by or getpass.getuser()
        found, laid = asyncio.run(_import(settings, clock_for(running), file, ical, unit, by=who, commit=commit))
    except Incomplete as wrong:
        raise Stopped(say("fault.rota", why=wrong.facts["why"])) from None
    written = commit and not found.faults
    if given(ctx).json:
        print_json(import_for_machines(found, laid, written=written))
    else:
        tell_import(found, laid, written=written)
    raise typer.Exit(1 if found.faults else 0)


def clock_for(running: Running | None) -> Clock | None:
    """A demo's clock, which may be faster; None: the database's own."""
    return None if running is None or running.api is None else clock_of(running)


class Undone(Exception):
    """A dry run ends its transaction with it."""


async def _import(
    settings: Settings,
    clock: Clock | None,
    file: Path | None,
    ical: Path | None,
    unit: str | None,
    *,
    by: str,
    commit: bool,
) -> tuple[FoundRota, list[Laid]]:
    """What the file holds and what laying it down did; without `commit`, or with a bad row, it is undone again."""
    async with store_of(settings, clock=clock) as store:
        known = await _known(store, settings.zone, unit)
        found = read_csv(file, known) if file is not None else read_ical(ical or Path(), known)
        laid = []
        for one in sorted(found.entries.keys() | found.members.keys()):
            try:
                async with store.begin() as tx:
                    laid.append(await lay_down(tx, settings.zone, found, one, by=by))
                    if found.faults or not commit:
                        raise Undone
            except Undone:
                pass
    return found, laid


async def _known(store: Store, zone: ZoneInfo, unit: str | None) -> Known:
    async with store.read() as conn:
        await _must_be(conn, unit)
        return await known_of(conn, zone, now=_now(store), unit=unit)


def import_for_machines(found: FoundRota, laid: list[Laid], *, written: bool) -> dict[str, Any]:
    """Counts, bad rows, and the holes and overlaps of the rota as it is then."""
    return _counts(found, laid, written=written) | {
        "faults": [asdict(fault) for fault in found.faults],
        "lines": _lines(laid),
    }


def tell_import(found: FoundRota, laid: list[Laid], *, written: bool) -> None:
    """The same for people."""
    typer.echo(say("rota.counts", **_counts(found, laid, written=written)))
    if found.faults:
        rows = [(fault.file, fault.line, fault.reason, fault.fix) for fault in found.faults[:SHOWN]]
        print_table([say(f"registry.{name}") for name in ("file", "line", "reason", "fix")], rows)
    lines = _lines(laid)
    for line in lines[:SHOWN]:
        typer.echo(line)
    if len(lines) > SHOWN:
        typer.echo(say("rota.more", count=len(lines) - SHOWN))
    key = "rota.written" if written else "registry.bad_rows" if found.faults else "registry.dry_run"
    typer.echo(say(key))


def _counts(found: FoundRota, laid: list[Laid], *, written: bool) -> dict[str, Any]:
    return {
        "written": written,
        "units": len(laid),
        "changed": sum(one.changed for one in laid),
        "added": sum(one.added for one in laid),
        "withdrawn": sum(one.withdrawn for one in laid),
        "rotations": sum(one.rotation for one in laid),
        "bad": len(found.faults),
    }


def _lines(laid: list[Laid]) -> list[str]:
    spoken: Language = "zh" if language() == "zh" else "en"
    return [line.told(spoken, one.rota) for one in laid for line in one.lines]


@app.command(help=say("help.rota.show"), epilog=say("example", command="quanzu rota show --at '2026-10-01 03:00'"))
def show(
    ctx: typer.Context,
    *,
    at: Annotated[str | None, typer.Option(metavar="TIME", help=say("option.rota_at"))] = None,
    week: Week = None,
    unit: Unit = None,
) -> None:
    if at is not None and week is not None:
        raise Stopped(say("fault.at_or_week"), code=2)
    settings, running = settings_of(ctx)
    clock = clock_for(running)
    if week is not None:
        first = _day(week)
        spans = asyncio.run(_shifts(settings, clock, first, 7, unit))
        rows = [(code, one.responder, one.shift, one.starts_at, one.ends_at) for code in spans for one in spans[code]]
    else:
        asked = None if at is None else _moment(at, settings.zone)
        people = asyncio.run(_present(settings, clock, asked, unit))
        rows = [(one.unit, one.responder, one.shift or "", one.starts_at, one.ends_at) for one in people]
    columns = ("unit", "responder", "shift", "starts_at", "ends_at")
    if given(ctx).json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        shown = [(*row[:3], *(_wall(moment, settings.zone) for moment in row[3:])) for row in rows]
        print_table([say(f"rota.{name}") for name in columns], shown)


async def _present(settings: Settings, clock: Clock | None, at: datetime | None, unit: str | None) -> list[Present]:
    async with store_of(settings, clock=clock) as store, store.read() as conn:
        await _must_be(conn, unit)
        now = _now(store)
        return await who_is_on_duty(conn, settings.zone, at or now, unit=unit, now=now)


def _now(store: Store) -> datetime:
    assert store.clock is not None  # noqa: S101 - store_of sets it
    return store.clock.now()


async def _must_be(conn: AsyncConnection, unit: str | None) -> None:
    if unit is not None and unit not in await registry.unit_names(conn):
        raise Stopped(say("fault.no_unit", unit=unit), code=2)


async def _shifts(
    settings: Settings, clock: Clock | None, first: date | None, days: int, unit: str | None
) -> dict[str, list[Span]]:
    zone = settings.zone
    async with store_of(settings, clock=clock) as store, store.read() as conn:
        await _must_be(conn, unit)
        units = [unit] if unit is not None else sorted(await registry.unit_names(conn))
        now = _now(store)
        day = first or now.astimezone(zone).date()
        window = [
            datetime.combine(day + timedelta(days=more), time(), tzinfo=zone).astimezone(UTC) for more in (0, days)
        ]
        found = {code: await shifts_between(conn, zone, window[0], window[1], unit=code, now=now) for code in units}
    return {code: spans for code, spans in found.items() if spans}


@app.command(help=say("help.rota.gaps"), epilog=say("example", command="quanzu rota gaps --unit 990102"))
def gaps(ctx: typer.Context, *, unit: Unit = None) -> None:
    settings, running = settings_of(ctx)
    found = asyncio.run(_gaps(settings, clock_for(running), unit))
    rows = [(gap.unit, gap.shift, gap.starts_at, gap.ends_at, gap.present, gap.needed) for gap in found]
    columns = ("unit", "shift", "starts_at", "ends_at", "present", "needed")
    if given(ctx).json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif rows:
        zone = settings.zone
        shown = [(row[0], row[1], _wall(row[2], zone), _wall(row[3], zone), *row[4:]) for row in rows]
        print_table([say(f"rota.{name}") for name in columns], shown)
    else:
        typer.echo(say("rota.no_gap"))


async def _gaps(settings: Settings, clock: Clock | None, unit: str | None) -> list[Gap]:
    async with store_of(settings, clock=clock) as store, store.read() as conn:
        await _must_be(conn, unit)
        now = _now(store)
        found = gaps_ahead(*await watch_ahead(conn, settings.zone, now=now, unit=unit), now=now)
    return [gap for code in sorted(found) for gap in found[code]]


@app.command(help=say("help.rota.export"), epilog=say("example", command="quanzu rota export --ical > duty.ics"))
def export(
    ctx: typer.Context,
    *,
    ical: Annotated[bool, typer.Option("--ical", help=say("option.as_ical"))] = False,
    csv: Annotated[bool, typer.Option("--csv", help=say("option.as_csv"))] = False,
    week: Week = None,
    days: Annotated[int, typer.Option(min=1, max=366, help=say("option.days"))] = 28,
    unit: Unit = None,
) -> None:
    if ical == csv:
        raise Stopped(say("fault.ical_or_csv"), code=2)
    settings, running = settings_of(ctx)
    clock = clock_for(running)
    spans = asyncio.run(_shifts(settings, clock, None if week is None else _day(week), days, unit))
    text = to_ical(spans).decode() if ical else to_csv(spans, settings.zone)
    typer.echo(text, nl=False)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Stopped(say("fault.date"), code=2) from None


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Stopped(say("fault.time"), code=2) from None


def _wall(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%m-%d %H:%M")
