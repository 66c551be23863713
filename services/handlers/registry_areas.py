"""Units and their areas out of a GeoJSON, or units alone out of a table. Invalid areas are repaired, none is dropped."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely

from services.domain.seams import gaps, overlaps
from services.handlers.csv_rows import BadFile, Why, is_json, some_rows, text_of
from services.handlers.registry_found import Columns, Flaw, Found, FoundUnit, Weight

KIND = "jurisdictions"
POLYGONS = ("Polygon", "MultiPolygon")
WORLD = shapely.box(-180, -90, 180, 90)
DETAILED = 100_000  # corners of one area that are worth a word
FAR_DEGREES = 10.0  # from the others, and near them once the axes change places: swapped
Row = tuple[int, Mapping[str, Any], Any]  # number, properties, geometry

NO_GEOMETRY = object()  # none is written, as against null


class _Bad(Exception):
    def __init__(self, flaw: Flaw, **given: Any) -> None:
        super().__init__(flaw)
        self.flaw, self.given = flaw, given


def take_units(found: Found, path: Path, columns: Columns) -> None:
    """Add the file's units and areas. Raises BadFile where it can't be read as a whole."""
    found.units = {}
    lines: dict[str, int] = {}
    for number, properties, geometry in _rows(path, columns):
        try:
            unit = _unit(properties, columns, found)
            for flaw, weight, given in _add(found, unit, geometry, number, lines):
                found.say(path, number, flaw, weight=weight, **given)
        except _Bad as bad:
            found.say(path, number, bad.flaw, **bad.given)
    _check_parents(found, path, lines)
    _check_axes(found, path, lines)


def find_seams(found: Found, others: Mapping[str, list[shapely.Geometry]]) -> None:
    """Overlaps and gaps among what the file holds and `others`, the areas of the same level that stay."""
    areas = {**others, **found.areas}
    pairs = [
        (polygon, unit) for unit, shapes in areas.items() for shape in shapes for polygon in shapely.get_parts(shape)
    ]
    polygons = np.array([polygon for polygon, _ in pairs], dtype=object)
    owners = [unit for _, unit in pairs]
    if pairs:
        found.overlaps, found.gaps = overlaps(polygons, owners), gaps(polygons, owners)


def _rows(path: Path, columns: Columns) -> Iterator[Row]:
    if not is_json(path):
        rows = some_rows(path, {columns.of(KIND, "code"), *columns.named(KIND)})
        yield from ((row.line, row.cells, None) for row in rows)
        return
    try:
        document = orjson.loads(text_of(path))
    except orjson.JSONDecodeError as error:
        raise BadFile(Why.NO_JSON, path, line=error.lineno) from None
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise BadFile(Why.NO_COLLECTION, path)
    if not features:
        raise BadFile(Why.NO_FEATURES, path)  # taken as it is, it would end every unit of the level
    for number, feature in enumerate(features, 1):
        whole = feature if isinstance(feature, dict) else {}
        yield number, whole.get("properties"), whole.get("geometry", NO_GEOMETRY)  # type: ignore[misc]  # judged by _unit


def _unit(properties: Any, columns: Columns, found: Found) -> FoundUnit:
    if not isinstance(properties, dict | Mapping):
        raise _Bad(Flaw.NO_FEATURE)
    values = {name: _text(properties.get(columns.of(KIND, name))) for name in ("code", "name", "name_en")}
    # these are asked for by name only: a property that happens to be called `parent` may mean anything
    rest = {
        name: _text(properties.get(columns.given[f"{KIND}.{name}"]))
        for name in ("parent", "contact", "head")
        if f"{KIND}.{name}" in columns.given
    }
    code = values["code"]
    if code is None:
        raise _Bad(Flaw.MISSING, column=columns.of(KIND, "code"))
    if found.level == "grid" and rest.get("parent") is None:
        raise _Bad(Flaw.MISSING, column=columns.of(KIND, "parent"))
    known = found.known.get(code)
    if known is not None and known.kind != found.level:
        raise _Bad(Flaw.CODE_OF_ANOTHER_KIND, code=code, kind=known.kind)
    name = values["name"] if f"{KIND}.name" in columns.given else None
    english = values["name_en"] if f"{KIND}.name_en" in columns.given else None
    return FoundUnit(code=code, kind=found.level, name_zh=name, name_en=english, **rest)


def _text(value: Any) -> str | None:
    """A text or a number; anything else names nothing."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None if isinstance(value, str | int | float) else None


def _add(
    found: Found, unit: FoundUnit, geometry: Any, number: int, lines: dict[str, int]
) -> Iterator[tuple[Flaw, Weight, dict[str, Any]]]:
    assert found.units is not None  # noqa: S101 - take_units made it
    first = found.units.setdefault(unit.code, unit)
    if first != unit:
        raise _Bad(Flaw.CODE_TWICE, code=unit.code, other=lines[unit.code])
    shapes = found.areas.setdefault(unit.code, [])
    if geometry is None:
        if unit.code in lines:
            raise _Bad(Flaw.CODE_TWICE, code=unit.code, other=lines[unit.code])
        lines[unit.code] = number
        yield Flaw.NO_GROUND, Weight.NOTE, {"code": unit.code}
        return
    lines.setdefault(unit.code, number)
    shape, reason = _shape(geometry)
    if reason:
        yield Flaw.REPAIRED, Weight.MENDED, {"code": unit.code, "why": reason}
    corners = int(shapely.get_num_coordinates(shape))
    if corners > DETAILED:
        yield Flaw.VERY_DETAILED, Weight.NOTE, {"code": unit.code, "corners": corners}
    if any(shapely.equals_exact(shape, other, normalize=True) for other in shapes):
        yield Flaw.DUPLICATE, Weight.MENDED, {"code": unit.code}
        return
    if shapes:
        yield Flaw.PART, Weight.NOTE, {"code": unit.code, "part": len(shapes) + 1}
    shapes.append(shape)


def _shape(geometry: Any) -> tuple[shapely.Geometry, str]:
    """The area, repaired where need be, and what was wrong with it (empty: nothing)."""
    try:
        shape = shapely.force_2d(shapely.from_geojson(orjson.dumps(geometry).decode()))
    except (shapely.errors.ShapelyError, TypeError):
        raise _Bad(Flaw.NO_POLYGON) from None
    if shape is None or shape.geom_type not in POLYGONS:
        raise _Bad(Flaw.NO_POLYGON)
    if shape.is_empty:
        raise _Bad(Flaw.EMPTY_POLYGON)
    if not WORLD.covers(shapely.box(*shape.bounds)):
        west, south, east, north = shape.bounds
        swapped = west >= -90 and east <= 90 and south >= -180 and north <= 180
        raise _Bad(Flaw.LOOKS_SWAPPED if swapped else Flaw.OUTSIDE_WORLD)
    if shape.is_valid:
        return shape, ""
    reason = str(shapely.is_valid_reason(shape)).partition("[")[0]
    parts = _polygons_of(shapely.make_valid(shape, method="structure", keep_collapsed=False))
    if not parts:
        raise _Bad(Flaw.NO_AREA_LEFT)
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts), reason


def _polygons_of(shape: shapely.Geometry) -> list[shapely.Geometry]:
    if shape.geom_type == "Polygon":
        return [] if shape.is_empty else [shape]
    return [polygon for part in getattr(shape, "geoms", ()) for polygon in _polygons_of(part)]


def _check_parents(found: Found, path: Path, lines: Mapping[str, int]) -> None:
    for unit in (found.units or {}).values():
        if unit.parent is None:
            continue
        kind = found.kind_of(unit.parent)
        if kind is None or unit.parent == unit.code or (found.level == "grid" and kind == "grid"):
            found.say(path, lines.get(unit.code, 0), Flaw.UNKNOWN_PARENT, parent=unit.parent)


def _check_axes(found: Found, path: Path, lines: Mapping[str, int]) -> None:
    """An area far from all others, near them once its axes change places: said, never guessed."""
    centres = {
        code: np.array(shapely.get_coordinates(shapely.centroid(shapes[0]))[0])
        for code, shapes in found.areas.items()
        if shapes
    }
    if len(centres) < 3:
        return
    middle = np.median(list(centres.values()), axis=0)
    for code, centre in centres.items():
        if np.abs(centre - middle).max() > FAR_DEGREES and np.abs(centre[::-1] - middle).max() <= FAR_DEGREES:
            found.say(path, lines[code], Flaw.LOOKS_SWAPPED)
