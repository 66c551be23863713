"""A risk raised or lowered: what every limit becomes, who may, and what an attempt brings by itself."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain import moves
from services.domain.actor import Actor
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.refusals import Incomplete, NotAllowed, OutOfOrder
from services.domain.risk import attempt, set_risk
from services.domain.states import ENDED, OPEN, STAGES, Action, State, TimerKind
from services.domain.trying import Tried
from services.domain.words import RISKS, Risk
from tests.unit.domain.samples import (
    ASKED,
    DESK,
    ISSUED,
    OPERATOR,
    POLICY,
    SUPERVISOR,
    case_in,
    does,
    minute,
    ticked,
    timer_of,
)

STATES = [state for state in OPEN if state is not State.PENDING]
IN_TOTAL = set(STAGES) - {TimerKind.LEASE}


def rated(case: Case, risk: Risk, *, at: datetime, by: Actor = SUPERVISOR) -> Case:
    return set_risk(case, risk, by=by, now=at, policy=POLICY).case


def tried(case: Case, result: str, *, at: datetime, before: list[Tried] | None = None, channel: str = "call") -> Change:
    """One attempt; it and what it brought are added to `before`."""
    before = [] if before is None else before
    said = Said(detail={"result": result, "channel": channel})
    change = attempt(case, before, by=ASKED, now=at, policy=POLICY, said=said)
    before += [Tried(action=fact.action, at=fact.at, detail=fact.detail) for fact in change.facts]
    return change


def told(change: Change) -> list[str]:
    return [fact.action for fact in change.facts if fact.action not in (Action.AT_RISK, Action.BREACH)]


@pytest.mark.parametrize(
    ("old", "new", "at", "total", "contact"),
    [
        (Risk.LOW, Risk.URGENT, 4, 49, 15),  # total: 4 + 45; CONTACT has the same quarter of an hour
        (Risk.HIGH, Risk.URGENT, 4, 49, 15),
        (Risk.HIGH, Risk.URGENT, 17, 60, 15),  # 17 + 45 is past the hour, and 15 minutes are spent already
        (Risk.LOW, Risk.HIGH, 4, 60, 15),  # a longer limit extends nothing
    ],
)
def test_raising_pulls_the_total_and_the_stage_in(
    old: Risk, new: Risk, at: float, total: float, contact: float
) -> None:
    case = case_in(State.IN_PROGRESS, risk=old)
    started = timer_of(case, TimerKind.CONTACT).started_at

    case = rated(case, new, at=minute(at))

    assert case.total_due_at == minute(total)
    assert timer_of(case, TimerKind.CONTACT).due_at == started + timedelta(minutes=contact)


def test_marks_at_risk_move_with_their_limits() -> None:
    case = case_in(State.IN_PROGRESS, risk=Risk.HIGH)
    case = rated(case, Risk.URGENT, at=minute(1))

    for kind in (TimerKind.TOTAL, TimerKind.CONTACT):
        timer = timer_of(case, kind)
        assert timer.at_risk_at == timer.started_at + 0.75 * (timer.due_at - timer.started_at)
    assert case.next_due_at == timer_of(case, TimerKind.VISIT).at_risk_at  # wanted at once, and due before


def test_a_mark_that_was_told_is_not_told_again() -> None:
    case = ticked(case_in(State.IN_PROGRESS, risk=Risk.HIGH), at=minute(16))
    assert timer_of(case, TimerKind.CONTACT).at_risk_fired

    case = rated(case, Risk.URGENT, at=minute(16))
    change = moves.tick(case, now=minute(16), policy=POLICY)

    assert change is not None
    assert [(fact.action, fact.detail["timer"]) for fact in change.facts] == [(Action.BREACH, TimerKind.CONTACT)]


def test_a_limit_over_before_the_raise_keeps_its_due_time() -> None:
    """Nobody ticked since minute 20: what is told is the due time that the case had."""
    case = case_in(State.IN_PROGRESS, risk=Risk.HIGH)
    due_at = timer_of(case, TimerKind.CONTACT).due_at

    assert timer_of(rated(case, Risk.URGENT, at=minute(30)), TimerKind.CONTACT).due_at == due_at


def test_a_holder_keeps_time_to_hear_of_the_raise() -> None:
    """A lease cut to what has passed would take the case away at once."""
    case = rated(case_in(State.ACKNOWLEDGED, risk=Risk.LOW), Risk.URGENT, at=minute(9))

    assert timer_of(case, TimerKind.LEASE).due_at == minute(9 + 2)
    assert ticked(case, at=minute(10)).state is State.ACKNOWLEDGED
    assert ticked(case, at=minute(11)).state is State.PENDING


def test_a_later_stage_takes_the_new_limit() -> None:
    case = rated(case_in(State.ACKNOWLEDGED, risk=Risk.HIGH), Risk.URGENT, at=minute(1))
    case = does(case, Action.ATTEMPT, by=ASKED, at=minute(1.5))

    assert timer_of(case, TimerKind.CONTACT).due_at == minute(1.5 + 15)


@settings(deadline=None)
@given(
    state=st.sampled_from(STATES),
    old=st.sampled_from(Risk),
    steps=st.lists(st.tuples(st.sampled_from(Risk), st.floats(0, 30)), max_size=6),
    ticks=st.booleans(),
)
def test_any_changes_of_risk_extend_no_limit(
    state: State, old: Risk, steps: list[tuple[Risk, float]], ticks: bool
) -> None:
    case, now = case_in(state, risk=old), minute(1)
    for risk, minutes in steps:
        now += timedelta(minutes=minutes)
        if risk is case.risk or case.state is not state:
            continue
        before = case
        case = rated(case, risk, at=now)
        raised = RISKS.index(risk) > RISKS.index(before.risk)
        assert (case.turn, case.risk) == (before.turn + 1, risk)
        assert raised or case.timers == before.timers
        assert case.total_due_at is None or case.total_due_at <= ISSUED + timedelta(minutes=60)
        asked = [timer.kind for timer in case.timers[len(before.timers) :]]
        assert asked in ([], [TimerKind.VISIT] if risk is Risk.URGENT else [])
        for timer, was in zip(case.timers, before.timers, strict=False):
            assert replace(timer, due_at=was.due_at, at_risk_at=was.at_risk_at) == was
            assert timer.due_at <= was.due_at
            assert timer == was or timer.running
            expected = expected_due(before, was.kind, risk, now) if raised and timer.running else was.due_at
            assert timer.due_at == expected
        if ticks:
            case = ticked(case, at=now)


def expected_due(case: Case, kind: TimerKind, risk: Risk, now: datetime) -> datetime:
    """domain.md §1 once more, written another way."""
    old = timer_of(case, kind)
    if old.due_at <= now:
        return old.due_at
    total, limit = timer_of(case, TimerKind.TOTAL), POLICY.limit(risk, kind)
    total_due = min(total.due_at, now + POLICY.limit(risk, TimerKind.TOTAL), total.started_at + timedelta(hours=1))
    if kind is TimerKind.TOTAL:
        return total_due
    if kind is TimerKind.LEASE:
        return min(old.due_at, max(old.started_at + limit, now + POLICY.limit(risk, TimerKind.FIRST_ATTEMPT)))
    bounds = [old.due_at, old.started_at + limit]
    return min(bounds if total.due_at <= now or not total.running or kind not in IN_TOTAL else [*bounds, total_due])


def test_an_operator_raises_and_only_a_supervisor_lowers() -> None:
    case = case_in(State.IN_PROGRESS, risk=Risk.MEDIUM)

    assert rated(case, Risk.HIGH, at=minute(1), by=OPERATOR).risk is Risk.HIGH
    assert rated(case, Risk.LOW, at=minute(1), by=SUPERVISOR).risk is Risk.LOW
    for by, risk in ((OPERATOR, Risk.LOW), (ASKED, Risk.HIGH), (DESK, Risk.URGENT)):
        with pytest.raises(NotAllowed):
            rated(case, risk, at=minute(1), by=by)
    with pytest.raises(Incomplete):
        rated(case, Risk.MEDIUM, at=minute(1))


@pytest.mark.parametrize("state", sorted(ENDED))
def test_the_risk_of_an_ended_case_stays(state: State) -> None:
    with pytest.raises(OutOfOrder):
        rated(case_in(state), Risk.URGENT, at=minute(1))


@pytest.mark.parametrize("risk", [Risk.MEDIUM, Risk.LOW])
@pytest.mark.parametrize("result", ["BUSY", "HUNG_UP"])
def test_a_danger_sign_raises_to_high_and_starts_a_visit(risk: Risk, result: str) -> None:
    change = tried(case_in(State.ACKNOWLEDGED, risk=risk), result, at=minute(1))

    assert told(change) == [Action.ATTEMPT, Action.RAISE, Action.START_VISIT]
    assert change.case.risk is Risk.HIGH
    assert [fact.actor for fact in change.facts] == [ASKED.name, "rules", "rules"]
    assert change.facts[1].detail == {"from": risk, "to": "HIGH", "rules": ["DANGER_SIGN"]}


@pytest.mark.parametrize(
    ("risk", "result"),
    [(Risk.HIGH, "REACHED_VOICE"), (Risk.URGENT, "HUNG_UP"), (Risk.LOW, "NO_ANSWER"), (Risk.LOW, "POWERED_OFF")],
)
def test_any_other_first_attempt_raises_nothing(risk: Risk, result: str) -> None:
    change = tried(case_in(State.ACKNOWLEDGED, risk=risk), result, at=minute(1))

    assert (told(change), change.case.risk) == ([Action.ATTEMPT], risk)


@pytest.mark.parametrize(
    ("risk", "raised"), [(Risk.LOW, Risk.MEDIUM), (Risk.MEDIUM, Risk.HIGH), (Risk.HIGH, Risk.URGENT)]
)
def test_two_failed_calls_apart_raise_one_level(risk: Risk, raised: Risk) -> None:
    before: list[Tried] = []
    first = tried(case_in(State.ACKNOWLEDGED, risk=risk), "NO_ANSWER", at=minute(1), before=before)
    early = tried(first.case, "NO_ANSWER", at=minute(5.9), before=before)
    second = tried(early.case, "POWERED_OFF", at=minute(6), before=before)

    assert [change.case.risk for change in (first, early, second)] == [risk, risk, raised]
    assert second.facts[1].detail["rules"] == ["FAILED_CALLS"]


def test_a_pair_of_failed_calls_counts_once() -> None:
    before: list[Tried] = []
    case = case_in(State.ACKNOWLEDGED, risk=Risk.LOW)
    risks = []
    for at in (1, 6, 11, 16):
        case = tried(case, "NO_ANSWER", at=minute(at), before=before).case
        risks.append(case.risk)

    assert risks == [Risk.LOW, Risk.MEDIUM, Risk.MEDIUM, Risk.HIGH]


@pytest.mark.parametrize(
    ("result", "channel"), [("REACHED_VOICE", "call"), ("SMS_FAILED", "sms"), ("NOT_HOME", "visit")]
)
def test_only_failed_calls_count(result: str, channel: str) -> None:
    before: list[Tried] = []
    case = tried(case_in(State.ACKNOWLEDGED, risk=Risk.LOW), "NO_ANSWER", at=minute(1), before=before).case
    case = tried(case, result, at=minute(8), before=before, channel=channel).case

    assert case.risk is Risk.LOW


def test_both_rules_at_once_raise_once() -> None:
    before: list[Tried] = []
    case = tried(case_in(State.ACKNOWLEDGED, risk=Risk.LOW), "NO_ANSWER", at=minute(1), before=before).case

    change = tried(case, "BUSY", at=minute(7), before=before)

    assert told(change) == [Action.ATTEMPT, Action.RAISE, Action.START_VISIT]
    assert (change.case.risk, change.facts[1].detail["rules"]) == (Risk.HIGH, ["DANGER_SIGN", "FAILED_CALLS"])


def test_nothing_is_above_urgent() -> None:
    before: list[Tried] = []
    case: Any = case_in(State.ACKNOWLEDGED, risk=Risk.URGENT)
    for at in (1, 7):
        change = tried(case, "NO_ANSWER", at=minute(at), before=before)
        case = change.case

    assert (told(change), case.risk) == ([Action.ATTEMPT], Risk.URGENT)
