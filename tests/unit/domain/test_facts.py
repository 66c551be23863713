"""What a change tells of itself: which facts, in which order, under which number."""

from dataclasses import replace

from services.domain import moves, repeats
from services.domain.actor import ROUTER
from services.domain.case import Change
from services.domain.moves import Said
from services.domain.states import Action, State, TimerKind
from services.domain.words import Risk
from tests.unit.domain.samples import ASKED, ISSUED, OPERATOR, POLICY, case_in, minute, opened


def told(change: Change | None) -> list[tuple[Action, str | None]]:
    assert change is not None
    return [(fact.action, fact.detail.get("timer")) for fact in change.facts]


def test_one_tick_tells_the_oldest_first() -> None:
    """Nobody ticked since minute 32: TOTAL is at risk since minute 45, FEEDBACK breached since minute 47."""
    case = moves.move(case_in(State.CONTACTED), Action.CONCLUDE, by=ASKED, now=minute(32), policy=POLICY).case

    change = moves.tick(case, now=minute(48), policy=POLICY)

    assert told(change) == [(Action.AT_RISK, TimerKind.TOTAL), (Action.BREACH, TimerKind.FEEDBACK)]


def test_a_command_tells_the_older_breach_first() -> None:
    """The case rests until minute 70; nobody ticked. FEEDBACK was over long before TOTAL."""
    case = case_in(State.CONCLUDED)

    change = moves.move(case, Action.REPORT, by=ASKED, now=minute(70), policy=POLICY)

    assert told(change) == [
        (Action.BREACH, TimerKind.FEEDBACK),
        (Action.BREACH, TimerKind.TOTAL),
        (Action.REPORT, None),
    ]


def test_a_breach_is_told_before_the_move_it_brings() -> None:
    change = moves.tick(case_in(State.ASSIGNED), now=minute(10), policy=POLICY)

    assert told(change) == [(Action.BREACH, TimerKind.ACK), (Action.EXPIRE, None)]


def test_facts_of_two_changes_are_numbered_on() -> None:
    case = case_in(State.ASSIGNED)
    first = moves.tick(case, now=minute(10), policy=POLICY)
    assert first is not None

    both = moves.then(
        first,
        moves.assign(first.case, unit="T-001", responder="R-2", why={}, by=ROUTER, now=minute(10), policy=POLICY),
    )

    assert [fact.version for fact in both.facts] == [case.version + step for step in (1, 2, 3)]
    assert both.case.version == case.version + 3


def test_a_repeat_is_counted_and_moves_nothing() -> None:
    case = case_in(State.ASSIGNED)

    change = repeats.repeated(
        case,
        by=ROUTER,
        now=minute(1),
        effect="ATTACHED",
        risk=Risk.URGENT,
        source="/test",
        changed=("scam.amount_at_risk_fen",),
    )

    assert (change.case.repeat_count, change.case.turn) == (case.repeat_count + 1, case.turn)
    assert change.facts[0].detail == {
        "effect": "ATTACHED",
        "risk": "URGENT",
        "source": "/test",
        "changed": ["scam.amount_at_risk_fen"],
        "tell": [],
    }
    assert replace(change.case, repeat_count=0, version=case.version) == case


def test_nobody_to_ask_is_stored_with_its_reason() -> None:
    change = moves.nobody(opened(responder=None), {"decided": "NOBODY"})

    assert change.case.routing == {"rule": "POLYGON", "choice": {"decided": "NOBODY"}}


def test_a_fact_keeps_both_times_and_sealed_words_apart() -> None:
    said = Said(occurred_at=minute(1), detail={"result": "BUSY"}, private={"words": "made up"})

    fact = moves.move(
        case_in(State.IN_PROGRESS), Action.ATTEMPT, by=ASKED, now=minute(2), policy=POLICY, said=said
    ).facts[0]

    assert (fact.at, fact.occurred_at, fact.recorded_at) == (minute(1), minute(1), minute(2))
    assert (fact.detail, fact.private) == ({"result": "BUSY"}, {"words": "made up"})
    assert (fact.actor, fact.role, fact.unit) == (ASKED.name, ASKED.role, ASKED.unit)


def test_a_responder_changed_late_leaves_the_limits_running() -> None:
    case = case_in(State.CONTACTED)

    change = moves.assign(case, unit="T-001", responder="R-2", why={}, by=OPERATOR, now=minute(9), policy=POLICY)

    assert (change.case.state, change.case.timers) == (State.CONTACTED, case.timers)
    assert (change.case.responder, change.case.turn) == ("R-2", case.turn + 1)
    assert change.case.issued_at == ISSUED
