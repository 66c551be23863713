"""The one-hour rate: who counts, and what nothing gives."""

from datetime import UTC, datetime, timedelta

from services.domain.figures import one_hour_rate

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
