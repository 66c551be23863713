"""Who is on duty, found the slow way: one truth value for every person and every minute of a year. Shares no rule code."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from services.domain.rota.rota import Kind, Rota

MINUTE = timedelta(minutes=1)
Minutes = NDArray[np.bool_]


@cache
def wall(zone: str, first: datetime, count: int) -> NDArray[np.int64]:
    """What the clock on the wall shows at each minute, as minutes since the day 0001-01-01."""
    there = ZoneInfo(zone)
    shown = ((first + number * MINUTE).astimezone(there) for number in range(count))
    return np.array([at.toordinal() * 1440 + at.hour * 60 + at.minute for at in shown], dtype=np.int64)


@dataclass(slots=True)
class Year:
    """The minutes from `first` on."""

    first: datetime
    count: int

    def within(self, starts_at: datetime, ends_at: datetime) -> Minutes:
        numbers = np.arange(self.count)
        return (numbers >= (starts_at - self.first) // MINUTE) & (numbers < (ends_at - self.first) // MINUTE)

    def at(self, number: int) -> datetime:
        return self.first + number * MINUTE


def _paint_rotation(rota: Rota, on: dict[str, Minutes], year: Year) -> None:
    shown = wall(rota.zone.key, year.first, year.count)
    for ordinal in range(int(shown[0]) // 1440 - 4, int(shown[-1]) // 1440 + 1):
        day = date.fromordinal(ordinal)
        in_force = [one for one in rota.rotations if one.starts_on <= day]
        if not in_force:
            continue
        rotation = in_force[-1]
        pattern = rotation.pattern
        if rotation.holiday_pattern is not None and rota.is_off(day):
            pattern = rotation.holiday_pattern
        for group in rotation.groups:
            turn = ((day - rotation.anchor).days + group.offset) % pattern.days
            for shift in pattern.shifts:
                low, high = np.searchsorted(shown, [ordinal * 1440 + shift.starts, ordinal * 1440 + shift.ends])
                for who in group.members if shift.day == turn else ():
                    on[who][low:high] = True


def _paint_swaps(rota: Rota, on: dict[str, Minutes], year: Year) -> None:
    for swap in rota.swaps:
        give = on[swap.asker] & year.within(*swap.gives)
        take = np.zeros(year.count, dtype=np.bool_)
        if swap.takes is not None:
            take = on[swap.other] & year.within(*swap.takes)
        on[swap.asker] = on[swap.asker] & ~give | take
        on[swap.other] = on[swap.other] & ~take | give


def expand(rota: Rota, people: list[str], year: Year) -> dict[str, Minutes]:
    """For each person the minutes on duty, painted layer over layer."""
    on = {who: np.zeros(year.count, dtype=np.bool_) for who in people}
    _paint_rotation(rota, on, year)
    for entry in rota.entries:
        if entry.kind is Kind.PLAN:
            on[entry.responder] |= year.within(entry.starts_at, entry.ends_at)
    _paint_swaps(rota, on, year)
    for entry in rota.entries:
        if entry.kind is Kind.LEAVE:
            on[entry.responder] &= ~year.within(entry.starts_at, entry.ends_at)
    for entry in sorted(rota.entries, key=lambda one: one.order):
        if entry.kind in (Kind.ON, Kind.OFF):
            on[entry.responder][year.within(entry.starts_at, entry.ends_at)] = entry.kind is Kind.ON
    return on


def year_of(number: int) -> Year:
    first = datetime(number, 1, 1, tzinfo=UTC)
    return Year(first, int((datetime(number + 1, 1, 1, tzinfo=UTC) - first) / MINUTE))
