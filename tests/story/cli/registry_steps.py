"""Made-up files of a registry, and what of them is stored."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl

WEST, SOUTH, STEP = 131.0, 19.0, 0.1


def square(column: float, row: float = 0.0, *, size: float = 1.0) -> list[list[list[float]]]:
    """A square of the made-up county's grid, as the rings of a Polygon."""
    west, south = WEST + column * STEP, SOUTH + row * STEP
    east, north = west + size * STEP, south + size * STEP
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def areas_file(path: Path, areas: Sequence[tuple[str, Any]], **properties: str) -> Path:
    """A GeoJSON with a code and rings (None: no geometry) for each; `properties` are the same for all."""
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": f"{code}所", **properties},
            "geometry": None if rings is None else {"type": "Polygon", "coordinates": rings},
        }
        for code, rings in areas
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def importing(path: Path, *more: object) -> list[object]:
    return ["registry", "import", "--jurisdictions", path, "--code", "code", "--name", "name", *more]


def table_file(path: Path, rows: Sequence[Mapping[str, object]], *, encoding: str = "utf-8") -> Path:
    """A CSV, or an XLSX by the file's name."""
    header, cells = list(rows[0]), [[row[name] for name in rows[0]] for row in rows]
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for line in [header, *cells]:
            sheet.append(line)
        book.save(path)
        book.close()
    else:
        lines = [header, *cells]
        path.write_text("".join(",".join(map(str, line)) + "\n" for line in lines), encoding)
    return path


def stored(folder: Path, question: str) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(folder / "quanzu.db")
    try:
        return database.execute(question).fetchall()
    finally:
        database.close()
