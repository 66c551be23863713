"""Public holidays: the `holidays` library knows China's, working weekends included; a row of ours wins over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from holidays import HolidayBase, country_holidays

COUNTRY = "CN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """What the table says of one day: off, or worked although the calendar says otherwise."""

    off: bool
    name: str


class Holidays:
    """Whether a day is a public holiday. A plain weekend is none."""

    def __init__(self, ruled: Mapping[date, Ruled] | None = None, *, country: str = COUNTRY) -> None:
        self._ruled = dict(ruled or {})
        self._calendar: HolidayBase = country_holidays(country)

    def is_off(self, day: date) -> bool:
        ruled = self._ruled.get(day)
        return day in self._calendar if ruled is None else ruled.off

    def named(self, day: date) -> str | None:
        """The holiday's name; None on any other day."""
        ruled = self._ruled.get(day)
        if ruled is not None:
            return ruled.name if ruled.off else None
        return self._calendar.get(day)

    def of_year(self, year: int) -> dict[date, str]:
        """Every holiday of a year, in order."""
        days = {day for day in country_holidays(COUNTRY, years=year) if day.year == year}
        days |= {day for day in self._ruled if day.year == year}
        return {day: name for day in sorted(days) if (name := self.named(day)) is not None}
