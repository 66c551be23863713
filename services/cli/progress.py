"""How far a long command is: a bar on a terminal, a plain line now and then elsewhere. On stderr, never in the result."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.cli.show import console
from services.cli.words import say

LINE_EVERY_S = 5.0
Tell = Callable[[int], None]


@contextlib.contextmanager
def progress(what: str, total: int) -> Iterator[Tell]:
    """Gives a function that takes how many are done by now."""
    with _bar(what, total) if sys.stderr.isatty() else _lines(what, total) as tell:
        yield tell


@contextlib.contextmanager
def _bar(what: str, total: int) -> Iterator[Tell]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.0f}/s"),
        TimeRemainingColumn(),
    )
    began = time.monotonic()
    with Progress(*columns, console=console(stderr=True)) as bar:
        task = bar.add_task(what, total=total, rate=0.0)
        yield lambda done: bar.update(task, completed=done, rate=_rate(done, began))


@contextlib.contextmanager
def _lines(what: str, total: int) -> Iterator[Tell]:
    began = said_at = time.monotonic()

    def tell(done: int) -> None:
        nonlocal said_at
        if time.monotonic() - said_at < LINE_EVERY_S:
            return
        said_at = time.monotonic()
        rate = _rate(done, began)
        left_s = round((total - done) / rate) if rate else 0
        typer.echo(say("progress.line", what=what, done=done, total=total, rate=round(rate), left=left_s), err=True)

    yield tell


def _rate(done: int, began: float) -> float:
    return done / max(time.monotonic() - began, 0.001)
