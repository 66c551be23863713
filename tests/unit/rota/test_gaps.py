"""Gaps in the watch and faults of a rota, drawn by hand and against a minute-by-minute count."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.refusals import Incomplete
from services.domain.rota.fault import Flaw, faults
from services.domain.rota.gaps import Demand, demands, gaps
from services.domain.rota.holiday import Holidays, Ruled
from services.domain.rota.pattern import document_of, pattern_from
from services.domain.rota.rota import Entry, Group, Kind, Rota, Rotation, Via
from services.domain.rota.spans import Span
from services.store.defaults import SHIFT_PATTERNS

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # in Shanghai
ZONE = ZoneInfo("Asia/Shanghai")
FIXED = pattern_from(
    "fixed",
    {
        "days": 1,
        "shifts": [
            {"day": 0, "name": "night", "starts": "20:00", "ends": "32:00"},
            {"day": 0, "name": "day", "starts": "08:00", "ends": "20:00"},
        ],
    },
)


def hour(number: float) -> datetime:
    return NOON + timedelta(hours=number)


def span(who: str, starts: float, ends: float) -> Span:
    return Span(responder=who, shift="x", starts_at=hour(starts), ends_at=hour(ends), via=Via.PLAN)


def rota(*entries: Entry, minimum: dict[str, int] | None = None, members: tuple[str, ...] = ("R1", "R2")) -> Rota:
    rotation = Rotation(
        starts_on=date(2026, 3, 1),
        anchor=date(2026, 3, 1),
        pattern=FIXED,
        groups=(Group(name="A", offset=0, members=members),),
        minimum=minimum or {"*": 1},
    )
    return Rota(unit="P", zone=ZONE, is_off=Holidays().is_off, rotations=(rotation,), entries=entries)


SPANS = st.lists(
    st.builds(span, st.sampled_from(["R1", "R2", "R3"]), st.integers(-5, 30), st.integers(-5, 30)), max_size=8
)
DEMANDS = st.lists(
    st.builds(
        lambda shift, starts, ends, needed: Demand(
            shift=shift, starts_at=hour(starts), ends_at=hour(ends), needed=needed
        ),
        st.sampled_from(["a", "b"]),
        st.integers(-5, 30),
        st.integers(-5, 30),
        st.integers(0, 3),
    ),
    max_size=4,
)


@settings(max_examples=300)
@given(SPANS, DEMANDS, st.integers(0, 2))
def test_gaps_are_where_a_count_by_the_hour_finds_too_few(spans: list[Span], asked: list[Demand], rest: int) -> None:
    found = gaps("P", spans, asked, hour(0), hour(24), rest=rest)

    for number in range(24):
        at = hour(number + 0.5)
        there = len({one.responder for one in spans if one.starts_at <= at < one.ends_at})
        wanted = [one.needed for one in asked if one.starts_at <= at < one.ends_at]
        needed = max(wanted, default=rest)
        hit = [gap for gap in found if gap.starts_at <= at < gap.ends_at]
        assert [(gap.present, gap.needed) for gap in hit] == ([(there, needed)] if there < needed else [])
    assert all(hour(0) <= gap.starts_at < gap.ends_at <= hour(24) for gap in found)


def test_a_shift_that_needs_two_is_short_with_one() -> None:
    one = rota(
        Entry(kind=Kind.LEAVE, responder="R1", starts_at=hour(8), ends_at=hour(20)), minimum={"night": 2, "*": 1}
    )

    found = faults(one, {"R1", "R2"}, hour(0), hour(24))

    assert [(fault.flaw, fault.starts_at, fault.ends_at) for fault in found] == [(Flaw.SHORT, hour(8), hour(20))]


def test_a_unit_by_day_only_has_no_gap_at_night() -> None:
    by_day = rota(minimum={"day": 1, "night": 0, "*": 0}, members=())

    windows = demands(by_day, hour(0), hour(24))

    assert {(one.shift, one.needed) for one in windows} == {("day", 1), ("night", 0)}


def test_two_shifts_at_once_are_an_overlap() -> None:
    both = rota(Entry(kind=Kind.PLAN, responder="R1", starts_at=hour(1), ends_at=hour(3)))

    (fault,) = faults(both, {"R1", "R2"}, hour(0), hour(24))

    assert (fault.flaw, fault.responder, fault.starts_at, fault.ends_at) == (Flaw.OVERLAP, "R1", hour(1), hour(3))
    assert fault.told("en", both) == "P: R1 has two shifts at once 03-02 13:00–03-02 15:00"


def test_a_span_that_ends_before_it_starts_is_told() -> None:
    wrong = rota(Entry(kind=Kind.ON, responder="R1", starts_at=hour(3), ends_at=hour(1)))

    (fault,) = faults(wrong, {"R1", "R2"}, hour(0), hour(24))

    assert (fault.flaw, fault.responder) == (Flaw.ENDS_BEFORE_START, "R1")


def test_somebody_of_no_unit_is_told_and_fills_nothing() -> None:
    found = faults(rota(members=("R1",)), set(), hour(0), hour(24))

    assert [(fault.flaw, fault.responder) for fault in found] == [
        (Flaw.UNKNOWN_RESPONDER, "R1"),
        *[(Flaw.HOLE, None)] * 3,
    ]


def test_the_calendar_knows_holidays_and_a_row_wins() -> None:
    plain = Holidays()
    ruled = Holidays({date(2026, 10, 1): Ruled(off=False, name="x"), date(2026, 3, 3): Ruled(off=True, name="测试节")})

    assert [plain.is_off(date(2026, 10, 1)), plain.is_off(date(2026, 2, 17)), plain.is_off(date(2026, 2, 14))] == [
        True,
        True,
        False,
    ]
    assert [ruled.is_off(date(2026, 10, 1)), ruled.is_off(date(2026, 3, 3))] == [False, True]
    assert ruled.of_year(2026)[date(2026, 3, 3)] == "测试节"
    assert date(2026, 10, 1) not in ruled.of_year(2026)


@pytest.mark.parametrize("given_", SHIFT_PATTERNS, ids=[one["code"] for one in SHIFT_PATTERNS])
def test_a_pattern_we_ship_reads_and_writes_the_same(given_: dict[str, object]) -> None:
    pattern = pattern_from(str(given_["code"]), given_)

    assert pattern_from(pattern.code, document_of(pattern)) == pattern
    assert {"code": pattern.code, **document_of(pattern)} == given_


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"days": 0, "shifts": []},
        {"days": "3", "shifts": [{}]},
        {"days": 1, "shifts": "x"},
        {"days": 1, "shifts": [None]},
        {"days": 1, "shifts": [{"day": 0, "name": "*", "starts": "08:00", "ends": "09:00"}]},
        {"days": 1, "shifts": [{"day": 0, "name": "x", "starts": "08:00", "ends": "07:00"}]},
        {"days": 1, "shifts": [{"day": 0, "name": "x", "starts": "8", "ends": "9"}]},
        {"days": 1, "shifts": [{"day": 0, "name": "x", "starts": "00:00", "ends": "73:00"}]},
    ],
)
def test_a_pattern_that_can_not_be_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(Incomplete):
        pattern_from("p", document)
