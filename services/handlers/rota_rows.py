"""A rota as people send it: CSV rows of duty, leave or groups, judged row by row. Calendars are `rota_ical`'s.

Columns are known by their English or Chinese names. A file of duty has a row a span (`responder`, `starts`, `ends`) or a
row a shift (`responder`, `date`, `shift` as HH:MM-HH:MM or a name of the unit's pattern); a file of groups has
`responder`, `group` and `pattern`. Changes nothing; `rota_import` lays it down.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from services.domain.rota.pattern import Pattern, instant, minutes_of
from services.domain.rota.rota import Entry, Kind
from services.handlers.csv_rows import NAME_SHOWN, NAMES_SHOWN, BadFile, Why, some_rows

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "unit": ("unit", "单位", "单位代码"),
    "responder": ("responder", "人员", "民警", "人员代码"),
    "kind": ("kind", "类型", "事由"),
    "starts": ("starts", "starts_at", "开始", "开始时间"),
    "ends": ("ends", "ends_at", "结束", "结束时间"),
    "date": ("date", "日期"),
    "shift": ("shift", "班次"),
    "group": ("group", "班组"),
    "offset": ("offset", "偏移"),
    "pattern": ("pattern", "班制"),
    "starts_on": ("starts_on", "启用日期"),
}
KINDS: Mapping[str, Kind] = {
    "": Kind.PLAN,
    "duty": Kind.PLAN,
    "plan": Kind.PLAN,
    "值班": Kind.PLAN,
    "leave": Kind.LEAVE,
    "请假": Kind.LEAVE,
    "休假": Kind.LEAVE,
    "on": Kind.ON,
    "加班": Kind.ON,
    "off": Kind.OFF,
    "停班": Kind.OFF,
}
_SPAN = re.compile(r"([0-9]{1,2}:[0-9]{2})\s*[-–~至]\s*([0-9]{1,2}:[0-9]{2})")
LONGEST_DUTY = timedelta(hours=72)


@dataclass(frozen=True, slots=True, kw_only=True)
class RotaRowFault:
    """A row that can't be taken; `line` is the row of a CSV (the header is 1), or the event of a calendar."""

    file: str
    line: int
    reason: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A row of a file of groups."""

    group: str
    offset: int
    responder: str
    pattern: str
    starts_on: date | None


@dataclass(slots=True, kw_only=True)
class FoundRota:
    """What a file holds, by unit."""

    entries: dict[str, list[Entry]] = field(default_factory=dict)
    members: dict[str, list[Member]] = field(default_factory=dict)
    faults: list[RotaRowFault] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What rows are judged by. `unit_of`: the unit of each responder; `patterns`: those of each unit, for its shifts."""

    unit_of: Mapping[str, str]
    patterns: Mapping[str, Pattern]
    shifts: Mapping[str, Sequence[Pattern]]
    zone: ZoneInfo
    unit: str | None = None  # only this unit's rows are taken


class BadRow(Exception):
    """A row that can't be taken: why, and what to do about it."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.reason, self.fix = reason, fix


def read_csv(path: Path, known: Known) -> FoundRota:
    """Every row of the file. Raises BadFile where it can't be read as a whole."""
    rows = some_rows(path, ())
    header = list(rows[0].cells)
    names = {ours: next((one for one in theirs if one in header), None) for ours, theirs in COLUMNS.items()}
    if names["responder"] is None:
        raise BadFile(Why.NO_COLUMN, path, column="responder", there=_shown(header))
    if names["group"] is None and names["starts"] is None and names["date"] is None:
        raise BadFile(Why.NO_COLUMN, path, column="starts", there=_shown(header))
    found = FoundRota()
    take = _take_entry if names["group"] is None else _take_member
    for row in rows:
        cells = {ours: row.cells.get(theirs, "") if theirs else "" for ours, theirs in names.items()}
        judge(found, path.name, row.line, lambda cells=cells: take(found, cells, known))  # type: ignore[misc]
    return found


def _shown(header: Iterable[str]) -> str:
    return ", ".join(name[:NAME_SHOWN] for name in list(header)[:NAMES_SHOWN])


def judge(found: FoundRota, file: str, line: int, take: Callable[[], None]) -> None:
    """Take a row, or keep what is wrong with it."""
    try:
        take()
    except BadRow as bad:
        found.faults.append(RotaRowFault(file=file, line=line, reason=bad.reason, fix=bad.fix))


def unit_for(responder: str, given: str, known: Known) -> str:
    """The unit whose rota the row is about. Raises BadRow."""
    if not responder:
        raise BadRow("no responder", "write the responder's code")
    unit = known.unit_of.get(responder)
    if unit is None:
        raise BadRow(f"responder {responder} is unknown", "import the responder first, or mend the code")
    if given and given != unit:
        raise BadRow(f"responder {responder} is not of unit {given}", f"the responder is of {unit}")
    if known.unit is not None and unit != known.unit:
        raise BadRow(f"responder {responder} is of unit {unit}", f"only rows of {known.unit} were asked for")
    return unit


def _take_entry(found: FoundRota, cells: Mapping[str, str], known: Known) -> None:
    unit = unit_for(cells["responder"], cells["unit"], known)
    kind = KINDS.get(cells["kind"].lower())
    if kind is None:
        raise BadRow("the kind is unknown", f"one of {', '.join(name for name in KINDS if name)}")
    if cells["date"]:
        starts_at, ends_at = _of_shift(cells, known.shifts.get(unit, ()), known.zone)
    else:
        starts_at, ends_at = (moment_of(cells[name], known.zone) for name in ("starts", "ends"))
    name = "" if _SPAN.fullmatch(cells["shift"]) else cells["shift"]
    entry = Entry(kind=kind, responder=cells["responder"], starts_at=starts_at, ends_at=ends_at, shift=name[:40])
    add_entry(found, unit, entry)


def add_entry(found: FoundRota, unit: str, entry: Entry) -> None:
    """Raises BadRow where it can't be, or where the file has it already."""
    if entry.ends_at <= entry.starts_at:
        raise BadRow("it ends before it starts", "write the end after the start; a night shift ends on the next day")
    if entry.kind is Kind.PLAN and entry.ends_at - entry.starts_at > LONGEST_DUTY:
        raise BadRow("a duty of more than 72 hours", "write one row for each shift")
    mine = found.entries.setdefault(unit, [])
    if entry in mine:
        raise BadRow("the same row again", "leave one of them out")
    overlap = any(
        one.responder == entry.responder
        and one.kind is entry.kind is Kind.PLAN
        and one.starts_at < entry.ends_at
        and entry.starts_at < one.ends_at
        for one in mine
    )
    if overlap:
        raise BadRow("it overlaps another duty of the same responder", "a responder has one shift at a time")
    mine.append(entry)


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """A time as people write it (2026-11-25 08:00, with or without an offset), in UTC."""
    try:
        at = datetime.fromisoformat(text.strip().replace("/", "-"))
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRow("no time in it that can be read", "write times as 2026-11-25 08:00") from None


def day_of(text: str) -> date:
    try:
        return date.fromisoformat(text.strip().replace("/", "-"))
    except ValueError:
        raise BadRow("no date in it that can be read", "write dates as 2026-11-25") from None


def _of_shift(cells: Mapping[str, str], patterns: Iterable[Pattern], zone: ZoneInfo) -> tuple[datetime, datetime]:
    day, clocks = day_of(cells["date"]), _SPAN.fullmatch(cells["shift"].strip())
    try:
        if clocks is not None:
            starts, ends = minutes_of(clocks[1]), minutes_of(clocks[2])
            ends += 1440 if ends <= starts else 0  # 20:00-08:00 on one line is a night
            return instant(day, starts, zone), instant(day, ends, zone)
        named = {(one.starts, one.ends) for pattern in patterns for one in pattern.shifts if one.name == cells["shift"]}
        if len(named) == 1:
            starts, ends = named.pop()
            return instant(day, starts, zone), instant(day, ends, zone)
    except (ValueError, OverflowError):
        pass
    raise BadRow("the shift is unknown", "write it as 08:00-16:00, or as a shift's name of the unit's pattern")


def _take_member(found: FoundRota, cells: Mapping[str, str], known: Known) -> None:
    unit = unit_for(cells["responder"], cells["unit"], known)
    if not cells["group"]:
        raise BadRow("no group", "write the group's name")
    if cells["pattern"] and cells["pattern"] not in known.patterns:
        raise BadRow("there is no such shift pattern", f"one of {', '.join(known.patterns)}")
    mine = found.members.setdefault(unit, [])
    if any(one.responder == cells["responder"] for one in mine):
        raise BadRow("the responder is in a group already", "a responder is in one group")
    try:
        offset = int(cells["offset"]) if cells["offset"] else -1
    except ValueError:
        raise BadRow("the offset is no number", "write a number of days, or leave it empty") from None
    mine.append(
        Member(
            group=cells["group"][:40],
            offset=offset,
            responder=cells["responder"],
            pattern=cells["pattern"],
            starts_on=day_of(cells["starts_on"]) if cells["starts_on"] else None,
        )
    )
