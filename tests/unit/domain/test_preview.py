"""Past limits drawn anew: under their own policy nothing changes, under a shorter one more is breached."""

from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.domain import moves
from services.domain.case import Fact
from services.domain.policy import policy_from
from services.domain.preview import Counts, Past, drawn_anew
from services.domain.risk import set_risk
from services.domain.states import OPEN, State, TimerKind
from services.domain.words import Risk
from services.store.policies import default_document
from tests.unit.domain.samples import ISSUED, POLICY, SUPERVISOR, _step, case_in, minute, opened


def past_of(facts: list[Fact], timers: tuple, first: Risk) -> Past:  # type: ignore[type-arg]
    rated = [(fact.recorded_at, Risk(fact.detail["to"])) for fact in facts if fact.action in ("RAISE", "LOWER")]
    return Past(risks=((ISSUED, first), *rated), timers=timers)


@example(first=Risk.URGENT, steps=[("tick", 1), ("MEDIUM", 15), ("step", 25), ("URGENT", 4)])  # raised as it is over
@settings(deadline=None, max_examples=500)
@given(
    first=st.sampled_from(Risk),
    steps=st.lists(st.tuples(st.sampled_from(["step", "tick", *Risk]), st.floats(0.01, 25)), max_size=14),
)
def test_under_its_own_policy_every_due_time_is_the_same(first: Risk, steps: list[tuple[str, float]]) -> None:
    case, now, facts = opened(risk=first).case, ISSUED, []
    for what, minutes in steps:
        now += timedelta(minutes=minutes)
        if what == "tick":
            change = moves.tick(case, now=now, policy=POLICY)
            case, facts = (change.case, [*facts, *change.facts]) if change else (case, facts)
        elif what == "step" and case.state in OPEN:
            case = _step(case, now)
        elif what not in ("step", "tick") and case.state in OPEN and what != case.risk:
            change = set_risk(case, Risk(what), by=SUPERVISOR, now=now, policy=POLICY)
            case, facts = change.case, [*facts, *change.facts]

    for timer, due_at in drawn_anew(past_of(facts, case.timers, first), POLICY):
        if timer.kind is not TimerKind.LEASE:
            assert due_at == timer.due_at, timer


@pytest.mark.parametrize(("minutes", "breached"), [(20, 0), (19.99, 0), (5, 1)])
def test_a_shorter_limit_would_have_been_breached(minutes: float, breached: int) -> None:
    document = default_document()
    document["limits_min"]["HIGH"]["CONTACT"] = minutes
    case = _step(case_in(State.IN_PROGRESS), minute(10))
    counts = Counts()

    counts.add([past_of([], case.timers, Risk.HIGH)] * 3, policy_from(2, document), minute(11))

    cell = (Risk.HIGH, TimerKind.CONTACT)
    assert (counts.cases, counts.limits[cell], counts.old[cell], counts.new[cell]) == (3, 3, 0, 3 * breached)


def test_a_limit_that_runs_is_judged_as_of_now() -> None:
    case = case_in(State.CONTACTED)
    before, after = Counts(), Counts()
    past = past_of([], case.timers, Risk.HIGH)

    before.add([past], POLICY, minute(10))
    after.add([past], POLICY, minute(61))

    cells = [(Risk.HIGH, kind) for kind in (TimerKind.DISSUADE, TimerKind.TOTAL)]
    assert [(before.new[cell], after.new[cell]) for cell in cells] == [(0, 1), (0, 1)]
