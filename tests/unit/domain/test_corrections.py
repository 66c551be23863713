"""A time put right: both values are kept, steps keep their order, and figures use the new one."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.case import Case, Change, Fact
from services.domain.corrections import LOOP, Stamp, correct, corrected, corrections_of
from services.domain.refusals import Incomplete, NotAllowed
from services.domain.states import Action, State
from tests.unit.domain.samples import ISSUED, OPERATOR, POLICY, SUPERVISOR, case_in, minute

CLOSED = case_in(State.CLOSED)


def put_right(case: Case, stamp: Stamp, seconds: float, before: list[Fact] | None = None) -> Change:
    """At minute 9, to so many seconds after the warning."""
    at = ISSUED + timedelta(seconds=seconds)
    return correct(case, stamp, at, before or [], by=SUPERVISOR, now=minute(9), policy=POLICY)


def test_both_values_are_in_the_fact_and_the_stamp_stays() -> None:
    change = put_right(CLOSED, Stamp.CONTACTED, 3.5)

    (fact,) = change.facts
    assert CLOSED.contacted_at is not None
    assert (change.case.contacted_at, change.case.timers) == (CLOSED.contacted_at, CLOSED.timers)
    assert (fact.action, fact.actor, fact.recorded_at) == (Action.CORRECT, SUPERVISOR.name, minute(9))
    was, now = CLOSED.contacted_at.isoformat(), (ISSUED + timedelta(seconds=3.5)).isoformat()
    assert fact.detail == {"stamp": "contacted_at", "original": was, "old": was, "new": now}
    assert change.case.turn == CLOSED.turn


def test_figures_use_the_newest_correction() -> None:
    first = put_right(CLOSED, Stamp.CONTACTED, 3.5)
    second = put_right(first.case, Stamp.CONTACTED, 3.7, list(first.facts))

    known = corrections_of([*first.facts, *second.facts])

    assert second.facts[0].detail["old"] == first.facts[0].detail["new"]
    assert second.facts[0].detail["original"] == first.facts[0].detail["original"]
    assert corrected(CLOSED, known)[Stamp.CONTACTED] == ISSUED + timedelta(seconds=3.7)
    assert corrected(CLOSED, known)[Stamp.CONCLUDED] == CLOSED.concluded_at


def test_a_time_set_anew_later_is_not_corrected() -> None:
    """Of another round: the correction was of the time before."""
    first = case_in(State.ASSIGNED)
    known = corrections_of(put_right(first, Stamp.ASSIGNED, 0.5).facts)

    assert corrected(first, known)[Stamp.ASSIGNED] == ISSUED + timedelta(seconds=0.5)
    again = case_in(State.CLOSED)
    assert again.assigned_at == first.assigned_at
    later = Case(**{**{name: getattr(again, name) for name in again.__slots__}, "assigned_at": minute(2)})
    assert corrected(later, known)[Stamp.ASSIGNED] == minute(2)


@pytest.mark.parametrize(
    ("stamp", "seconds", "field"),
    [
        (Stamp.CONTACTED, -1, "at"),  # before the warning
        (Stamp.CLOSED, 541, "at"),  # in the future
        (Stamp.CONTACTED, 4, "at"),  # as it is
        (Stamp.CONTACTED, 2.9, "at"),  # before the first attempt
        (Stamp.CONTACTED, 5.1, "at"),  # after the conclusion
        (Stamp.STOP_RESOLVED, 4, "stamp"),  # never recorded
    ],
)
def test_a_time_that_cannot_be_is_refused(stamp: Stamp, seconds: float, field: str) -> None:
    with pytest.raises(Incomplete) as refused:
        put_right(CLOSED, stamp, seconds)
    assert refused.value.facts["field"] == field


def test_a_correction_is_a_supervisors() -> None:
    with pytest.raises(NotAllowed):
        correct(CLOSED, Stamp.CONTACTED, minute(0.06), [], by=OPERATOR, now=minute(9), policy=POLICY)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LOOP), st.floats(-5, 600)), max_size=20))
def test_any_corrections_keep_the_order_of_the_steps(steps: list[tuple[Stamp, float]]) -> None:
    case, facts = CLOSED, []
    for stamp, seconds in steps:
        try:
            change = put_right(case, stamp, seconds, facts)
        except Incomplete:
            continue
        case, facts = change.case, [*facts, *change.facts]

    times = [at for stamp, at in corrected(case, corrections_of(facts)).items() if stamp in LOOP and at is not None]
    assert times == sorted(times)
    assert all(ISSUED <= at <= minute(9) for at in times)
    assert [getattr(case, stamp) for stamp in LOOP] == [getattr(CLOSED, stamp) for stamp in LOOP]
