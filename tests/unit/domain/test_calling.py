"""How the escalation of a limit climbs: by marks and time, past empty levels, by hand; and what a lost hour leaves."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from samples import ASKED, DESK, ISSUED, OPERATOR, UNIT, case_in, minute, opened, timer_of

from services.domain import calling, escalation, moves
from services.domain.case import Case, Change
from services.domain.moves import Said
from services.domain.policy import Policy, policy_from
from services.domain.policy_rules import Mark, Target, Watch
from services.domain.refusals import Incomplete, NotAllowed
from services.domain.states import Action, State, TimerKind
from services.store.cases import packed, unpacked
from services.store.policies import default_document

CLIMB = (
    ("AT_RISK", 0, "RESPONDER"),
    ("BREACH", 0, "DUTY_DESK"),
    ("BREACH", 4, "PRECINCT_HEAD"),
    ("BREACH", 6, "SUPERVISOR"),
)


def policy_of(*levels: tuple[str, float, str], watch: str = "DAY") -> Policy:
    """The default with these levels for CONTACT."""
    document: dict[str, Any] = default_document()
    stages = dict(document["escalation"]["DAY"])
    stages["CONTACT"] = [{"mark": mark, "after_min": after, "tell": [tell]} for mark, after, tell in levels]
    document["escalation"][watch] = stages
    if watch != "DAY":
        document["escalation"]["DAY"]["CONTACT"] = []
    return policy_from(2, document)


def tick(case: Case, at: float, policy: Policy) -> Change:
    change = moves.tick(case, now=minute(at), policy=policy)
    assert change is not None
    return change


def levels(change: Change, policy: Policy) -> list[tuple[int, Target]]:
    called = calling.called_by(change, policy=policy, watch=escalation.by_day)
    return [(one.level, one.tell[0]) for one in called if one.timer is TimerKind.CONTACT]


def in_contact() -> Case:
    """CONTACT has run since the third second: at risk at minute 15, over at minute 20."""
    return case_in(State.IN_PROGRESS)


def test_levels_follow_the_marks_and_the_time_after_them() -> None:
    policy, case, seen = policy_of(*CLIMB), in_contact(), []
    due_at = timer_of(case, TimerKind.CONTACT).due_at

    for _ in range(4):
        assert case.next_due_at is not None
        change = moves.tick(case, now=case.next_due_at, policy=policy)
        assert change is not None
        seen += [(case.next_due_at - due_at, *one) for one in levels(change, policy)]
        case = change.case

    assert [(at, level) for at, level, _ in seen[1:]] == [
        (timedelta(0), 2),
        (timedelta(minutes=4), 3),
        (timedelta(minutes=6), 4),
    ]
    assert (seen[0][0] < timedelta(0), seen[0][1:]) == (True, (1, Target.RESPONDER))
    assert timer_of(case, TimerKind.CONTACT).next_level_at is None
    assert unpacked(packed(case.timers)) == case.timers


def test_an_outage_calls_in_every_level_it_has_missed_once() -> None:
    policy = policy_of(*CLIMB)

    change = tick(in_contact(), 25, policy)

    assert levels(change, policy) == [(2, Target.DUTY_DESK), (3, Target.PRECINCT_HEAD)]
    late = [fact.detail["late_s"] for fact in change.facts if fact.action is Action.ESCALATE]
    assert late == [pytest.approx(57, abs=5)]
    assert levels(tick(change.case, 26.1, policy), policy) == [(4, Target.SUPERVISOR)]


def test_the_act_that_stops_a_limit_stops_its_climb() -> None:
    policy = policy_of(*CLIMB)
    case = tick(in_contact(), 21, policy).case

    after = moves.move(case, Action.CONTACT, by=ASKED, now=minute(22), policy=policy).case

    stopped = timer_of(after, TimerKind.CONTACT)
    assert (stopped.level, stopped.next_level_at, stopped.next_at) == (2, None, None)


def test_past_an_empty_level_the_next_is_called_in_now() -> None:
    policy = policy_of(*CLIMB)
    change = tick(in_contact(), 21, policy)
    (empty,) = calling.called_by(change, policy=policy, watch=escalation.by_day)

    found = calling.past_empty(change, empty, now=minute(21), policy=policy, watch=escalation.by_day)

    assert found is not None
    skipped, called = found
    assert (called.level, called.tell) == (3, (Target.PRECINCT_HEAD,))
    assert timer_of(skipped.case, TimerKind.CONTACT).next_level_at == minute(23)
    assert [fact.version for fact in skipped.facts] == list(
        range(skipped.facts[0].version, skipped.facts[0].version + len(skipped.facts))
    )
    assert skipped.case.version == skipped.facts[-1].version


def test_nothing_is_above_the_last_level_or_a_stopped_limit() -> None:
    policy = policy_of(*CLIMB)
    change = tick(in_contact(), 27, policy)
    last = calling.called_by(change, policy=policy, watch=escalation.by_day)[-1]
    stopped = moves.move(change.case, Action.CONTACT, by=ASKED, now=minute(28), policy=policy)
    lower = replace(last, level=2)

    for before, called in ((change, last), (stopped, lower)):
        assert calling.past_empty(before, called, now=minute(28), policy=policy, watch=escalation.by_day) is None


def test_a_breach_begins_at_its_own_levels_whatever_was_skipped_to() -> None:
    policy = policy_of(*CLIMB)
    case = in_contact()
    at_risk = moves.tick(case, now=timer_of(case, TimerKind.CONTACT).at_risk_at or ISSUED, policy=policy)
    assert at_risk is not None
    (empty,) = calling.called_by(at_risk, policy=policy, watch=escalation.by_day)
    found = calling.past_empty(at_risk, empty, now=minute(15.1), policy=policy, watch=escalation.by_day)
    assert found is not None

    assert levels(tick(found[0].case, 20.1, policy), policy) == [(2, Target.DUTY_DESK)]


def test_a_jump_climbs_on_from_where_it_landed() -> None:
    policy = policy_of(*CLIMB)
    case = tick(in_contact(), 20.1, policy).case

    jumped = calling.jump(
        case, 3, kind=None, by=OPERATOR, now=minute(20.5), policy=policy, watch=escalation.by_day, said=Said()
    )

    assert levels(jumped, policy) == [(3, Target.PRECINCT_HEAD)]
    assert timer_of(jumped.case, TimerKind.CONTACT).next_level_at == minute(22.5)
    assert (jumped.case.turn, jumped.case.state) == (case.turn, case.state)


@pytest.mark.parametrize(("level", "kind"), [(0, None), (5, None), (1, TimerKind.FEEDBACK), (1, TimerKind.LEASE)])
def test_a_jump_needs_a_level_of_a_running_limit(level: int, kind: TimerKind | None) -> None:
    policy = policy_of(*CLIMB)

    with pytest.raises(Incomplete):
        calling.jump(
            in_contact(),
            level,
            kind=kind,
            by=OPERATOR,
            now=minute(1),
            policy=policy,
            watch=escalation.by_day,
            said=Said(),
        )


def test_only_the_centre_jumps() -> None:
    policy = policy_of(*CLIMB)

    for by in (DESK, ASKED):
        with pytest.raises(NotAllowed):
            calling.jump(
                in_contact(), 1, kind=None, by=by, now=minute(1), policy=policy, watch=escalation.by_day, said=Said()
            )


def test_the_watch_of_the_mark_decides_the_levels_that_follow() -> None:
    policy = policy_of(("BREACH", 0, "SUPERVISOR"), ("BREACH", 5, "COUNTY_LEADER"), watch="NIGHT")
    case = in_contact()

    change = moves.tick(case, now=minute(20.1), policy=policy, watch=lambda _: Watch.NIGHT)
    assert change is not None
    called = calling.called_by(change, policy=policy, watch=lambda _: Watch.NIGHT)

    assert [(one.mark, one.tell) for one in called] == [(Mark.BREACH, (Target.SUPERVISOR,))]
    assert policy.escalation.is_always_the_same is False
    # the day turned into one that has no such level
    gone = moves.tick(change.case, now=minute(26), policy=policy, watch=escalation.by_day)
    assert gone is not None
    assert timer_of(gone.case, TimerKind.CONTACT).next_level_at is None
    assert [one.tell for one in calling.called_by(gone, policy=policy, watch=escalation.by_day)] == [()]


def test_a_limit_stored_before_escalation_climbs_as_any_other() -> None:
    case = opened().case
    old = [row[:8] for row in packed(case.timers)]

    assert unpacked(old) == case.timers
    assert all(timer.level == 0 for timer in unpacked(old))
    assert case.responsible_unit == UNIT
