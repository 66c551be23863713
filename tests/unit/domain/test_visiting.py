"""When a visit is wanted, what answers it, and what must have been tried or met before a case may end."""

from dataclasses import replace
from typing import Any

import pytest

from services.domain import moves, trying, visiting
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.refusals import Incomplete, MeetingMissing, OutOfOrder, TriesMissing
from services.domain.risk import attempt, set_risk
from services.domain.states import Action, State, TimerKind
from services.domain.trying import Tried
from services.domain.words import Outcome, Risk
from tests.unit.domain.samples import (
    ASKED,
    OPERATOR,
    POLICY,
    SUPERVISOR,
    case_in,
    does,
    minute,
    opened,
    running,
    ticked,
    timer_of,
)


def tried(*ways: tuple[str, str]) -> list[Tried]:
    """Attempts, a minute apart."""
    return [
        Tried(action=Action.ATTEMPT, at=minute(number), detail={"channel": channel, "result": result})
        for number, (channel, result) in enumerate(ways, start=1)
    ]


def tries(case: Case, channel: str, result: str, *, at: float, before: list[Tried] | None = None) -> Change:
    said = Said(detail={"channel": channel, "result": result})
    return attempt(case, before or [], by=ASKED, now=minute(at), policy=POLICY, said=said)


def told(change: Change) -> list[str]:
    return [fact.action for fact in change.facts]


@pytest.mark.parametrize("risk", Risk)
def test_only_an_urgent_case_wants_a_visit_from_its_opening(risk: Risk) -> None:
    case = opened(at=minute(1), risk=risk).case

    assert (TimerKind.VISIT in running(case)) == (risk is Risk.URGENT)
    if risk is Risk.URGENT:
        visit = timer_of(case, TimerKind.VISIT)
        assert (visit.started_at, visit.due_at) == (minute(0), minute(8))


@pytest.mark.parametrize(
    ("risk", "calls", "wanted"),
    [(Risk.HIGH, 1, True), (Risk.MEDIUM, 1, False), (Risk.MEDIUM, 2, True), (Risk.LOW, 2, False)],
)
def test_failed_calls_ask_by_the_policy(risk: Risk, calls: int, wanted: bool) -> None:
    before = tried(*[("call", "NO_ANSWER")] * (calls - 1))

    change = tries(case_in(State.IN_PROGRESS, risk=risk), "call", "NO_ANSWER", at=3, before=before)

    assert (Action.START_VISIT in told(change)) == wanted
    assert (TimerKind.VISIT in running(change.case)) == wanted


@pytest.mark.parametrize("result", ["SET_OUT", "ARRIVED", "NOT_HOME", "REACHED_IN_PERSON"])
def test_any_step_of_a_visit_answers_it(result: str) -> None:
    case = opened(risk=Risk.URGENT).case
    case = does(case, Action.ACKNOWLEDGE, by=ASKED, at=minute(1))

    change = tries(case, "visit", result, at=3)

    assert timer_of(change.case, TimerKind.VISIT).stopped_at == minute(3)
    assert change.case.state is State.IN_PROGRESS  # setting out keeps the lease


def test_a_visit_answered_too_late_is_told_as_breached() -> None:
    case = does(opened(risk=Risk.URGENT).case, Action.ACKNOWLEDGE, by=ASKED, at=minute(1))
    case = tries(case, "call", "NO_ANSWER", at=2).case

    change = tries(case, "visit", "SET_OUT", at=9)

    assert told(change) == [Action.BREACH, Action.ATTEMPT]
    assert change.facts[0].detail["timer"] == TimerKind.VISIT


def test_a_call_leaves_the_visit_wanted() -> None:
    case = does(opened(risk=Risk.URGENT).case, Action.ACKNOWLEDGE, by=ASKED, at=minute(1))

    assert TimerKind.VISIT in running(tries(case, "call", "REACHED_VOICE", at=2).case)


def test_whoever_holds_the_case_the_visit_stays_wanted() -> None:
    case = opened(risk=Risk.URGENT).case
    due_at = timer_of(case, TimerKind.VISIT).due_at

    lapsed = ticked(case, at=minute(2))

    assert lapsed.state is State.PENDING
    assert timer_of(lapsed, TimerKind.VISIT).due_at == due_at
    assert TimerKind.VISIT in running(lapsed)


def test_a_visit_is_not_asked_for_twice() -> None:
    first = tries(case_in(State.IN_PROGRESS, risk=Risk.HIGH), "call", "NO_ANSWER", at=1)
    again = tries(first.case, "call", "NO_ANSWER", at=2, before=tried(("call", "NO_ANSWER")))
    went = tries(case_in(State.IN_PROGRESS), "call", "BUSY", at=3, before=tried(("visit", "NOT_HOME")))

    assert [told(change) for change in (again, went)] == [[Action.ATTEMPT], [Action.ATTEMPT]]


def test_a_danger_sign_asks_again_until_somebody_met_them() -> None:
    medium = case_in(State.IN_PROGRESS, risk=Risk.MEDIUM)

    not_home = tries(medium, "call", "BUSY", at=3, before=tried(("visit", "NOT_HOME")))
    met = tries(medium, "call", "BUSY", at=3, before=tried(("visit", "REACHED_IN_PERSON")))

    assert told(not_home) == [Action.ATTEMPT, Action.RAISE, Action.START_VISIT]
    assert told(met) == [Action.ATTEMPT, Action.RAISE]


@pytest.mark.parametrize("state", [State.PENDING, State.ASSIGNED, State.ACKNOWLEDGED, State.CONTACTED])
def test_raised_to_urgent_wants_a_visit_at_once(state: State) -> None:
    change = set_risk(case_in(state), Risk.URGENT, by=OPERATOR, now=minute(1), policy=POLICY)

    assert told(change) == [Action.RAISE, Action.START_VISIT]
    assert change.facts[-1].detail == {"rules": ["AT_ONCE"]}


def test_raised_after_the_conclusion_wants_no_visit_by_itself() -> None:
    change = set_risk(case_in(State.REPORTED), Risk.URGENT, by=OPERATOR, now=minute(1), policy=POLICY)

    assert told(change) == [Action.RAISE]


@pytest.mark.parametrize("state", [State.CONCLUDED, State.REPORTED])
def test_after_the_conclusion_only_a_visit_is_an_attempt(state: State) -> None:
    case = case_in(state)

    assert tries(case, "visit", "REACHED_IN_PERSON", at=2).case.state is state
    for channel, result in (("call", "REACHED_VOICE"), ("sms", "SMS_DELIVERED"), ("family", "REACHED_FAMILY")):
        with pytest.raises(OutOfOrder):
            tries(case, channel, result, at=2)


@pytest.mark.parametrize(
    ("channel", "result"),
    [
        ("call", "SET_OUT"),
        ("family", "ARRIVED"),
        ("call", "NOT_HOME"),
        ("visit", "SMS_FAILED"),
        ("sms", "REACHED_IN_PERSON"),
    ],
)
def test_a_result_that_cannot_be_is_refused(channel: str, result: str) -> None:
    with pytest.raises(Incomplete):
        tries(case_in(State.IN_PROGRESS), channel, result, at=2)


def concluded(risk: Risk, outcome: Outcome, before: list[Tried]) -> Change:
    """As the handler concludes: what is needless stops, what is still wanted starts."""
    case: Any = case_in(State.CONTACTED, risk=risk)
    stops = visiting.needless_after(replace(case, outcome=outcome), before, POLICY)
    change = moves.conclude(case, outcome, by=ASKED, now=minute(9), policy=POLICY, stops=stops)
    return visiting.concluded(change, before, policy=POLICY)


@pytest.mark.parametrize(
    ("risk", "outcome", "met", "wanted"),
    [
        (Risk.URGENT, Outcome.DISSUADED_NO_LOSS, False, True),
        (Risk.HIGH, Outcome.FALSE_POSITIVE, False, True),
        (Risk.HIGH, Outcome.DISSUADED_NO_LOSS, True, False),
        (Risk.URGENT, Outcome.WRONG_PERSON, False, False),
        (Risk.HIGH, Outcome.OUT_OF_AREA, False, False),
        (Risk.MEDIUM, Outcome.DISSUADED_NO_LOSS, False, False),
    ],
)
def test_a_conclusion_wants_the_visit_that_closing_needs(risk: Risk, outcome: Outcome, met: bool, wanted: bool) -> None:
    before = tried(("visit", "REACHED_IN_PERSON")) if met else tried(("call", "REACHED_VOICE"))

    change = concluded(risk, outcome, before)

    assert (TimerKind.VISIT in running(change.case)) == wanted
    if wanted:
        with pytest.raises(MeetingMissing):
            trying.must_have_met(change.case, before, POLICY)
    else:
        trying.must_have_met(change.case, before, POLICY)


def test_a_contact_in_person_is_a_meeting_too() -> None:
    contact = Tried(action=Action.CONTACT, at=minute(4), detail={"mode": "in_person"})
    voice = Tried(action=Action.CONTACT, at=minute(3), detail={"mode": "voice"})

    assert trying.met_at([voice, contact]) == minute(4)
    assert trying.met_at([voice]) is None


ENOUGH = [*[("call", "NO_ANSWER")] * 3, ("sms", "SMS_DELIVERED"), ("visit", "NOT_HOME"), ("family", "NO_ANSWER")]


@pytest.mark.parametrize("left_out", range(len(ENOUGH)))
def test_each_way_must_have_been_tried_before_not_reached(left_out: int) -> None:
    trying.must_have_tried(tried(*ENOUGH), POLICY)

    with pytest.raises(TriesMissing) as refused:
        trying.must_have_tried(tried(*(way for index, way in enumerate(ENOUGH) if index != left_out)), POLICY)

    (missing,) = refused.value.facts["missing"]  # type: ignore[misc,union-attr]
    assert missing.done == missing.needed - 1


def test_steps_of_a_visit_are_not_visits() -> None:
    steps = tried(("visit", "SET_OUT"), ("visit", "ARRIVED"), ("visit", "NOT_HOME"))

    assert trying.counted(steps)["visits"] == 1


def test_an_ended_case_wants_nothing_more() -> None:
    case = opened(risk=Risk.URGENT, amount_fen=POLICY.second_acknowledgement_from_fen).case
    assert {TimerKind.VISIT, TimerKind.SECOND_ACK} <= running(case)

    assert running(does(case, Action.CANCEL, by=SUPERVISOR, at=minute(1))) == set()
    assert running(does(case, Action.TRANSFER, by=OPERATOR, at=minute(1))) == {TimerKind.TOTAL}
