"""registry check: what in the stored registry would send a warning astray or leave it with nobody. Mends nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely

from services.domain.seams import Seam, gaps, overlaps, uncovered
from services.handlers.registry_import import Stored
from services.handlers.registry_timed import covers
from services.store.registry import GRID, Unit

LEAST_M2 = 1.0
CENTRE = "centre"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Codes ascending, seams and uncovered ground the largest first."""

    overlaps: list[Seam]
    gaps: list[Seam]
    without_area: list[str]
    without_station: list[str]
    without_people: list[str]
    codes_without_unit: list[str]
    villages_without_unit: list[str]
    responders_without_unit: list[str]
    parents_missing: list[str]  # units whose parent is not there
    heads_missing: list[str]  # units whose head is nobody of theirs, so that nobody is asked in the end
    not_covered_by_grids: list[Seam]  # units that have grids, with the ground that none of theirs has

    @property
    def sound(self) -> bool:
        """Gaps and units without an area are often meant to be, and are only told."""
        told_only = ("gaps", "without_area", "not_covered_by_grids")
        return not any(getattr(self, name) for name in self.__dataclass_fields__ if name not in told_only)


def check(there: Stored, *, at: datetime) -> Findings:
    """As of `at`. Units of every level but the centre's are looked at; overlaps are looked for inside a level."""
    units = {code: unit for code, unit in there.units.items() if unit.valid_to is None or unit.valid_to > at}
    shapes: dict[str, list[shapely.Geometry]] = {}
    for area in there.areas:
        if covers(area, at) and area.unit in units:
            shapes.setdefault(area.unit, []).append(shapely.from_wkb(area.polygon))
    levels = sorted({unit.kind for unit in units.values()})
    seams = {level: _flat({code: shapes[code] for code in shapes if units[code].kind == level}) for level in levels}
    answering = {code for code, unit in units.items() if unit.kind not in (CENTRE, GRID)}
    people = [one for one in there.responders.values() if one.valid_to is None or one.valid_to > at]
    return Findings(
        overlaps=[seam for level in levels for seam in overlaps(*seams[level])],
        gaps=[seam for level in levels if level != GRID for seam in gaps(*seams[level])],
        without_area=sorted(code for code, unit in units.items() if unit.kind != CENTRE and code not in shapes),
        without_station=sorted(answering - {one.unit for one in there.stations if covers(one, at)}),
        without_people=sorted(answering - _with_people(there, (one.unit for one in people))),
        codes_without_unit=sorted(code for code, one in there.codes.items() if one.unit not in units),
        villages_without_unit=sorted(code for code, one in there.villages.items() if one.unit not in units),
        responders_without_unit=sorted(one.code for one in people if one.unit not in units),
        parents_missing=sorted(code for code, unit in units.items() if unit.parent and unit.parent not in units),
        heads_missing=sorted(
            code
            for code, unit in units.items()
            if unit.head and not any(one.code == unit.head and _belongs(units, one.unit, code) for one in people)
        ),
        not_covered_by_grids=_not_covered(there, shapes),
    )


def _belongs(units: Mapping[str, Unit], own: str, code: str) -> bool:
    """Whether who is of `own` is of the unit `code`, or of a grid in it."""
    return own == code or (own in units and units[own].kind == GRID and units[own].parent == code)


def _with_people(there: Stored, units: Iterable[str]) -> set[str]:
    """Units with people of their own or of a grid or unit below them."""
    found: set[str] = set()
    for unit in units:
        code: str | None = unit
        while code is not None and code not in found:
            found.add(code)
            known = there.units.get(code)
            code = known.parent if known is not None else None
    return found


def _flat(shapes: Mapping[str, list[shapely.Geometry]]) -> tuple[np.ndarray, list[str]]:
    pairs = [
        (polygon, code) for code, several in shapes.items() for shape in several for polygon in shapely.get_parts(shape)
    ]
    return np.array([polygon for polygon, _ in pairs], dtype=object), [code for _, code in pairs]


def _not_covered(there: Stored, shapes: Mapping[str, list[shapely.Geometry]]) -> list[Seam]:
    parts: dict[str, list[shapely.Geometry]] = {}
    for code, several in shapes.items():
        parent = there.units[code].parent
        if there.units[code].kind == GRID and parent is not None and parent in shapes:
            parts.setdefault(parent, []).extend(several)
    found = [
        Seam(units=(parent,), square_m=uncovered(shapely.union_all(shapes[parent]), np.array(several, dtype=object)))
        for parent, several in parts.items()
    ]
    return sorted((seam for seam in found if seam.square_m >= LEAST_M2), key=lambda seam: -seam.square_m)
