"""Any rota of a year, with leave, swaps, overrides and holidays, against every minute of it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from brute import MINUTE, Year, expand, year_of
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.rota.holiday import Holidays, Ruled
from services.domain.rota.pattern import Pattern, Shift
from services.domain.rota.rota import Entry, Group, Kind, Rota, Rotation, Swap, on_duty
from services.domain.rota.spans import rested_since, shifts

PEOPLE = ["R1", "R2", "R3", "R4", "R5", "R6"]
YEAR = year_of(2026)
HOURS = st.sampled_from([0, 4, 6, 8, 12, 16, 18, 20])  # not between 1 and 3, where a clock may be put back
MOST = 72


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    days = draw(st.integers(1, 8))
    found = []
    for number in range(draw(st.integers(1, 6))):
        starts = draw(HOURS)
        ends = draw(st.integers(0, 3)) * 24 + draw(HOURS)
        if starts < ends <= starts + MOST:
            found.append(
                Shift(day=draw(st.integers(0, days - 1)), name=f"S{number}", starts=starts * 60, ends=ends * 60)
            )
    return Pattern(code="T", name_zh="T", name_en="T", days=days, shifts=tuple(found))


DATES = st.dates(date(2025, 12, 20), date(2027, 1, 10))


@st.composite
def rotations(draw: st.DrawFn) -> Rotation:
    names = st.sampled_from(PEOPLE)
    groups = [
        Group(
            name=f"G{number}",
            offset=draw(st.integers(-10, 10)),
            members=tuple(draw(st.lists(names, max_size=3, unique=True))),
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    return Rotation(
        starts_on=draw(DATES),
        anchor=draw(DATES),
        pattern=draw(patterns()),
        groups=tuple(groups),
        holiday_pattern=draw(st.none() | patterns()),
    )


@st.composite
def windows(draw: st.DrawFn) -> tuple[datetime, datetime]:
    starts_at = YEAR.at(draw(st.integers(0, YEAR.count - 1)))
    return starts_at, starts_at + draw(st.integers(1, 10 * 1440)) * MINUTE


@st.composite
def rotas(draw: st.DrawFn, zone: str) -> Rota:
    entries = []
    for order in range(draw(st.integers(0, 10))):
        starts_at, ends_at = draw(windows())
        kind, who = draw(st.sampled_from(Kind)), draw(st.sampled_from(PEOPLE))
        entries.append(Entry(kind=kind, responder=who, starts_at=starts_at, ends_at=ends_at, order=order))
    swaps = []
    for _ in range(draw(st.integers(0, 6))):
        asker, other = draw(st.permutations(PEOPLE))[:2]
        swaps.append(Swap(asker=asker, other=other, gives=draw(windows()), takes=draw(st.none() | windows())))
    ruled = draw(st.dictionaries(DATES, st.booleans(), max_size=5))
    holidays = Holidays({day: Ruled(off=off, name="测试") for day, off in ruled.items()})
    rotations_ = {one.starts_on: one for one in draw(st.lists(rotations(), max_size=3))}
    return Rota(
        unit="T",
        zone=ZoneInfo(zone),
        is_off=holidays.is_off,
        rotations=tuple(rotations_[day] for day in sorted(rotations_)),
        entries=tuple(draw(st.permutations(entries))),
        swaps=tuple(swaps),
    )


def _painted(rota: Rota, year: Year) -> dict[str, np.ndarray]:
    """Our own spans as minutes; a span beside the window or out of order would show."""
    on = {who: np.zeros(year.count, dtype=np.bool_) for who in PEOPLE}
    for span in shifts(rota, year.first, year.at(year.count)):
        low, high = (span.starts_at - year.first) // MINUTE, (span.ends_at - year.first) // MINUTE
        assert 0 <= low < high <= year.count
        assert not on[span.responder][low:high].any()
        on[span.responder][low:high] = True
    return on


def _agrees(rota: Rota, numbers: list[int]) -> None:
    slow, ours = expand(rota, PEOPLE, YEAR), _painted(rota, YEAR)
    for who in PEOPLE:
        differs = np.flatnonzero(slow[who] != ours[who])
        assert not differs.size, (who, YEAR.at(int(differs[0])), differs.size)
    for number in numbers:
        at = YEAR.at(number) + timedelta(seconds=30)
        assert set(on_duty(rota, at)) == {who for who in PEOPLE if slow[who][number]}


NUMBERS = st.lists(st.integers(0, YEAR.count - 1), max_size=20)


@settings(max_examples=40, deadline=None)
@given(rotas("Asia/Shanghai"), NUMBERS)
def test_any_rota_agrees_with_every_minute_of_a_year(rota: Rota, numbers: list[int]) -> None:
    _agrees(rota, numbers)


@settings(max_examples=15, deadline=None)
@given(rotas("Europe/Berlin"), NUMBERS)
def test_a_clock_that_is_put_back_changes_nothing(rota: Rota, numbers: list[int]) -> None:
    _agrees(rota, numbers)


@settings(max_examples=25, deadline=None)
@given(rotas("Asia/Shanghai"), NUMBERS)
def test_rest_counts_from_the_last_duty_before_this_one(rota: Rota, numbers: list[int]) -> None:
    slow = expand(rota, PEOPLE, YEAR)
    spans = shifts(rota, YEAR.first, YEAR.at(YEAR.count))
    for number in numbers:
        for who in PEOPLE:
            minute = number
            while minute >= 0 and slow[who][minute]:
                minute -= 1
            while minute >= 0 and not slow[who][minute]:
                minute -= 1
            assert rested_since(spans, who, YEAR.at(number)) == (YEAR.at(minute + 1) if minute >= 0 else None)
