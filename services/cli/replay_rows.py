"""From the rows of a CSV to the bodies of warnings. An unreadable value is left out, a row never."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from services.domain.datum import Datum
from services.handlers.csv_rows import BadFile, Row, Why, some_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class RowColumns:
    """Which column holds what; None: nothing does."""

    lat: str
    lon: str
    region_code: str | None
    county: str | None
    address: str | None
    label: str | None
    fraud_type: str | None
    id: str | None
    at: str | None

    @property
    def named(self) -> list[str]:
        return [name for name in (getattr(self, field) for field in self.__dataclass_fields__) if name is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One row as it will be sent."""

    number: str  # the instruction number
    place: Mapping[str, Any]
    fraud_type: str
    label: str
    after_s: float  # seconds after the first row, in the file's own time; 0 where that does not matter


def rows_of(path: Path, columns: RowColumns, *, datum: Datum) -> list[Sending]:
    """Every row of the file. Raises BadFile for a missing column, an empty file or a time that is none."""
    rows = some_rows(path, columns.named)
    times = [_time(path, row, columns.at) for row in rows] if columns.at else []
    return [
        Sending(
            number=(row.cells[columns.id] if columns.id else "") or str(index),
            place=_place(row, columns, datum),
            fraud_type=(row.cells[columns.fraud_type] if columns.fraud_type else "") or "UNKNOWN",
            label=row.cells[columns.label] if columns.label else "",
            after_s=max(0.0, (times[index] - times[0]).total_seconds()) if times else 0.0,
        )
        for index, row in enumerate(rows)
    ]


def _time(path: Path, row: Row, column: str) -> datetime:
    try:
        return datetime.fromisoformat(row.cells[column]).replace(tzinfo=None)  # only differences count
    except ValueError:
        raise BadFile(Why.NO_TIME, path, line=row.line, column=column) from None


def _place(row: Row, columns: RowColumns, datum: Datum) -> dict[str, Any]:
    place: dict[str, Any] = {}
    lat, lon = _degrees(row.cells[columns.lat]), _degrees(row.cells[columns.lon])
    if lat is not None and lon is not None:
        place["point"] = {"lat": lat, "lon": lon, "datum": datum.value}
    if columns.region_code is not None and row.cells[columns.region_code]:
        place["region_code"] = row.cells[columns.region_code]
    if columns.address is not None and (address := row.cells[columns.address]):
        county = row.cells[columns.county] if columns.county else ""
        place["address"] = address if county in address else county + address  # a warning's place has no county apart
    return place


def _degrees(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
