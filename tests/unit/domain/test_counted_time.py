"""Which time a figure uses: the device's within the skew, never before the last step, never after now."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.moves import Said, counted_time
from services.domain.states import Action, State, TimerKind
from tests.unit.domain.samples import ASKED, OPERATOR, POLICY, assigned, case_in, does, minute, timer_of

ACKNOWLEDGED = case_in(State.ACKNOWLEDGED)


def counted(occurred_at: datetime | None, *, now: datetime) -> datetime:
    return counted_time(ACKNOWLEDGED, occurred_at, now=now, policy=POLICY)


@pytest.mark.parametrize(
    ("occurred", "expected"),
    [
        pytest.param(None, 20, id="the phone says nothing"),
        pytest.param(18, 18, id="two minutes ago"),
        pytest.param(15, 15, id="the whole skew ago"),
        pytest.param(14.9, 20, id="longer ago than the skew"),
        pytest.param(22, 20, id="ahead within the skew"),
        pytest.param(25, 20, id="ahead by the whole skew"),
        pytest.param(26, 20, id="ahead by more"),
    ],
)
def test_a_device_counts_only_within_the_skew(occurred: float | None, expected: float) -> None:
    assert counted(None if occurred is None else minute(occurred), now=minute(20)) == minute(expected)


@settings(deadline=None)
@given(st.floats(-30, 30), st.floats(0.1, 60))
def test_no_counted_time_leaves_the_last_step_and_now(said: float, after: float) -> None:
    now = minute(after)

    at = counted(now + timedelta(minutes=said), now=now)

    assert ACKNOWLEDGED.acknowledged_at is not None
    assert ACKNOWLEDGED.acknowledged_at <= at <= now


def test_an_offline_chain_keeps_its_order() -> None:
    """The first step was sent too late to count by its own clock; the second may not come before it."""
    case = does(ACKNOWLEDGED, Action.ATTEMPT, by=ASKED, at=minute(10), said=Said(occurred_at=minute(3)))

    case = does(case, Action.CONTACT, by=ASKED, at=minute(10), said=Said(occurred_at=minute(7)))

    assert (case.first_attempt_at, case.contacted_at) == (minute(10), minute(10))


def test_a_short_offline_chain_counts_by_the_device() -> None:
    case = does(ACKNOWLEDGED, Action.ATTEMPT, by=ASKED, at=minute(10), said=Said(occurred_at=minute(6)))

    case = does(case, Action.CONTACT, by=ASKED, at=minute(10), said=Said(occurred_at=minute(7)))

    assert (case.first_attempt_at, case.contacted_at) == (minute(6), minute(7))


def test_a_second_contact_is_a_step_though_unstamped() -> None:
    """contacted_at keeps its first value, so the last step can't be read off the stamps."""
    case = case_in(State.CONTACTED)
    case = does(case, Action.LOSE_CONTACT, by=ASKED, at=minute(8))
    case = does(case, Action.CONTACT, by=ASKED, at=minute(10))

    case = does(case, Action.CONCLUDE, by=ASKED, at=minute(11), said=Said(occurred_at=minute(9)))

    assert case.concluded_at == minute(10)
    assert timer_of(case, TimerKind.DISSUADE).stopped_at == minute(10)


def test_an_assignment_never_counts_before_the_release() -> None:
    case = does(case_in(State.ACKNOWLEDGED), Action.HAND_OVER, by=ASKED, at=minute(3), responder=None)
    said = Said(occurred_at=minute(1))

    case = does(case, Action.ASSIGN, by=OPERATOR, at=minute(4), said=said, responder="R-2")

    assert case.assigned_at == minute(3)


def test_a_late_change_of_responder_is_a_step() -> None:
    case = assigned(case_in(State.CONTACTED), at=minute(5), responder="R-2")
    other = replace(ASKED, responder="R-2")

    case = does(case, Action.CONCLUDE, by=other, at=minute(6), said=Said(occurred_at=minute(4)))

    assert case.concluded_at == minute(5)
