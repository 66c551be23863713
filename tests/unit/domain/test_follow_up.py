"""When a follow-up is due, missed and escalated, and who may close it. Days and months are the installation's."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.follow_up import (
    FollowUp,
    FollowUpState,
    Result,
    closed,
    done,
    due_at,
    passed,
    planned,
    superseded,
)
from services.domain.policy_rules import FollowUpMark as Mark
from services.domain.refusals import OutOfOrder, OwnSubmission
from services.domain.words import Outcome
from tests.unit.domain.samples import POLICY

RULES = POLICY.follow_ups
SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
NOON = datetime(2026, 1, 31, 4, 0, tzinfo=UTC)  # noon in Shanghai


def one(mark: Mark = Mark.DAY) -> FollowUp:
    (found,) = planned(
        [mark],
        outcome=Outcome.DISSUADED_NO_LOSS,
        concluded_at=NOON,
        round_=1,
        owner=("T-001", "R-1"),
        zone=SHANGHAI,
        rules=RULES,
    )
    return found


@pytest.mark.parametrize(
    ("concluded_at", "month_later"),
    [
        ("2026-01-31T12:00", "2026-02-28T12:00"),
        ("2028-01-31T12:00", "2028-02-29T12:00"),
        ("2026-12-15T23:59", "2027-01-15T23:59"),
        ("2026-03-01T00:00", "2026-04-01T00:00"),
    ],
)
def test_a_month_is_a_calendar_month_of_the_installation(concluded_at: str, month_later: str) -> None:
    start, end = (datetime.fromisoformat(text).replace(tzinfo=SHANGHAI) for text in (concluded_at, month_later))

    assert due_at(RULES.marks[Mark.MONTH], start.astimezone(UTC), SHANGHAI) == end


@given(minutes=st.integers(0, 60 * 24 * 36_000), zone=st.sampled_from(["Asia/Shanghai", "Europe/Rome"]))
def test_every_mark_comes_after_the_conclusion_and_in_order(minutes: int, zone: str) -> None:
    concluded_at = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    day, week, month = (
        due_at(RULES.marks[mark], concluded_at, ZoneInfo(zone)) for mark in (Mark.DAY, Mark.WEEK, Mark.MONTH)
    )

    assert concluded_at < day < week < month <= concluded_at + timedelta(days=31, hours=2)


@pytest.mark.parametrize(("mark", "grace_h"), [(Mark.DAY, 12), (Mark.WEEK, 24), (Mark.MONTH, 72)])
def test_it_is_missed_after_its_own_grace_and_then_escalated(mark: Mark, grace_h: int) -> None:
    start = one(mark)
    assert passed(start, now=start.due_at - HOUR) == []

    (due,) = passed(start, now=start.due_at)
    (missed,) = passed(due, now=start.due_at + grace_h * HOUR)
    (escalated,) = passed(missed, now=start.due_at + 2 * grace_h * HOUR)

    assert [due.state, missed.state, escalated.state] == [
        FollowUpState.DUE,
        FollowUpState.MISSED,
        FollowUpState.ESCALATED,
    ]
    assert [step.state for step in passed(start, now=start.due_at + 99 * 24 * HOUR)] == [
        FollowUpState.DUE,
        FollowUpState.MISSED,
        FollowUpState.ESCALATED,
    ]
    assert escalated.next_due_at is None


def test_it_is_done_once_in_its_time_and_closed_by_another() -> None:
    with pytest.raises(OutOfOrder):
        done(one(), result=Result.SAFE, by="R-1", at=NOON)
    (due,) = passed(one(), now=one().due_at)

    asked = done(due, result=Result.SAFE, by="R-1", at=due.due_at)

    with pytest.raises(OutOfOrder):
        done(asked, result=Result.SAFE, by="R-1", at=due.due_at)
    with pytest.raises(OwnSubmission):
        closed(asked, by="R-1", at=due.due_at)
    assert closed(asked, by="desk-1", at=due.due_at).state is FollowUpState.CLOSED
    assert superseded(asked) is asked


@pytest.mark.parametrize("outcome", Outcome)
def test_no_outcome_forgets_who_must_be_asked_again(outcome: Outcome) -> None:
    marks = RULES.by_outcome[outcome]

    assert bool(marks) is (outcome not in (Outcome.FALSE_POSITIVE, Outcome.WRONG_PERSON))
    assert (Mark.AT_ONCE in marks) is (outcome is Outcome.REFUSED)
    assert (Mark.NEXT_DAY in marks) is (outcome is Outcome.NOT_REACHED)
