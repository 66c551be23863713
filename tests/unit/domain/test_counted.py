"""What one case adds to the figures: who is in them at all, which limits are judged, what the money and the money's time say."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from services.domain import moves
from services.domain.beside import Beside
from services.domain.corrections import Stamp, correct
from services.domain.counted import DONE_BY, Count, Counted, counted, is_counted
from services.domain.follow_up import FollowUp, FollowUpState
from services.domain.moves import Said
from services.domain.policy_rules import FollowUpMark
from services.domain.states import Action, TimerKind
from services.domain.stop_order import Rejection, StopOrder, StopState
from services.domain.words import Mode, Outcome, Risk
from tests.unit.domain.samples import ASKED, ISSUED, OPERATOR, POLICY, SUPERVISOR, minute, opened

C = Count


class Life:
    """A case with all its facts."""

    def __init__(self, *, risk: Risk = Risk.HIGH, late: float = 0) -> None:
        change = opened(at=minute(late), risk=risk)
        self.case, self.facts = change.case, list(change.facts)

    def does(self, action: Action, at: float, *, by: object = ASKED, detail: dict[str, object] | None = None) -> None:
        said = Said(detail=detail)
        change = moves.move(self.case, action, by=by, now=minute(at), policy=POLICY, said=said)  # type: ignore[arg-type]
        self.case, self.facts = change.case, [*self.facts, *change.facts]

    def ticks(self, at: float) -> None:
        change = moves.tick(self.case, now=minute(at), policy=POLICY)
        if change is not None:
            self.case, self.facts = change.case, [*self.facts, *change.facts]

    def concludes(self, outcome: Outcome, at: float, **amounts: int) -> None:
        said = Said(detail={"outcome": outcome, "awakened": True})
        change = moves.conclude(self.case, outcome, by=ASKED, now=minute(at), policy=POLICY, said=said, **amounts)
        self.case, self.facts = change.case, [*self.facts, *change.facts]

    def reports(self, at: float) -> None:
        change = moves.move(self.case, Action.REPORT, by=ASKED, now=minute(at), policy=POLICY, submitter=ASKED.name)
        self.case, self.facts = change.case, [*self.facts, *change.facts]

    def counted(self, beside: Beside | None = None) -> Counted:
        found = counted(self.case, self.facts, beside or Beside())
        assert found is not None
        return found

    def counts(self, beside: Beside | None = None) -> dict[Count, int]:
        return dict.fromkeys(Count, 0) | dict(self.counted(beside).counts)


def reported(at: float = 40) -> Life:
    life = Life()
    life.does(Action.ACKNOWLEDGE, 1)
    life.does(Action.ATTEMPT, 2, detail={"result": "NO_ANSWER", "channel": "call"})
    life.does(Action.CONTACT, 10, detail={"mode": "voice"})
    life.concludes(Outcome.DISSUADED_NO_LOSS, 20)
    life.reports(at)
    return life


def of_limit(life: Life, kind: TimerKind) -> tuple[int, int]:
    counts = life.counts()
    return counts[C(f"{kind.value.lower()}_kept")], counts[C(f"{kind.value.lower()}_judged")]


def test_every_limit_but_the_lease_has_its_two_counts() -> None:
    assert set(DONE_BY) == set(TimerKind) - {TimerKind.LEASE}
    assert all(C(f"{kind.value.lower()}_{what}") for kind in DONE_BY for what in ("kept", "judged"))


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_counted_under_its_name(outcome: Outcome) -> None:
    life = reported()
    life.case = replace(life.case, outcome=outcome)

    counts = life.counts()

    assert counts[C(outcome.lower())] == counts[C.CONCLUDED] == 1
    assert counts[C.LOST] == (outcome is Outcome.DEFRAUDED_AFTER_WARNING)


@pytest.mark.parametrize(("at", "within"), [(60, 1), (60 + 1 / 60_000, 0)])
def test_exactly_the_hour_is_within_it(at: float, within: int) -> None:
    found = reported(at).counted()

    assert found.counts.get(C.WITHIN_HOUR, 0) == within
    assert found.loop_s == 3600
    assert (found.unit, found.level, found.issued_at) == ("T-001", Risk.HIGH, ISSUED)


def test_a_case_without_feedback_waits() -> None:
    counts = Life().counts()

    assert (counts[C.CASES], counts[C.WAITING], counts[C.FED_BACK]) == (1, 1, 0)


def test_an_exercise_adds_nothing() -> None:
    life = reported()

    assert counted(replace(life.case, mode=Mode.EXERCISE), life.facts, Beside()) is None


@pytest.mark.parametrize("action", [Action.CANCEL, Action.TRANSFER])
def test_ended_early_counts_only_after_a_breach(action: Action) -> None:
    by = SUPERVISOR if action is Action.CANCEL else OPERATOR
    before, after = Life(), Life()
    before.does(action, 1, by=by)
    after.does(action, 3, by=by)  # ACK was over at minute 3, though nobody had said so

    assert not is_counted(before.case, before.facts)
    assert is_counted(after.case, after.facts)


def test_a_breach_after_the_transfer_brings_nothing_back() -> None:
    life = Life()
    life.does(Action.TRANSFER, 1, by=OPERATOR)
    life.ticks(61)

    assert any(fact.action is Action.BREACH for fact in life.facts)
    assert not is_counted(life.case, life.facts)


def test_a_limit_is_judged_when_it_is_done_or_over() -> None:
    life = Life()
    assert of_limit(life, TimerKind.ASSIGN) == (1, 1)
    assert of_limit(life, TimerKind.ACK) == (0, 0)

    life.does(Action.DECLINE, 1)  # neither
    assert of_limit(life, TimerKind.ACK) == (0, 0)

    silent = Life()
    silent.ticks(3)
    assert of_limit(silent, TimerKind.ACK) == (0, 1)


def test_a_limit_that_ends_as_it_is_over_is_not_kept() -> None:
    life = Life()
    life.does(Action.ACKNOWLEDGE, 3)

    assert of_limit(life, TimerKind.ACK) == (0, 1)


def test_a_corrected_time_judges_loop_and_limit() -> None:
    life = reported(at=61)
    before = of_limit(life, TimerKind.TOTAL), life.counted().loop_s
    change = correct(life.case, Stamp.FEEDBACK, minute(59), life.facts, by=SUPERVISOR, now=minute(70), policy=POLICY)
    life.case, life.facts = change.case, [*life.facts, *change.facts]

    assert before == ((0, 1), 61 * 60)
    assert (of_limit(life, TimerKind.TOTAL), life.counted().loop_s) == ((1, 1), 59 * 60)
    assert life.counts()[C.WITHIN_HOUR] == 1


def test_a_second_round_leaves_the_first_loop() -> None:
    life = reported()
    life.does(Action.RETURN, 50, by=OPERATOR)
    life.does(Action.CONTACT, 51, detail={"mode": "in_person"})
    life.concludes(Outcome.REFUSED, 55)
    life.reports(58)
    life.does(Action.CLOSE, 59, by=OPERATOR)

    counts = life.counts()

    assert life.counted().loop_s == 40 * 60
    assert (counts[C.REVIEWED], counts[C.RETURNED], counts[C.CLOSED]) == (2, 1, 1)
    assert of_limit(life, TimerKind.TOTAL) == (2, 2)
    assert (counts[C.REFUSED], counts[C.DISSUADED_NO_LOSS], counts[C.MET]) == (1, 0, 1)


def order(state: StopState, *, held: int = 0, sent: bool = True, **more: object) -> StopOrder:
    at = minute(5)
    plain = StopOrder(order_id=UUID(int=2), number=1, state=state, amount_fen=100, requested_at=at, requested_by="R-1")
    return replace(plain, held_fen=held, confirm_round=1 if sent else None, sent_at=at if sent else None, **more)


@pytest.mark.parametrize(
    ("orders", "answered_at", "effective"),
    [
        ([order(StopState.HELD, held=100, answered_at=minute(10))], 10, 1),
        ([order(StopState.HELD, held=99, answered_at=minute(10))], 10, 0),  # in part
        ([order(StopState.HELD, held=100, answered_at=minute(30))], 30, 0),  # too late
        ([order(StopState.REJECTED, answered_at=minute(10), reason=Rejection.EMPTY)], 10, 0),
    ],
)
def test_effective_is_held_in_time_and_in_full(orders: Sequence[StopOrder], answered_at: float, effective: int) -> None:
    life = Life()
    life.does(Action.ACKNOWLEDGE, 1)
    life.does(Action.REQUEST_STOP, 5)
    life.does(Action.RESOLVE_STOP, answered_at, by=OPERATOR)

    counts = life.counts(Beside(orders=tuple(orders)))

    assert (counts[C.STOPS_SENT], counts[C.STOPS_EFFECTIVE]) == (1, effective)
    assert (counts[C.REQUESTED_FEN], counts[C.HELD_FEN]) == (100, orders[0].held_fen)
    assert counts[C.STOPS_REJECTED] == (orders[0].state is StopState.REJECTED)


def test_an_order_that_was_not_sent_counts_for_nothing() -> None:
    counts = Life().counts(Beside(orders=(order(StopState.REQUESTED, sent=False),)))

    assert (counts[C.STOPS_SENT], counts[C.REQUESTED_FEN]) == (0, 0)


def test_follow_ups_are_judged_when_done_or_missed() -> None:
    one = FollowUp(mark=FollowUpMark.DAY, round=1, unit=None, responder=None, due_at=ISSUED, grace=timedelta(hours=1))
    told = {
        FollowUpState.SCHEDULED: None,
        FollowUpState.DUE: None,
        FollowUpState.MISSED: None,
        FollowUpState.ESCALATED: None,
        FollowUpState.DONE: minute(59),
        FollowUpState.CLOSED: minute(60),
        FollowUpState.SUPERSEDED: None,
    }
    follow_ups = tuple(replace(one, state=state, done_at=at) for state, at in told.items())

    counts = reported().counts(Beside(follow_ups=follow_ups))

    assert (counts[C.FOLLOW_UPS_ON_TIME], counts[C.FOLLOW_UPS_JUDGED]) == (1, 4)
    assert (counts[C.FOLLOW_UPS_STRUCK], counts[C.FOLLOW_UPS_COME]) == (1, 5)


def test_a_loss_found_later_is_counted_with_its_amount() -> None:
    life = reported()
    life.case = replace(life.case, loss_after_fen=700)

    counts = life.counts()

    assert (counts[C.LOST], counts[C.LOSS_AFTER_FEN]) == (1, 700)
