"""Limits: when each is due, what a late stage eats, and what each does by itself, once."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain import moves
from services.domain.case import Case
from services.domain.states import Action, State, TimerKind
from services.domain.timers import missed, next_due, start, stop
from services.domain.words import Outcome, Risk
from tests.unit.domain.samples import (
    ASKED,
    ISSUED,
    POLICY,
    SUPERVISOR,
    assigned,
    case_in,
    does,
    minute,
    opened,
    running,
    ticked,
    timer_of,
)

# domain.md §1, in minutes: URGENT, HIGH, MEDIUM, LOW.
LIMITS = {
    TimerKind.ASSIGN: (1, 1, 2, 5),
    TimerKind.ACK: (2, 3, 5, 10),
    TimerKind.FIRST_ATTEMPT: (2, 3, 5, 10),
    TimerKind.LEASE: (4, 6, 10, 20),
    TimerKind.CONTACT: (15, 20, 20, 15),
    TimerKind.DISSUADE: (15, 18, 15, 10),
    TimerKind.FEEDBACK: (10, 15, 13, 10),
    TimerKind.REVIEW: (30, 60, 240, 1440),
    TimerKind.TOTAL: (45, 60, 60, 60),
}
STEPS = [
    (State.PENDING, TimerKind.ASSIGN),
    (State.ASSIGNED, TimerKind.ACK),
    (State.ACKNOWLEDGED, TimerKind.FIRST_ATTEMPT),
    (State.ACKNOWLEDGED, TimerKind.LEASE),
    (State.IN_PROGRESS, TimerKind.CONTACT),
    (State.CONTACTED, TimerKind.DISSUADE),
    (State.CONCLUDED, TimerKind.FEEDBACK),
    (State.REPORTED, TimerKind.REVIEW),
]


def marks(case: Case, *, at: datetime) -> list[tuple[Action, str, int]]:
    """What a tick at `at` marks: at risk or breached, which limit, which round."""
    change = moves.tick(case, now=at, policy=POLICY)
    return [
        (fact.action, fact.detail["timer"], fact.detail["round"])
        for fact in (change.facts if change else ())
        if "timer" in fact.detail
    ]


@pytest.mark.parametrize("risk", Risk)
@pytest.mark.parametrize(("state", "kind"), STEPS)
def test_each_stage_has_the_limit_of_its_risk(state: State, kind: TimerKind, risk: Risk) -> None:
    timer = timer_of(case_in(state, risk=risk), kind)

    assert timer.due_at - timer.started_at == timedelta(minutes=LIMITS[kind][list(Risk).index(risk)])


@pytest.mark.parametrize("risk", Risk)
def test_the_hour_runs_from_the_moment_of_issue(risk: Risk) -> None:
    case = opened(at=minute(3), risk=risk, responder=None).case

    assert case.total_due_at == minute(LIMITS[TimerKind.TOTAL][list(Risk).index(risk)])
    assert timer_of(case, TimerKind.ASSIGN).started_at == ISSUED


@pytest.mark.parametrize("risk", Risk)
def test_kept_limits_fill_the_hour_exactly(risk: Risk) -> None:
    """Each step is done at its very last moment but one second; the last stage ends with the total at the latest."""
    case = opened(responder=None, risk=risk).case
    at = ISSUED
    for kind, action in [
        (TimerKind.ASSIGN, Action.ASSIGN),
        (TimerKind.ACK, Action.ACKNOWLEDGE),
        (TimerKind.FIRST_ATTEMPT, Action.ATTEMPT),
        (TimerKind.CONTACT, Action.CONTACT),
        (TimerKind.DISSUADE, Action.CONCLUDE),
        (TimerKind.FEEDBACK, Action.REPORT),
    ]:
        at = timer_of(case, kind).due_at - timedelta(seconds=1)
        case = assigned(case, at=at) if action is Action.ASSIGN else does(case, action, by=ASKED, at=at)

    assert case.feedback_at == at < timer_of(case, TimerKind.TOTAL).due_at
    assert all(timer.breached_at is None for timer in case.timers)


def test_a_late_stage_eats_the_next() -> None:
    case = does(case_in(State.CONTACTED), Action.CONCLUDE, by=ASKED, at=minute(50))

    assert timer_of(case, TimerKind.FEEDBACK).due_at == case.total_due_at == minute(60)


def test_a_stage_stands_alone_once_the_total_is_over() -> None:
    """Whether or not a tick has said so."""
    for case in (case_in(State.CONTACTED), ticked(case_in(State.CONTACTED), at=minute(60))):
        late = does(case, Action.CONCLUDE, by=ASKED, at=minute(60))

        assert timer_of(late, TimerKind.FEEDBACK).due_at == minute(60 + 15)


def test_a_lease_is_not_cut_by_the_total() -> None:
    """Acknowledged at minute 59: reminded at minute 60, taken away only after twice the limit."""
    case = assigned(does(case_in(State.IN_PROGRESS), Action.HAND_OVER, by=ASKED, at=minute(58)), at=minute(58))
    case = does(case, Action.ACKNOWLEDGE, by=ASKED, at=minute(59))

    at_the_hour = ticked(case, at=minute(60))

    assert timer_of(at_the_hour, TimerKind.FIRST_ATTEMPT).breached_at == minute(60)
    assert at_the_hour.state is State.ACKNOWLEDGED
    assert ticked(at_the_hour, at=minute(65)).state is State.PENDING


def test_an_acknowledgement_lapses_after_twice_its_limit() -> None:
    case = case_in(State.ACKNOWLEDGED)
    lease = timer_of(case, TimerKind.LEASE)

    reminded = ticked(case, at=timer_of(case, TimerKind.FIRST_ATTEMPT).due_at)

    assert reminded.state is State.ACKNOWLEDGED
    assert ticked(reminded, at=lease.due_at - timedelta(microseconds=1)).state is State.ACKNOWLEDGED
    assert ticked(reminded, at=lease.due_at).state is State.PENDING


def test_an_unanswered_offer_expires_in_the_totals_own_tick() -> None:
    """ACK was cut to the total: both are over at minute 60, and the next offer has its full limit."""
    case = assigned(does(case_in(State.IN_PROGRESS), Action.HAND_OVER, by=ASKED, at=minute(58)), at=minute(58))
    assert timer_of(case, TimerKind.ACK).due_at == minute(60)

    case = ticked(case, at=minute(60))

    assert case.state is State.PENDING
    assert timer_of(case, TimerKind.TOTAL).breached_at == minute(60)
    assert timer_of(case, TimerKind.ASSIGN).due_at == minute(61)
    assert timer_of(assigned(case, at=minute(60)), TimerKind.ACK).due_at == minute(63)


@pytest.mark.parametrize(("state", "kind"), [step for step in STEPS if step[1] is not TimerKind.LEASE])
def test_a_limit_marks_once_at_three_quarters_and_once_when_over(state: State, kind: TimerKind) -> None:
    case = case_in(state)
    timer = timer_of(case, kind)
    assert timer.at_risk_at == timer.started_at + 0.75 * (timer.due_at - timer.started_at)
    moment = timedelta(microseconds=1)
    seen = []

    for at in (timer.at_risk_at - moment, timer.at_risk_at, timer.at_risk_at, timer.due_at - moment, timer.due_at):
        seen.append([mark for mark in marks(case, at=at) if mark[1] == kind])
        case = ticked(case, at=at)

    assert seen == [[], [(Action.AT_RISK, kind, 1)], [], [], [(Action.BREACH, kind, 1)]]


def test_a_breach_that_was_found_late_is_not_at_risk_too() -> None:
    assert marks(case_in(State.CONTACTED), at=minute(300)) == [
        (Action.BREACH, TimerKind.DISSUADE, 1),
        (Action.BREACH, TimerKind.TOTAL, 1),
    ]


@settings(deadline=None)
@given(st.lists(st.floats(0, 1600), max_size=12), st.sampled_from([state for state, _ in STEPS]), st.sampled_from(Risk))
def test_ticks_at_any_times_mark_everything_once(minutes: list[float], state: State, risk: Risk) -> None:
    case = case_in(state, risk=risk)
    seen = []
    for at in sorted(minute(1 + count) for count in minutes):
        seen += marks(case, at=at)
        case = ticked(case, at=at)
        assert moves.tick(case, now=at, policy=POLICY) is None

    assert len(seen) == len(set(seen))


def test_a_tick_says_how_late_it_came() -> None:
    change = moves.tick(case_in(State.REPORTED), now=minute(62), policy=POLICY)

    assert change is not None
    (fact,) = change.facts
    due = timer_of(change.case, TimerKind.REVIEW).due_at
    assert (fact.at, fact.recorded_at) == (due, minute(62))
    assert fact.detail["late_s"] == (minute(62) - due).total_seconds()


def test_a_limit_over_at_its_start_is_never_at_risk() -> None:
    timer = start((), TimerKind.CONTACT, at=ISSUED, now=minute(20), risk=Risk.HIGH, policy=POLICY)

    assert (timer.at_risk_at, timer.next_at) == (None, minute(20))


def test_a_limit_stopped_in_time_never_breaches() -> None:
    timer = start((), TimerKind.CONTACT, at=ISSUED, now=ISSUED, risk=Risk.HIGH, policy=POLICY)

    assert stop(timer, at=minute(19)).breached_at is None
    assert stop(timer, at=minute(21)).breached_at == minute(21)
    assert next_due([stop(timer, at=minute(19))]) is None


def test_an_ended_case_does_nothing_by_itself() -> None:
    assert case_in(State.CLOSED).next_due_at is None
    assert case_in(State.CANCELLED).next_due_at is None
    assert moves.tick(case_in(State.CLOSED), now=minute(9999), policy=POLICY) is None


def test_a_transferred_case_still_tells_of_its_hour() -> None:
    assert marks(case_in(State.TRANSFERRED), at=minute(45)) == [(Action.AT_RISK, TimerKind.TOTAL, 1)]


def test_giving_up_starts_the_feedbacks_limit() -> None:
    case = moves.conclude(
        case_in(State.IN_PROGRESS),
        Outcome.NOT_REACHED,
        by=SUPERVISOR,
        now=minute(9),
        policy=POLICY,
    ).case

    assert running(case) == {TimerKind.TOTAL, TimerKind.FEEDBACK}


def test_a_missed_limit_is_told_once_and_a_lease_never() -> None:
    case = ticked(case_in(State.ACKNOWLEDGED), at=minute(60))
    again = start(case.timers, TimerKind.ASSIGN, at=minute(60), now=minute(61), risk=Risk.HIGH, policy=POLICY)
    over = stop(again, at=minute(70))

    late = missed((*case.timers, over, over))

    assert TimerKind.LEASE in {timer.kind for timer in case.timers if timer.breached_at is not None}
    assert late.count(TimerKind.ASSIGN) == 1
    assert TimerKind.LEASE not in late
