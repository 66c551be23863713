"""Travel times from a CSV file: from, to (codes of grids or units) and minutes. Both directions are rows of their own."""

from math import isfinite
from pathlib import Path

from services.handlers.csv_rows import read_rows

COLUMNS = ("from", "to", "minutes")


class BadMinutes(ValueError):
    """A row that can't be used; the message says which and why."""


def read_minutes(path: Path) -> dict[tuple[str, str], float]:
    """Minutes by (from, to). Raises BadFile, or BadMinutes naming the first row that can't be used."""
    minutes = {}
    for row in read_rows(path, COLUMNS):
        begin, end, text = (row.cells[name] for name in COLUMNS)
        try:
            taken = float(text)
        except ValueError:
            raise BadMinutes(f"{path} line {row.line}: minutes is no number") from None
        if not begin or not end or not isfinite(taken) or taken < 0:
            raise BadMinutes(f"{path} line {row.line}: needs two codes and minutes of 0 or more")
        minutes[begin, end] = taken
    return minutes
