"""A case under any commands, by anybody, at any times: what must hold after every single step."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.domain import moves, repeats, together
from services.domain.actor import Actor
from services.domain.case import Case, Change, CoAssigned, Fact
from services.domain.moves import Said
from services.domain.refusals import Incomplete, NotYours, Refused
from services.domain.risk import set_risk
from services.domain.states import ENDED, STAGES, Action, State, TimerKind
from services.domain.words import Outcome, Risk, Role, higher
from tests.unit.domain.samples import (
    ASKED,
    ELSEWHERE,
    INTEGRATOR,
    ISSUED,
    LARGE_FEN,
    OPERATOR,
    PEOPLE,
    POLICY,
    STRANGER,
    SUPERVISOR,
    UNIT,
    opened,
    running,
)
from tests.unit.domain.table import ALLOWED, refusal_for

MARKS = (Action.AT_RISK, Action.BREACH)
BESIDE_THE_LOOP = {TimerKind.STOP_REQUEST, TimerKind.STOP_CONFIRM}
CUT_BY_TOTAL = set(STAGES) - {TimerKind.LEASE}
FORWARD = {
    State.PENDING: Action.ASSIGN,
    State.ASSIGNED: Action.ACKNOWLEDGE,
    State.ACKNOWLEDGED: Action.ATTEMPT,
    State.IN_PROGRESS: Action.CONTACT,
    State.CONTACTED: Action.CONCLUDE,
    State.CONCLUDED: Action.REPORT,
    State.REPORTED: Action.CLOSE,
    State.CLOSED: Action.REOPEN,
}
ENDING = (Action.CANCEL, Action.TRANSFER, Action.WITHDRAW)
HELD = (State.ASSIGNED, State.ACKNOWLEDGED, State.IN_PROGRESS, State.CONTACTED, State.CONCLUDED, State.REPORTED)
SECONDS = st.integers(0, 40 * 60)
SAID = st.none() | st.integers(-600, 600)  # how far the device's clock is from ours, in seconds


class AnyOrder(RuleBasedStateMachine):
    """One case. `told` is every fact so far; `before` is the case as it was one step ago."""

    case: Case
    before: Case
    now: datetime
    told: list[Fact]
    raised: bool = False  # the last step changed the risk

    @initialize(
        late_s=st.integers(-120, 100 * 60),
        risk=st.sampled_from(Risk),
        asked=st.booleans(),
        money=st.booleans(),
        amount=st.sampled_from((None, LARGE_FEN)),
        pauses=st.lists(st.integers(0, 15 * 60), max_size=8),
    )
    def a_warning_comes(
        self, *, late_s: int, risk: Risk, asked: bool, money: bool, amount: int | None, pauses: list[int]
    ) -> None:
        """And is worked on the straight way for a while, sometimes slowly, so that later steps find every state."""
        self.now = ISSUED + timedelta(seconds=late_s)
        change = opened(
            at=self.now, risk=risk, responder="R-1" if asked else None, money_moves=money, amount_fen=amount
        )
        self.case = self.before = change.case
        self.told = list(change.facts)
        for pause in pauses:
            self.now += timedelta(seconds=pause)
            self.the_holder_goes_on(None)

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def the_timekeeper_ticks(self) -> None:
        change = moves.tick(self.case, now=self.now, policy=POLICY)
        if change is not None:
            self.took(change)
        assert moves.tick(self.case, now=self.now, policy=POLICY) is None
        assert self.case.next_due_at is None or self.case.next_due_at > self.now

    @precondition(lambda self: self.case.next_due_at is not None and self.case.next_due_at > self.now)
    @rule(early=st.booleans())
    def time_passes_to_the_next_mark(self, early: bool) -> None:
        """To the very moment, or to the microsecond before it, when nothing may happen."""
        assert self.case.next_due_at is not None
        self.now = self.case.next_due_at - early * timedelta(microseconds=1)
        if early:
            assert moves.tick(self.case, now=self.now, policy=POLICY) is None
        else:
            self.the_timekeeper_ticks()

    @rule(said_s=SAID)
    def the_holder_goes_on(self, said_s: int | None) -> None:
        if self.case.state in FORWARD:
            self.rightly(FORWARD[self.case.state], said_s)

    @rule(pick=st.integers(0, 999), said_s=SAID)
    def somebody_does_what_they_may(self, pick: int, said_s: int | None) -> None:
        legal = [Action(pair.split()[1]) for pair in ALLOWED if pair.startswith(f"{self.case.state} ")]
        rightly = [action for action in legal if action not in (*ENDING, Action.EXPIRE, Action.LAPSE)]
        if rightly:
            self.rightly(rightly[pick % len(rightly)], said_s)

    @rule(action=st.sampled_from(sorted(set(Action) - set(ENDING))), by=st.sampled_from(PEOPLE), said_s=SAID)
    def somebody_tries_something(self, action: Action, by: Actor, said_s: int | None) -> None:
        self.tries(action, by, said_s)

    @rule(
        by=st.sampled_from(PEOPLE), unit=st.sampled_from((UNIT, ELSEWHERE)), responder=st.sampled_from(("R-1", "R-2"))
    )
    def somebody_assigns(self, by: Actor, unit: str, responder: str) -> None:
        action = Action.ASSIGN if self.case.state is State.PENDING else Action.REASSIGN
        sends_away = by.role is Role.DESK and unit != by.unit
        refusal = NotYours if sends_away else refusal_for(self.case, action, by)
        case, now = self.case, self.now
        self.expect(
            refusal,
            lambda: moves.assign(case, unit=unit, responder=responder, why={}, by=by, now=now, policy=POLICY),
        )

    @rule(
        by=st.sampled_from((OPERATOR, SUPERVISOR, STRANGER)),
        unit=st.sampled_from((UNIT, ELSEWHERE, "T-003")),
        responder=st.sampled_from((None, "R-3")),
    )
    def somebody_lets_a_unit_join(self, by: Actor, unit: str, responder: str | None) -> None:
        joining, case, now = CoAssigned(unit=unit, responder=responder), self.case, self.now
        senseless = Incomplete if unit == case.assigned_unit or joining in case.co_assigned else None
        self.expect(
            refusal_for(case, Action.CO_ASSIGN, by) or senseless,
            lambda: together.co_assign(case, joining, by=by, now=now, policy=POLICY),
        )

    @rule(by=st.sampled_from((OPERATOR, STRANGER)), unit=st.sampled_from((UNIT, ELSEWHERE)))
    def somebody_lets_a_unit_go(self, by: Actor, unit: str) -> None:
        case, now = self.case, self.now
        senseless = None if unit in {one.unit for one in case.co_assigned} else Incomplete
        self.expect(
            refusal_for(case, Action.CO_RELEASE, by) or senseless,
            lambda: together.co_release(case, unit, by=by, now=now, policy=POLICY),
        )

    @rule(by=st.sampled_from((OPERATOR, SUPERVISOR, ASKED)), to=st.sampled_from(Risk))
    def somebody_changes_the_risk(self, by: Actor, to: Risk) -> None:
        case, now = self.case, self.now
        if to is case.risk:
            self.expect(Incomplete, lambda: set_risk(case, to, by=by, now=now, policy=POLICY))
            return
        action = Action.RAISE if higher(to, case.risk) is to else Action.LOWER
        self.expect(
            refusal_for(case, action, by), lambda: set_risk(case, to, by=by, now=now, policy=POLICY), raised=True
        )

    @precondition(lambda self: self.case.version > 8)
    @rule(action=st.sampled_from(ENDING), by=st.sampled_from((OPERATOR, SUPERVISOR, INTEGRATOR, ASKED)))
    def somebody_ends_it(self, action: Action, by: Actor) -> None:
        self.tries(action, by, None)

    def rightly(self, action: Action, said_s: int | None) -> None:
        """By somebody whom the table names."""
        role = ALLOWED[f"{self.case.state} {action}"][0].split()[-1]
        by = next(actor for actor in PEOPLE if actor.role == role)
        if by.role in (Role.DESK, Role.RESPONDER):
            by = replace(by, unit=self.case.assigned_unit, responder=self.case.responder)
        self.tries(action, by, said_s)

    def tries(self, action: Action, by: Actor, said_s: int | None) -> None:
        said = None if said_s is None else Said(occurred_at=self.now + timedelta(seconds=said_s))
        self.expect(refusal_for(self.case, action, by), lambda: self.commanded(action, by, said))

    def expect(self, refusal: type[Refused] | None, decide: Callable[[], Change], *, raised: bool = False) -> None:
        """The command is refused for the reason that domain.md gives, or makes the move of the table."""
        if refusal is None:
            self.took(decide(), raised=raised)
            return
        with pytest.raises(refusal):
            decide()

    def commanded(self, action: Action, by: Actor, said: Said | None) -> Change:
        case, now = self.case, self.now
        if action in (Action.DECLINE, Action.HAND_OVER, Action.EXPIRE, Action.LAPSE):
            return moves.release(case, action, by=by, now=now, policy=POLICY, said=said)
        if action is Action.REROUTE and by.role is Role.SYSTEM:
            return repeats.reroute(case, unit="T-900", routing={"rule": "POLYGON"}, now=now, policy=POLICY)
        if action is (Action.ASSIGN if case.state is State.PENDING else Action.REASSIGN):
            unit = by.unit or UNIT
            return moves.assign(case, unit=unit, responder="R-1", why={}, by=by, now=now, policy=POLICY, said=said)
        if action is Action.CONCLUDE:
            return moves.conclude(case, Outcome.REFUSED, by=by, now=now, policy=POLICY, said=said)
        if action is Action.ACKNOWLEDGE:
            holder = by.responder or case.responder
            return moves.move(case, action, by=by, now=now, policy=POLICY, said=said, responder=holder)
        more: dict[str, Any] = {"submitter": by.name} if action is Action.REPORT else {}
        return moves.move(case, action, by=by, now=now, policy=POLICY, said=said, **more)

    def took(self, change: Change, *, raised: bool = False) -> None:
        self.raised = raised
        before, after, facts = self.case, change.case, change.facts
        assert [fact.version for fact in facts] == list(range(before.version + 1, after.version + 1))
        assert facts
        assert after.turn - before.turn == (seen_by_a_command(before) != seen_by_a_command(after))
        assert [fact.at for fact in facts if fact.action in MARKS] == sorted(
            fact.at for fact in facts if fact.action in MARKS
        )
        assert path_of(facts) == [before.state, after.state] or all(fact.action in MARKS for fact in facts)
        assert after.turn <= after.version
        self.before, self.case = before, after
        self.told += facts

    @invariant()
    def only_moves_of_the_table_were_made(self) -> None:
        for fact in self.told[1:]:
            if fact.action in MARKS or ("why" in fact.detail and fact.action is Action.CO_RELEASE):
                assert fact.from_state is fact.to_state  # it happened by itself
            else:
                assert ALLOWED[f"{fact.from_state} {fact.action}"][1] == fact.to_state

    @invariant()
    def one_limit_of_a_kind_runs_at_most(self) -> None:
        """But each stop order waits for its bank under a round of its own."""
        ran = [timer.kind for timer in self.case.timers if timer.running]
        kinds = [kind for kind in ran if kind is not TimerKind.STOP_CONFIRM]
        assert len(kinds) == len(set(kinds))
        named = [(timer.kind, timer.round) for timer in self.case.timers]
        assert len(named) == len(set(named))

    @invariant()
    def a_limit_is_only_pulled_in_by_a_risk_and_never_runs_again(self) -> None:
        now = {(timer.kind, timer.round): timer for timer in self.case.timers}
        for old in self.before.timers:
            new = now[old.kind, old.round]
            assert new.started_at == old.started_at
            assert new.due_at <= old.due_at if self.raised else new.due_at == old.due_at
            assert old.running or new == old
            assert old.breached_at in (None, new.breached_at)

    @invariant()
    def no_stage_outlives_the_running_total(self) -> None:
        due = self.case.total_due_at
        if due is not None and due > self.now:
            stages = [timer for timer in self.case.timers if timer.running and timer.kind in CUT_BY_TOTAL]
            assert all(stage.due_at <= due for stage in stages)

    @invariant()
    def each_limit_marks_once_and_never_early(self) -> None:
        marks = [fact for fact in self.told if fact.action in MARKS]
        named = [(fact.action, fact.detail["timer"], fact.detail["round"]) for fact in marks]
        assert len(named) == len(set(named))
        assert all(fact.at <= fact.recorded_at for fact in marks)
        breached = {(timer.kind, timer.round) for timer in self.case.timers if timer.breached_at is not None}
        assert breached == {(kind, round_) for action, kind, round_ in named if action is Action.BREACH}

    @invariant()
    def times_of_a_limit_are_in_order(self) -> None:
        for timer in self.case.timers:
            assert timer.stopped_at is None or timer.started_at <= timer.stopped_at <= self.now
            assert timer.breached_at is None or timer.due_at <= timer.breached_at <= self.now

    @invariant()
    def an_ended_case_rests(self) -> None:
        left = running(self.case) - BESIDE_THE_LOOP
        if self.case.state is State.CANCELLED:
            assert running(self.case) == set()
        if self.case.state is State.CLOSED:
            assert left == set()
        if self.case.state is State.TRANSFERRED:
            assert left == (set() if self.case.receipt_at else {TimerKind.TOTAL})

    @invariant()
    def a_worked_case_is_held_by_somebody(self) -> None:
        held = (self.case.assigned_unit is not None, self.case.responder is not None)
        if self.case.state in HELD:
            assert held == (True, True)
        if self.case.state is State.PENDING:
            assert held == (False, False)

    @invariant()
    def one_unit_is_accountable_and_the_others_are_told_of(self) -> None:
        units = [one.unit for one in self.case.co_assigned]
        assert self.case.assigned_unit not in units
        assert len(units) == len(set(units))
        assert not (units and self.case.state in ENDED)
        there: set[str] = set()
        for fact in self.told:
            if fact.action is Action.CO_ASSIGN and "unit" in fact.detail:
                there.add(fact.detail["unit"])
            elif fact.action is Action.CO_RELEASE and "unit" in fact.detail:
                there.discard(fact.detail["unit"])
        assert there == set(units)

    @invariant()
    def the_first_feedback_stays(self) -> None:
        assert self.before.feedback_at in (None, self.case.feedback_at)
        assert (self.case.feedback_at is None) == (Action.REPORT not in {fact.action for fact in self.told})


def seen_by_a_command(case: Case) -> tuple[State, str | None, str | None, Risk]:
    return case.state, case.assigned_unit, case.responder, case.risk


def path_of(facts: Sequence[Fact]) -> list[State | None]:
    """From where to where the facts lead, if each starts where the one before it ended."""
    assert all(one.to_state is two.from_state for one, two in pairwise(facts))
    return [facts[0].from_state, facts[-1].to_state]


AnyOrder.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
