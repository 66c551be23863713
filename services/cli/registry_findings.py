"""What `registry check` tells."""

from typing import Any

import typer

from services.cli.registry_shown import SHOWN, tell_rest, tell_seams
from services.cli.words import say
from services.domain.seams import Seam
from services.handlers.registry_check import Findings
from services.handlers.registry_outcome import seams_for_machines


def findings_for_machines(findings: Findings) -> dict[str, Any]:
    return {"sound": findings.sound} | {
        name: seams_for_machines(found) if found and isinstance(found[0], Seam) else found
        for name in findings.__dataclass_fields__
        for found in [getattr(findings, name)]
    }


def tell_findings(findings: Findings) -> None:
    tell_seams(findings.overlaps, findings.gaps)
    for seam in findings.not_covered_by_grids[:SHOWN]:
        square_m = f"{seam.square_m:,.0f}"
        typer.echo(say("registry.not_covered_by_grids", units=" ".join(seam.units), square_m=square_m))
    tell_rest(len(findings.not_covered_by_grids))
    silent = True
    for name in findings.__dataclass_fields__:
        found = getattr(findings, name)
        silent = silent and not found
        if found and isinstance(found[0], str):
            typer.echo(say(f"registry.{name}", codes=" ".join(found[:SHOWN])))
            tell_rest(len(found))
    if silent:
        typer.echo(say("registry.sound"))
