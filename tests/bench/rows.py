"""A measured line as it is printed and kept in var/bench.json. Judges by what is required, shows the aim beside it."""

import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.native.processes import ROOT

FILE = ROOT / "var" / "bench.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`rounds` are pairs (ours, floor), in `unit`; a line without a floor has None there and in `ratio`.

    A line that could not be measured says in `missing` what to do about it; it has no figures and is not met.
    """

    goal: str
    unit: str
    ours: float | None
    floor: float | None
    ratio: float | None
    required: str
    aim: str
    met: bool
    rounds: list[tuple[float, float | None]]
    missing: str | None = None


def row_of(
    goal: str, unit: str, rounds: Sequence[tuple[float, float | None]], *, required: str, aim: str, met: bool
) -> Row:
    """The medians of the rounds; the ratio is the median of the rounds' own ratios, so both sides saw the same hour."""
    floors = [floor for _, floor in rounds if floor is not None]
    ratios = ratios_of(rounds)
    return Row(
        goal=goal,
        unit=unit,
        ours=statistics.median(ours for ours, _ in rounds),
        floor=statistics.median(floors) if floors else None,
        ratio=statistics.median(ratios) if ratios else None,
        required=required,
        aim=aim,
        met=met,
        rounds=list(rounds),
    )


def not_measured(goal: str, unit: str, missing: str, *, required: str, aim: str) -> Row:
    return Row(
        goal=goal,
        unit=unit,
        ours=None,
        floor=None,
        ratio=None,
        required=required,
        aim=aim,
        met=False,
        rounds=[],
        missing=missing,
    )


def ratios_of(rounds: Sequence[tuple[float, float | None]]) -> list[float]:
    return [ours / floor for ours, floor in rounds if floor]


def show(row: Row) -> None:
    """One line for people, with the spread of the rounds."""
    if row.ours is None:
        say(f"  – {row.goal}: not measured: {row.missing}  required {row.required}  aim {row.aim}")
        return
    spread = f"{min(ours for ours, _ in row.rounds):,.1f}–{max(ours for ours, _ in row.rounds):,.1f}"
    against = "" if row.floor is None or row.ratio is None else f"  floor {row.floor:,.1f}  ratio {row.ratio:.3f}"
    if ratios := ratios_of(row.rounds):
        against += f" ({min(ratios):.3f}–{max(ratios):.3f})"
    say(
        f"  {'✔' if row.met else '✘'} {row.goal}: {row.ours:,.1f} {row.unit} ({spread}){against}"
        f"  required {row.required}  aim {row.aim}"
    )


def write(rows: Sequence[Row], file: Path = FILE) -> None:
    """Lay these rows over those of earlier runs of other lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(file.read_text())["rows"] if file.exists() else []
    fresh = {row.goal for row in rows}
    told = [row for row in kept if row["goal"] not in fresh] + [asdict(row) for row in rows]
    file.write_text(json.dumps({"machine": machine(), "rows": told}, ensure_ascii=False, indent=1))


def machine() -> str:
    """Cores and memory, without the name of the host."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, Python {platform.python_version()}"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
