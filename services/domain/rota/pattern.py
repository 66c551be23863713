"""Shift patterns: which shifts a group works on which day of a turn of any length. Wall time becomes instants here."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.domain.refusals import Incomplete

DAY = 24 * 60  # minutes of wall time
LONGEST = 3 * DAY  # of one shift
MOST_DAYS, MOST_SHIFTS = 366, 400
_CLOCK = re.compile(r"([0-9]{1,2}):([0-5][0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """`starts` and `ends` are minutes of wall time after the midnight that begins its day; 32:00 is 08:00 of the next."""

    day: int  # of the pattern, from 0
    name: str
    starts: int
    ends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A group that stands `offset` days into the turn works the shifts of day (days since the anchor + offset) mod `days`."""

    code: str
    name_zh: str
    name_en: str
    days: int
    shifts: tuple[Shift, ...]

    @property
    def reach(self) -> int:
        """How many days after the one it begins on a shift may still run."""
        return max(((shift.ends - 1) // DAY for shift in self.shifts), default=0)

    def on(self, index: int) -> Iterator[Shift]:
        """The shifts of one day of the turn; any whole number counts round."""
        day = index % self.days
        return (shift for shift in self.shifts if shift.day == day)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(shift.name for shift in self.shifts))


def instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """When a clock on the wall shows that time, in UTC; where it shows it twice, the first one."""
    days, rest = divmod(minutes, DAY)
    return datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), tzinfo=zone).astimezone(UTC)


def minutes_of(clock: str) -> int:
    """`08:00` as minutes; hours may go on past 24. Raises ValueError."""
    found = _CLOCK.fullmatch(clock.strip())
    if found is None:
        raise ValueError("write a time as HH:MM; 32:00 is 08:00 of the next day")
    return int(found[1]) * 60 + int(found[2])


def clock_of(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def pattern_from(code: str, document: Mapping[str, Any]) -> Pattern:
    """The pattern that `document_of` wrote, or a person. Raises Incomplete with the field and what is wrong."""
    days = document.get("days")
    if not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        raise Incomplete(field="days", why=f"a turn has 1 to {MOST_DAYS} days")
    shifts = document.get("shifts")
    if not isinstance(shifts, Sequence) or isinstance(shifts, str) or not 0 < len(shifts) <= MOST_SHIFTS:
        raise Incomplete(field="shifts", why=f"a pattern has 1 to {MOST_SHIFTS} shifts")
    return Pattern(
        code=code,
        name_zh=str(document.get("name_zh") or code),
        name_en=str(document.get("name_en") or code),
        days=days,
        shifts=tuple(_shift(number, shift, days) for number, shift in enumerate(shifts)),
    )


def _shift(number: int, given: Any, days: int) -> Shift:
    try:
        day, name = int(given["day"]), str(given["name"]).strip()
        starts, ends = minutes_of(str(given["starts"])), minutes_of(str(given["ends"]))
    except (KeyError, TypeError):
        raise Incomplete(field=f"shifts/{number}", why="a shift has day, name, starts and ends") from None
    except ValueError as wrong:
        raise Incomplete(field=f"shifts/{number}", why=str(wrong)) from None
    why = None
    if not 0 <= day < days:
        why = "its day lies outside the turn; days count from 0"
    elif not name or name == "*":
        why = "a shift needs a name, and * is taken"
    elif starts >= DAY:
        why = "it starts on another day than its own; name that day"
    elif ends <= starts:
        why = "it ends before it starts; 32:00 is 08:00 of the next day"
    elif ends - starts > LONGEST:
        why = "it is longer than 72 hours"
    if why is not None:
        raise Incomplete(field=f"shifts/{number}", why=why)
    return Shift(day=day, name=name, starts=starts, ends=ends)


def document_of(pattern: Pattern) -> dict[str, Any]:
    return {
        "name_zh": pattern.name_zh,
        "name_en": pattern.name_en,
        "days": pattern.days,
        "shifts": [
            {
                "day": shift.day,
                "name": shift.name,
                "starts": clock_of(shift.starts),
                "ends": clock_of(shift.ends),
            }
            for shift in pattern.shifts
        ],
    }
