"""Whether time is kept, told right at any moment: also when nobody looks, and by one that only stands by."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from services.clock import MovedClock
from services.settings import BadSetting, read_settings
from services.timekeeper.progress import Progress

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


class Seconds:
    """The host's own seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def overdue_s() -> float | None:
    return REGISTRY.get_sample_value("quanzu_timer_overdue_seconds")


def test_overdue_grows_while_nobody_looks() -> None:
    clock = MovedClock(NOW)
    progress = Progress(clock.now, loops=1)
    progress.told()

    progress.looked(0, NOW + timedelta(minutes=1))
    early = overdue_s()
    clock.move_to(NOW + timedelta(minutes=3))

    assert (early, overdue_s()) == (0, 120)
    progress.looked(0, None)
    assert overdue_s() == 0


def test_progress_is_that_of_the_loop_that_stands_still() -> None:
    seconds = Seconds()
    progress = Progress(MovedClock(NOW).now, loops=2, monotonic=seconds)
    progress.told()

    seconds.now += 40
    progress.looked(0, None)
    seconds.now += 2

    assert progress.still_s() == 42
    progress.looked(1, None)
    assert progress.still_s() == 2
    told = REGISTRY.get_sample_value("quanzu_timekeeper_progress_timestamp_seconds")
    assert told is not None
    assert abs(told + 2 - datetime.now(UTC).timestamp()) < 60


@pytest.mark.parametrize("bad", ["ftp://x", "//x", "http://", "x", "https://[1"])
def test_a_dead_mans_address_that_is_none_is_refused_unshown(bad: str) -> None:
    with pytest.raises(BadSetting, match="QUANZU_DEADMAN_URL: use http") as refused:
        read_settings(deadman_url=f"{bad}/SECRET")

    assert "SECRET" not in str(refused.value)
