"""From the rows of a table to their units, whole chunks in one call, and how often that is the known answer."""

import csv
import gzip
import math
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from services.cli.judging import Agreement
from services.cli.progress import progress
from services.cli.words import say
from services.domain.datum import Datum, to_wgs84
from services.domain.located import Language, Located, Rule, explain
from services.domain.place import Places
from services.handlers.csv_rows import Row, header_of, some_rows
from services.handlers.ground_map import GroundMap

CHUNK = 20_000  # rows a call: more gains nothing, less costs
NEAR_M = 25.0  # a miss this near is a matter of how the line is drawn
SHOWN_LABELS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LocateColumns:
    """Which column holds what; None: nothing does."""

    lat: str
    lon: str
    region_code: str | None
    county: str | None
    address: str | None
    label: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    header: Sequence[str]
    rows: Sequence[Row]
    columns: LocateColumns


def read_table(path: Path, columns: LocateColumns) -> Table:
    """Every row of the file. Raises BadFile. Coordinates may be missing as a whole where a code or an address is given."""
    header = header_of(path)
    others = [columns.region_code, columns.county, columns.address, columns.label]
    wanted = [name for name in others if name is not None]
    without_points = (columns.lat, columns.lon) == ("lat", "lon") and not {"lat", "lon"} & set(header)
    if not without_points or not (columns.region_code or columns.address):
        wanted += [columns.lat, columns.lon]
    rows = some_rows(path, wanted)
    return Table(header=header, rows=rows, columns=columns)


@dataclass(slots=True, kw_only=True)
class Locating:
    """One table on its way through the map. `write` is called once; `summary` tells what it found."""

    table: Table
    ground: GroundMap
    datum: Datum
    language: Language
    edge_limit_m: float
    station_limit_m: float
    agreement: Agreement = field(default_factory=Agreement)
    by_rule: Counter[Rule] = field(default_factory=Counter)
    with_grid: int = 0
    _misses: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    _near: int = 0
    _names: dict[str, str] = field(default_factory=dict)

    def write(self, out: Path) -> None:
        """Every row in order with its answer appended. The file appears whole or not at all."""
        self._names = {
            **self.ground.villages.townships,
            **{
                code: unit.name_zh if self.language == "zh" else unit.name_en
                for code, unit in self.ground.units.items()
            },
        }
        appended = ["unit", "grid", "rule", "distance_m", "reason"]
        if self.table.columns.address is not None:
            appended.append("township_code")
        partial = out.with_name(f".{out.name}.partial")
        try:
            with _opened(partial, zipped=out.suffix == ".gz") as file:
                rows = csv.writer(file, lineterminator="\n")
                rows.writerow([*self.table.header, *appended])
                with progress(say("locate.locating"), len(self.table.rows)) as tell:
                    for start in range(0, len(self.table.rows), CHUNK):
                        some = self.table.rows[start : start + CHUNK]
                        for row, answer in zip(some, self._answers(some), strict=True):
                            rows.writerow([*(row.cells[name] for name in self.table.header), *answer[: len(appended)]])
                        tell(start + len(some))
            os.replace(partial, out)
        finally:
            partial.unlink(missing_ok=True)
        self._near = self._near_misses()

    def _answers(self, rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
        places = self._places(rows)
        located = self.ground.jurisdictions.locate(
            places, edge_limit_m=self.edge_limit_m, station_limit_m=self.station_limit_m
        )
        located = self.ground.villages.settle(located, places)
        grids = self.ground.grids.locate(located, places, edge_limit_m=self.edge_limit_m)
        for index, (row, one, grid) in enumerate(zip(rows, located, grids, strict=True)):
            self.by_rule[one.rule] += 1
            self.with_grid += grid is not None
            label = _cell(row, self.table.columns.label)
            if not self.agreement.judge(label, one.unit, grid, one.township):
                self._misses[label].append((float(places.lat[index]), float(places.lon[index])))
            yield self._shown(one, grid)

    def _shown(self, one: Located, grid: str | None) -> tuple[str, ...]:
        distance = "" if one.distance_m is None else f"{one.distance_m:.1f}"
        reason = explain(one, self.language, self._names)
        return one.unit or "", grid or "", one.rule.value, distance, reason, one.township or ""

    def _places(self, rows: Sequence[Row]) -> Places:
        columns = self.table.columns
        lat, lon = to_wgs84(
            [_degrees(_cell(row, columns.lat)) for row in rows],
            [_degrees(_cell(row, columns.lon)) for row in rows],
            self.datum,
        )
        return Places(
            lat=lat,
            lon=lon,
            region_codes=[_cell(row, columns.region_code) for row in rows],
            addresses=[_cell(row, columns.address) for row in rows],
            counties=[_cell(row, columns.county) for row in rows],
        )

    def _near_misses(self) -> int:
        """How many of the misses lie within a few metres of what their label names."""
        near = 0
        for label, points in self._misses.items():
            own = self.ground.map_of_one(label)
            if own is None:
                continue
            lat, lon = np.array(points).T
            places = Places(lat=lat, lon=lon, region_codes=[None] * len(points))
            near += sum(one.unit is not None for one in own.locate(places, edge_limit_m=NEAR_M, station_limit_m=0))
        return near

    def summary(self) -> dict[str, Any]:
        """Agreement is None where no row had a label: nothing was judged."""
        total = len(self.table.rows)
        known = self._names.keys()
        unknown = sorted(label for label in self._misses if label not in known)
        return {
            "rows": total,
            "located": total - self.by_rule[Rule.CENTRE],
            "centre": self.by_rule[Rule.CENTRE],
            "with_grid": self.with_grid,
            "by_rule": {rule.value: count for rule, count in self.by_rule.most_common()},
            "labelled": self.agreement.labelled,
            "right": self.agreement.right,
            "agreement": self.agreement.rate,
            "misses": self.agreement.labelled - self.agreement.right,
            "misses_within_25_m": self._near,
            "unknown_labels": unknown[:SHOWN_LABELS],
        }


def _opened(path: Path, *, zipped: bool) -> IO[str]:
    if zipped:
        return gzip.open(path, "wt", encoding="utf-8", newline="")
    return path.open("w", encoding="utf-8", newline="")


def _cell(row: Row, column: str | None) -> str:
    return row.cells.get(column, "") if column is not None else ""


def _degrees(text: str) -> float:
    """NaN for what is no number: the row comes back, and its reason says that there is no point."""
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan
