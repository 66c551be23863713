"""What an import tells: counts, rows that are not as they should be, seams, what changes. Judges nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cli.registry_words import told
from services.cli.show import print_table
from services.cli.words import say
from services.domain.seams import Seam
from services.handlers.registry_found import Found, Weight
from services.handlers.registry_import import Manner, Stored, leaving, vanished, without_station
from services.store.registry_changes import Work, open_cases_of

SHOWN = 50  # bad rows in the table; --json has them all
ORDER = list(Weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    found: Found
    work: Work
    written: bool
    without_station: list[str]
    without_ground_now: list[str]
    leaving: Mapping[str, int]  # responders that end, with the open cases each holds

    @classmethod
    async def of(
        cls,
        conn: AsyncConnection,
        found: Found,
        work: Work,
        there: Stored,
        manner: Manner,
        *,
        now: datetime,
        written: bool,
    ) -> "Outcome":
        gone = leaving(work)
        held = await open_cases_of(conn, gone)
        return cls(
            found=found,
            work=work,
            written=written,
            without_station=without_station(found, there, at=work.at or now),
            without_ground_now=vanished(found, there, manner),
            leaving={code: held.get(code, 0) for code in gone},
        )


def summary_of(outcome: Outcome) -> dict[str, Any]:
    """For machines: all of it but the faults."""
    found = outcome.found
    changes = Counter(f"{change.kind}.{change.what['done']}" for change in outcome.work.changes)
    return {
        "written": outcome.written,
        "units": len(found.units or ()),
        "areas": sum(len(shapes) for shapes in found.areas.values()),
        "stations": len(found.stations or ()),
        "region_codes": len(found.codes or ()),
        "villages": len(found.villages or ()),
        "responders": len(found.responders or ()),
        "bad": len(found.bad),
        "without_station": outcome.without_station,
        "without_ground_now": outcome.without_ground_now,
        "leaving": dict(outcome.leaving),
        "overlaps": seams_for_machines(found.overlaps),
        "gaps": seams_for_machines(found.gaps),
        "changes": dict(sorted(changes.items())),
    }


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
        rows = [(say(f"registry.{one.weight}"), one.file, one.line, *told(one)) for one in faults[:SHOWN]]
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


def seams_for_machines(seams: Sequence[Seam]) -> list[dict[str, Any]]:
    return [{"units": list(seam.units), "square_m": round(seam.square_m, 1)} for seam in seams]
