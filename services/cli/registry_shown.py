"""What an import tells: counts, rows that are not as they should be, seams, what changes. Judges nothing."""

from collections.abc import Sequence
from typing import Any

import typer

from services.cli.show import print_table
from services.cli.words import language, say
from services.domain.seams import Seam
from services.handlers.registry_found import Found, Weight
from services.handlers.registry_words import told

SHOWN = 50  # bad rows in the table; --json has them all
ORDER = list(Weight)


def tell(summary: dict[str, Any], found: Found) -> None:
    typer.echo(say("registry.counts", **summary))
    if summary["region_codes"] or summary["villages"] or summary["responders"]:
        typer.echo(say("registry.more_counts", **summary))
    for key in ("without_station", "without_ground_now"):
        if summary[key]:
            typer.echo(say(f"registry.{key}", codes=" ".join(summary[key][:SHOWN])))
            tell_rest(len(summary[key]))
    for code, cases in summary["leaving"].items():
        typer.echo(say("registry.leaving", code=code, cases=cases))
    tell_seams(found.overlaps, found.gaps)
    _tell_faults(found)
    if found.bad:
        typer.echo(say("registry.bad_rows"))
    elif not summary["changes"]:
        typer.echo(say("registry.no_change"))
    else:
        typer.echo(say("registry.changes", told=", ".join(f"{name} {n}" for name, n in summary["changes"].items())))
        typer.echo(say("registry.written") if summary["written"] else say("registry.dry_run"))


def _tell_faults(found: Found) -> None:
    faults = sorted(found.faults, key=lambda fault: ORDER.index(fault.weight))
    if faults:
        rows = [(say(f"registry.{one.weight}"), one.file, one.line, *told(one, language())) for one in faults[:SHOWN]]
        print_table([say(f"registry.{name}") for name in ("weight", "file", "line", "reason", "fix")], rows)
    tell_rest(len(faults))


def tell_seams(overlaps: Sequence[Seam], gaps: Sequence[Seam]) -> None:
    for key, seams in (("overlap", overlaps), ("gap", gaps)):
        for seam in seams[:SHOWN]:
            typer.echo(say(f"registry.{key}", units=" ".join(seam.units), square_m=f"{seam.square_m:,.0f}"))
        tell_rest(len(seams))


def tell_rest(count: int) -> None:
    if count > SHOWN:
        typer.echo(say("registry.rest", count=count - SHOWN))
