"""figures: those of a period, whether the kept counts are what a recount gives, and to count everything anew."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from services.cli.rota import clock_for
from services.cli.session import given, settings_of, store_of
from services.cli.show import local, print_json, print_table
from services.cli.stopped import Stopped
from services.cli.words import language, say
from services.domain.figures import AMOUNTS, LOOP_NAMES, RATIOS
from services.handlers.counting import Checked, check, count_on, recount
from services.handlers.figures import BadPeriod, OfPeriod, figures_of, span_of
from services.store import figure_sums
from services.store.engine import Store
from services.store.figure_sums import Wanted
from services.store.figures import one_moment

app = typer.Typer(help=say("help.figures"), no_args_is_help=True, pretty_exceptions_enable=False)
USUAL = timedelta(days=30)
SHOWN = 20


@app.command(
    help=say("help.figures.show"),
    epilog=say("example", command="quanzu figures show --from 2026-11-01 --to 2026-12-01"),
)
def show(
    ctx: typer.Context,
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help=say("option.from"))] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help=say("option.to"))] = None,
    unit: Annotated[str | None, typer.Option(metavar="CODE", help=say("option.with_below"))] = None,
) -> None:
    found = asyncio.run(_show(ctx, since, until, unit))
    rows = _rows(found)
    if given(ctx).json:
        print_json({"as_of": found.as_of, "figures": rows})
        return
    typer.echo(say("figures.as_of", at=local(found.as_of)))
    columns = (say("figures.figure"), say("figures.value"), say("figures.part"), say("figures.whole"))
    print_table(columns, [(row["name"], _told(row), row.get("part"), row.get("whole")) for row in rows])


@app.command("check", help=say("help.figures.check"), epilog=say("example", command="quanzu figures check"))
def check_(ctx: typer.Context) -> None:
    checked = asyncio.run(_check(ctx))
    if given(ctx).json:
        print_json(_checked(checked))
    elif checked.right:
        typer.echo(say("figures.right", cases=checked.cases))
    else:
        for case_id in checked.wrong_cases[:SHOWN]:
            typer.echo(say("figures.wrong_case", case_id=case_id))
        for (span, starts_at, unit, level), off in checked.wrong_sums[:SHOWN]:
            told = ", ".join(f"{name} {more:+}" for name, more in sorted(off.items()))
            typer.echo(say("figures.wrong_sum", span=span, at=local(starts_at), unit=unit, level=level, off=told))
        typer.echo(say("figures.mend"))
    raise typer.Exit(0 if checked.right else 1)


@app.command("recount", help=say("help.figures.recount"), epilog=say("example", command="quanzu figures recount"))
def recount_(ctx: typer.Context) -> None:
    typer.echo(say("figures.recounted", cases=asyncio.run(_recount(ctx))))


def _opened(ctx: typer.Context) -> tuple[AbstractAsyncContextManager[Store], ZoneInfo]:
    settings, running = settings_of(ctx)
    return store_of(settings, clock=clock_for(running)), settings.zone


async def _show(ctx: typer.Context, since: datetime | None, until: datetime | None, unit: str | None) -> OfPeriod:
    opened, zone = _opened(ctx)
    async with opened as store, one_moment(store) as conn:
        assert store.clock is not None  # noqa: S101 - an opened store has its clock
        today = store.clock.now().astimezone(zone).date()
        last = until.date() if until is not None else today + timedelta(days=1)
        first = since.date() if since is not None else last - USUAL
        begins, ends = (datetime.combine(day, time(), tzinfo=zone).astimezone(UTC) for day in (first, last))
        units = None if unit is None else await figure_sums.units_below(conn, unit)
        if units is not None and not units:
            raise Stopped(say("fault.no_unit", unit=unit))
        try:
            span = span_of(begins, ends, zone)
        except BadPeriod:
            raise Stopped(say("fault.bad_period"), code=2) from None
        return await figures_of(conn, Wanted(span=span, since=begins, until=ends, units=units))


async def _check(ctx: typer.Context) -> Checked:
    opened, zone = _opened(ctx)
    async with opened as store:
        while not (await count_on(store, zone)).done:
            pass
        return await check(store, zone)


async def _recount(ctx: typer.Context) -> int:
    opened, zone = _opened(ctx)
    async with opened as store:
        return await recount(store, zone)


def _rows(found: OfPeriod) -> list[dict[str, Any]]:
    index = 0 if language() == "zh" else 1
    total = found.total
    rows: list[dict[str, Any]] = [
        {"key": key, "name": RATIOS[key].names[index], "value": share.value, "part": share.part, "whole": share.whole}
        for key, share in total.shares.items()
    ]
    rows += [
        {"key": f"loop_{name}_s", "name": f"{LOOP_NAMES[index]} {name}", "value": second, "whole": total.loops}
        for name, second in total.quantiles.items()
    ]
    return rows + [
        {"key": count.value, "name": names[index], "value": total.counts[count]} for count, names in AMOUNTS.items()
    ]


def _told(row: dict[str, Any]) -> str:
    """A share in per cent, a time as minutes and seconds, money in yuan."""
    value = row["value"]
    if value is None:
        return "–"
    if row["key"].endswith("_fen"):
        return f"¥{value // 100:,}.{value % 100:02}"
    return f"{value // 60}:{value % 60:02}" if row["key"].endswith("_s") else f"{value:.1%}"


def _checked(checked: Checked) -> dict[str, Any]:
    return {
        "right": checked.right,
        "cases": checked.cases,
        "not_judged": checked.not_judged,
        "wrong_cases": checked.wrong_cases,
        "wrong_sums": [
            {"span": span, "starts_at": starts_at, "unit": unit, "level": level, "off": off}
            for (span, starts_at, unit, level), off in checked.wrong_sums
        ],
    }
