"""Sums divided: who counts in the hour, what nothing gives, and the times of the loop to the second."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.domain.counted import Count
from services.domain.figures import AMOUNTS, ONE_HOUR, QUANTILES, RATIOS, one_hour_rate, quantiles, shares

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def test_no_loop_gives_no_rate() -> None:
    assert one_hour_rate([], NOW).value is None


def test_a_young_open_loop_is_not_judged() -> None:
    assert one_hour_rate([(ago(59), None), (ago(60), None)], NOW).value is None


def test_an_open_loop_over_an_hour_old_is_lost() -> None:
    rate = one_hour_rate([(ago(61), None), (ago(70), ago(11))], NOW)

    assert (rate.part, rate.whole) == (1, 2)


def test_exactly_an_hour_is_within_the_hour() -> None:
    assert one_hour_rate([(ago(90), ago(30))], NOW).value == 1.0
    assert one_hour_rate([(ago(90), ago(30) + timedelta(microseconds=1))], NOW).value == 0.0


def test_nothing_to_divide_by_gives_no_figure() -> None:
    found = shares({}, young=0)

    assert set(found) == set(RATIOS)
    assert all(share.value is None for share in found.values())


def test_young_cases_are_taken_out_of_the_hour_alone() -> None:
    counts = {Count.CASES: 10, Count.FED_BACK: 4, Count.WAITING: 6, Count.WITHIN_HOUR: 3}

    found = shares(counts, young=5)

    assert (found[ONE_HOUR].part, found[ONE_HOUR].whole) == (3, 5)
    assert found["closing_rate"].whole == 10


def test_every_figure_has_its_names_in_both_languages() -> None:
    told = [ratio.names for ratio in RATIOS.values()] + list(AMOUNTS.values())

    assert all(zh and en for zh, en in told)
    assert len({zh for zh, _ in told}) == len({en for _, en in told}) == len(told)


@given(
    st.lists(
        st.tuples(st.integers(0, 5000) | st.integers(86_398, 86_402) | st.integers(0, 2**32 - 1), st.integers(1, 5)),
        max_size=60,
    )
)
def test_quantiles_are_those_of_all_loops_in_a_row(pairs: list[tuple[int, int]]) -> None:
    row = sorted(second for second, many in pairs for _ in range(many))
    seconds, many = (np.array([pair[index] for pair in pairs], dtype=np.uint32) for index in (0, 1))

    found = quantiles(seconds, many)

    for name, per_cent in QUANTILES.items():
        assert found[name] == (row[ceil(Fraction(len(row) * per_cent, 100)) - 1] if row else None)
