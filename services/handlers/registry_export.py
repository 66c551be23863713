"""registry export: what is in force at a moment, as the files that an import takes. Importing them changes nothing."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import shapely

from services.handlers.registry_found import FIELDS
from services.handlers.registry_import import Stored
from services.handlers.registry_timed import covers
from services.store.registry import Area, Responder, Unit

BETWEEN = ";"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files of one level, and the options that bring them in again."""

    path: Path
    rows: int
    options: str


def export(there: Stored, folder: Path, *, at: datetime) -> list[Written]:
    """Write the files into `folder`, which is there. A kind that nothing is stored of has no file."""
    units = {code: unit for code, unit in there.units.items() if _lives(unit, at)}
    levels = sorted({unit.kind for unit in units.values()}, key=lambda kind: (_depth(kind), kind))
    written = [_units(there, units, folder, level, at=at) for level in levels]
    stations = [
        {"code": one.unit, "name": one.name, "lat": one.lat, "lon": one.lon}
        for one in sorted(there.stations, key=lambda one: (one.unit, one.name, one.lat, one.lon))
        if covers(one, at)
    ]
    lists: dict[str, list[dict[str, Any]]] = {
        "stations": stations,
        "region_codes": [{"code": one.code, "unit": one.unit} for one in _sorted(there.codes)],
        "villages": [{name: getattr(one, name) for name in FIELDS["villages"]} for one in _sorted(there.villages)],
        "responders": [_responder(one) for one in _sorted(there.responders) if _lives(one, at)],
    }
    for kind, rows in lists.items():
        if rows:
            written.append(_table(folder / f"{kind}.csv", kind, rows))
    return written


def _depth(kind: str) -> int:
    """How far down the tree: parents are imported first."""
    order = ("centre", "county", "precinct", "grid")
    return order.index(kind) if kind in order else len(order)


def _lives(one: Unit | Responder, at: datetime) -> bool:
    begun = isinstance(one, Responder) or one.valid_from is None or one.valid_from <= at
    return begun and (one.valid_to is None or one.valid_to > at)


def _sorted(rows: Mapping[str, Any]) -> list[Any]:
    return [rows[code] for code in sorted(rows)]


def _units(there: Stored, units: Mapping[str, Unit], folder: Path, level: str, *, at: datetime) -> Written:
    parts: dict[str, list[Area | None]] = {}
    for area in there.areas:
        if covers(area, at):
            parts.setdefault(area.unit, []).append(area)
    features = [
        _feature(unit, area)
        for code, unit in sorted(units.items())
        if unit.kind == level
        for area in parts.get(code, [None])
    ]
    path = folder / f"{level}.geojson"
    lines = b",\n".join(orjson.dumps(feature) for feature in features)
    path.write_bytes(b'{"type":"FeatureCollection","features":[\n' + lines + b"\n]}\n")
    names = " ".join(
        f"--{option} {name}"
        for option, name in (
            *(("code", "code"), ("name", "name"), ("name-en", "name_en")),
            *(("parent", "parent"), ("contact", "contact"), ("head", "head")),
        )
    )
    return Written(path=path, rows=len(features), options=f"--jurisdictions {path} {names} --level {level}")


def _feature(unit: Unit, area: Area | None) -> dict[str, Any]:
    properties = {
        "code": unit.code,
        "name": unit.name_zh,
        "name_en": unit.name_en,
        "parent": unit.parent,
        "contact": unit.contact,
        "head": unit.head,
        "valid_from": None if area is None or area.valid_from is None else area.valid_from.isoformat(),
    }
    # the shortest digits that come back as the same number: the polygon is the same to the last bit
    geometry = None if area is None else shapely.geometry.mapping(shapely.from_wkb(area.polygon))
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _responder(one: Responder) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in FIELDS["responders"]}
    return {name: BETWEEN.join(value) if isinstance(value, tuple) else value for name, value in row.items()}


def _table(path: Path, kind: str, rows: Sequence[Mapping[str, Any]]) -> Written:
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    names = " --station-code code --station-name name" if kind == "stations" else ""
    return Written(path=path, rows=len(rows), options=f"--{kind.replace('_', '-')} {path}{names}")
