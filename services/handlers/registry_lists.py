"""Region codes, villages and responders out of tables. A row whose unit is not named gets it by its code, or none."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.domain.ground import significant
from services.domain.place import point_fault, usable
from services.handlers.csv_rows import Row, some_rows
from services.handlers.registry_found import FIELDS, Columns, Flaw, Found, FoundUnit, Weight
from services.handlers.registry_points import degrees
from services.store.registry import RegionCode, Responder, Village

TELLS_WHO = re.compile(
    r"1[3-9]\d{9}|\d{17}[\dXx]|.{65,}", re.DOTALL
)  # a mobile's number, an ID number; what no message takes
DIGITS = re.compile(r"\d{2,12}")
BETWEEN = re.compile(r"[;,|、;,\s]+")
YES = frozenset({"1", "true", "yes", "y", "是", "有"})
GRADES: Mapping[str, str] = {"民警": "officer", "辅警": "auxiliary", "治安管理员": "warden"}
PREFECTURE_DIGITS = 4
CENTRE = "centre"  # its code would take every place under it away from the people at the centre


class _List:
    """One table on its way into `found`, row by row."""

    def __init__(self, found: Found, path: Path, columns: Columns, kind: str, needed: tuple[str, ...]) -> None:
        self.found, self.path, self.kind, self.needed = found, path, kind, needed
        self.columns = {name: columns.of(kind, name) for name in FIELDS[kind]}
        wanted = {self.columns[name] for name in needed} | set(columns.named(kind))
        self.rows = some_rows(path, wanted)
        self.lines: dict[str, int] = {}

    def cells(self, row: Row) -> dict[str, str]:
        return {name: row.cells.get(column, "") for name, column in self.columns.items()}

    def say(self, row: Row, flaw: Flaw, weight: Weight = Weight.BAD, **given: Any) -> None:
        self.found.say(self.path, row.line, flaw, weight=weight, **given)

    def fits(self, row: Row, cells: Mapping[str, str], code: str) -> bool:
        """Every needed value there, the code not yet taken, the unit known if one is named; says it where not."""
        missing = next((name for name in self.needed if not cells[name]), None)
        if missing is not None:
            self.say(row, Flaw.MISSING, column=self.columns[missing])
        elif code in self.lines:
            self.say(row, Flaw.TWICE, code=code, other=self.lines[code])
        elif cells["unit"] and self.found.kind_of(cells["unit"]) is None:
            self.say(row, Flaw.UNKNOWN_UNIT, unit=cells["unit"])
        else:
            self.lines[code] = row.line
            return True
        return False


class UnitByCode:
    """The unit of a region code where no unit is named: the one with the longest code that it begins with."""

    def __init__(self, found: Found, stored: Mapping[str, str]) -> None:
        kinds = {code: unit.kind for code, unit in found.known.items()}
        kinds |= {code: unit.kind for code, unit in (found.units or {}).items()}
        self._units = {
            significant(code): code for code, kind in kinds.items() if DIGITS.fullmatch(code) and kind != CENTRE
        }
        self._units |= {significant(code): unit for code, unit in stored.items() if unit in kinds}
        self._lengths = sorted({len(code) for code in self._units}, reverse=True)

    def of(self, code: str) -> str | None:
        given = significant(code)
        return next((self._units[given[:length]] for length in self._lengths if given[:length] in self._units), None)


def take_region_codes(found: Found, path: Path, columns: Columns) -> None:
    table = _List(found, path, columns, "region_codes", ("code",))
    found.codes = {}
    _make_units(table)
    by_code = UnitByCode(found, {})
    for row in table.rows:
        cells = table.cells(row)
        code = significant(cells["code"])
        if cells["code"] and not DIGITS.fullmatch(cells["code"]):
            table.say(row, Flaw.NO_CODE, code=cells["code"])
        elif table.fits(row, cells, code):
            unit = cells["unit"] or by_code.of(code)
            if unit is None:
                table.say(row, Flaw.WITHOUT_UNIT, Weight.NOTE, code=cells["code"])
            else:
                found.codes[code] = RegionCode(code=code, unit=unit)


def _make_units(table: _List) -> None:
    """A unit for each code of the imported level that no polygon has, where its prefecture is one of the file's.

    Development zones have codes and townships but no polygon: without a unit nobody would be found for them.
    """
    found = table.found
    if found.units is None:
        return
    prefectures = {code[:PREFECTURE_DIGITS] for code in found.units}
    for row in table.rows:
        cells = table.cells(row)
        code = significant(cells["code"])
        of_level = cells["level"] == found.level and not cells["unit"] and DIGITS.fullmatch(code)
        if of_level and found.kind_of(code) in (None, found.level) and code[:PREFECTURE_DIGITS] in prefectures:
            if code in found.units:
                continue
            found.units[code] = FoundUnit(code=code, kind=found.level, name_zh=cells["name"] or None)
            table.say(row, Flaw.MADE_UNIT, Weight.NOTE, code=code)


def take_villages(found: Found, path: Path, columns: Columns, stored_codes: Mapping[str, str]) -> None:
    """`stored_codes` are the region codes in the store; those of this import go first."""
    table = _List(found, path, columns, "villages", ("village_code", "village", "township_code", "county_code"))
    found.villages = {}
    codes = stored_codes if found.codes is None else {one.code: one.unit for one in found.codes.values()}
    by_code = UnitByCode(found, codes)
    for row in table.rows:
        cells = table.cells(row)
        code = cells["village_code"]
        if code and not DIGITS.fullmatch(code):
            table.say(row, Flaw.NO_CODE, code=code)
        elif table.fits(row, cells, code):
            unit = cells.pop("unit") or by_code.of(code)
            found.villages[code] = Village(**cells, unit=unit)
            if unit is None:
                table.say(row, Flaw.WITHOUT_UNIT, Weight.NOTE, code=code)


def take_responders(
    found: Found, path: Path, columns: Columns, stored_posts: Mapping[str, tuple[float, float]]
) -> None:
    """Who has no post of their own has the unit's station; `stored_posts` are those in the store, by unit."""
    table = _List(found, path, columns, "responders", ("code", "unit", "name"))
    found.responders = {}
    posts = {**stored_posts, **{station.unit: (station.lat, station.lon) for station in found.stations or ()}}
    for row in table.rows:
        cells = table.cells(row)
        if TELLS_WHO.fullmatch(cells["code"]):
            table.say(row, Flaw.UNFIT_CODE)
            continue
        if not table.fits(row, cells, cells["code"]):
            continue
        post = _post(table, row, cells, posts)
        if post is not None:
            found.responders[cells["code"]] = _responder(cells, post)


def _post(
    table: _List, row: Row, cells: Mapping[str, str], posts: Mapping[str, tuple[float, float]]
) -> tuple[float, float] | None:
    if not cells["post_lat"] and not cells["post_lon"]:
        post = posts.get(cells["unit"])
        if post is None:
            table.say(row, Flaw.NO_POST, unit=cells["unit"])
        return post
    own = degrees(cells["post_lat"], cells["post_lon"])
    if own is None:
        table.say(row, Flaw.NO_NUMBER)
    elif not usable(*own):
        table.say(row, Flaw.UNUSABLE_POINT, why=point_fault(*own).value)
        return None
    return own


def _responder(cells: Mapping[str, str], post: tuple[float, float]) -> Responder:
    grade = cells["grade"] or "officer"
    return Responder(
        code=cells["code"],
        unit=cells["unit"],
        name=cells["name"],
        grade=GRADES.get(grade, grade),
        post_lat=post[0],
        post_lon=post[1],
        skills=_words(cells["skills"]),
        languages=_words(cells["languages"]),
        capabilities=_words(cells["capabilities"]),
        family_liaison=cells["family_liaison"].lower() in YES,
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(sorted(set(filter(None, BETWEEN.split(text)))))
