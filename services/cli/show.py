"""What a command prints: JSON for machines, tables and times for people."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.console import Console
from rich.table import Table

LOCAL = ZoneInfo("Asia/Shanghai")
WIDE = 160  # a pipe has no width of its own


def print_json(document: Any) -> None:
    typer.echo(orjson.dumps(document, default=str, option=orjson.OPT_INDENT_2).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console().print(table)


def console(*, stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else WIDE, markup=False, highlight=False)


def local(at: datetime | None) -> str:
    """As the people of the centre read a clock."""
    return "" if at is None else at.astimezone(LOCAL).strftime("%m-%d %H:%M:%S")


def left(until: datetime | None, now: datetime) -> str:
    """Minutes and seconds left, or how far over with a plus sign."""
    if until is None:
        return ""
    seconds = round((until - now).total_seconds())
    sign, seconds = ("+", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 60:02}:{seconds % 60:02}"
