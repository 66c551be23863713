"""What the files of a registry import hold, and what is wrong in them. Reads no file and decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import shapely

from services.domain.seams import Seam
from services.store.registry import RegionCode, Responder, Station, Unit, Village


class Weight(StrEnum):
    BAD = "bad"  # can't be taken: nothing is written
    MENDED = "mended"  # taken otherwise than it was written
    NOTE = "note"  # taken as it is, and worth a look


class Flaw(StrEnum):
    """What can be wrong with a row; the words for it are in cli/registry_words."""

    NO_FEATURE = "NO_FEATURE"
    MISSING = "MISSING"  # a value that each row needs
    NO_POLYGON = "NO_POLYGON"
    EMPTY_POLYGON = "EMPTY_POLYGON"
    NO_AREA_LEFT = "NO_AREA_LEFT"
    OUTSIDE_WORLD = "OUTSIDE_WORLD"
    LOOKS_SWAPPED = "LOOKS_SWAPPED"
    CODE_TWICE = "CODE_TWICE"  # two units with one code
    CODE_OF_ANOTHER_KIND = "CODE_OF_ANOTHER_KIND"
    UNKNOWN_PARENT = "UNKNOWN_PARENT"
    REPAIRED = "REPAIRED"
    DUPLICATE = "DUPLICATE"
    PART = "PART"
    NO_GROUND = "NO_GROUND"
    VERY_DETAILED = "VERY_DETAILED"
    UNKNOWN_UNIT = "UNKNOWN_UNIT"
    NO_NUMBER = "NO_NUMBER"
    UNUSABLE_POINT = "UNUSABLE_POINT"
    OUTSIDE_OWN_AREA = "OUTSIDE_OWN_AREA"
    NO_CODE = "NO_CODE"  # not made of digits
    TWICE = "TWICE"
    WITHOUT_UNIT = "WITHOUT_UNIT"
    MADE_UNIT = "MADE_UNIT"  # for a code of the level that has no polygon, such as a development zone's
    NO_POST = "NO_POST"
    UNFIT_CODE = "UNFIT_CODE"  # by which a responder could be called or looked up


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row that is not as it should be. `given` fills the sentence; it holds nothing of a person."""

    file: str
    line: int  # of a table; the number of the feature, from 1, in a GeoJSON
    flaw: Flaw
    weight: Weight = Weight.BAD
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundUnit:
    """A unit as the file has it; None where the file does not say, so that what is stored stays."""

    code: str
    kind: str
    name_zh: str | None = None
    name_en: str | None = None
    parent: str | None = None
    contact: str | None = None
    head: str | None = None


@dataclass(slots=True, kw_only=True)
class Found:
    """What the files hold. None: no such file was given, so what is stored stays."""

    level: str
    known: Mapping[str, Unit]  # the stored units in force
    units: dict[str, FoundUnit] | None = None
    areas: dict[str, list[shapely.Geometry]] = field(default_factory=dict)  # by unit, valid, each part once
    stations: list[Station] | None = None
    codes: dict[str, RegionCode] | None = None
    villages: dict[str, Village] | None = None
    responders: dict[str, Responder] | None = None
    faults: list[Fault] = field(default_factory=list)
    overlaps: list[Seam] = field(default_factory=list)
    gaps: list[Seam] = field(default_factory=list)

    def say(self, path: Path, line: int, flaw: Flaw, *, weight: Weight = Weight.BAD, **given: Any) -> None:
        """Remember a fault of a row."""
        self.faults.append(Fault(file=path.name, line=line, flaw=flaw, weight=weight, given=given))

    @property
    def bad(self) -> list[Fault]:
        return [fault for fault in self.faults if fault.weight is Weight.BAD]

    def kind_of(self, code: str) -> str | None:
        """The kind of a unit in the files or in the store; None: there is no such unit."""
        if self.units is not None and code in self.units:
            return self.units[code].kind
        return self.known[code].kind if code in self.known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column or property holds what: the name that was given, else the field's own."""

    given: Mapping[str, str] = field(default_factory=dict)  # "responders.code" → "警号"

    def of(self, file: str, name: str) -> str:
        return self.given.get(f"{file}.{name}", name)

    def named(self, file: str) -> list[str]:
        """The columns that somebody named: they must be there."""
        return [column for field, column in self.given.items() if field.startswith(f"{file}.")]


FIELDS: Mapping[str, tuple[str, ...]] = {
    "jurisdictions": ("code", "name", "name_en", "parent", "contact", "head"),
    "stations": ("code", "name", "lat", "lon"),
    "region_codes": ("code", "unit", "name", "level"),
    "villages": ("village_code", "village", "township_code", "township", "county_code", "county", "unit"),
    "responders": (
        *("code", "unit", "name", "grade", "post_lat", "post_lon"),
        *("skills", "languages", "capabilities", "family_liaison"),
    ),
}
