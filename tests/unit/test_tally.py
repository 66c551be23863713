"""What committed changes add to the counters: each move and each limit once, exercises apart."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from services.domain import moves
from services.domain.actor import Actor
from services.domain.case import Change, case_id_for
from services.domain.opening import open_case
from services.domain.policy import policy_from
from services.domain.states import Action
from services.domain.telling import noted
from services.domain.words import Mode, Risk, Role
from services.handlers.tally import tally, tally_repeats
from services.store.policies import default_document

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
POLICY = policy_from(1, default_document())
RESPONDER = Actor(name="r1", role=Role.RESPONDER, unit="990102", responder="R1")


def opened(mode: Mode = Mode.ACTUAL) -> Change:
    return open_case(
        case_id=case_id_for("/test", "T-1"),
        source="/test",
        instruction_number="T-1",
        mode=mode,
        risk=Risk.HIGH,
        fraud_type="UNKNOWN",
        issued_at=NOW,
        now=NOW + timedelta(seconds=5),
        policy=POLICY,
        responsible_unit="990102",
        routing={"rule": "EDGE"},
        asked=("990102", "R1"),
        choice={},
    )


class Growth:
    """How much each sample has grown since this was made."""

    def __init__(self) -> None:
        self._before = self._all()

    def of(self, name: str, **labels: str) -> float:
        key = (name, tuple(sorted(labels.items())))
        return round(self._all()[key] - self._before[key], 6)  # of a sum that others of this process have added to

    @staticmethod
    def _all() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for metric in REGISTRY.collect()
            if metric.name.startswith("quanzu_")
            for sample in metric.samples
        }


@pytest.fixture
def growth() -> Growth:
    return Growth()


def test_an_opening_counts_its_rule_and_its_assignment(growth: Growth) -> None:
    tally([opened(), opened()])

    assert growth.of("quanzu_cases_opened_total", rule="EDGE", risk="HIGH", mode="actual") == 2
    assert growth.of("quanzu_cases_moved_total", action="ASSIGN") == 2
    assert growth.of("quanzu_stage_seconds_count", stage="ASSIGN", risk="HIGH") == 2
    assert growth.of("quanzu_stage_seconds_sum", stage="ASSIGN", risk="HIGH") == 10


def test_an_exercise_counts_only_as_opened(growth: Growth) -> None:
    drill = opened(Mode.EXERCISE)
    late = moves.tick(drill.case, now=NOW + timedelta(minutes=9), policy=POLICY)
    assert late is not None

    tally([drill, late])

    assert growth.of("quanzu_cases_opened_total", rule="EDGE", risk="HIGH", mode="exercise") == 1
    assert growth.of("quanzu_cases_opened_total", rule="EDGE", risk="HIGH", mode="actual") == 0
    assert growth.of("quanzu_cases_moved_total", action="ASSIGN") == 0
    assert growth.of("quanzu_limit_breached_total", stage="ACK", risk="HIGH") == 0


def test_a_move_observes_the_stage_it_ends(growth: Growth) -> None:
    """Several rounds later and with the same time twice, each stage is still observed once."""
    at = NOW + timedelta(minutes=2)
    change = moves.move(opened().case, Action.ACKNOWLEDGE, by=RESPONDER, now=at, policy=POLICY)
    tried = moves.move(change.case, Action.ATTEMPT, by=RESPONDER, now=at, policy=POLICY)
    handed = moves.release(tried.case, Action.HAND_OVER, by=RESPONDER, now=at, policy=POLICY)

    tally([change, tried, handed])

    assert growth.of("quanzu_stage_seconds_count", stage="ACK", risk="HIGH") == 1
    assert growth.of("quanzu_stage_seconds_sum", stage="ACK", risk="HIGH") == 115
    assert growth.of("quanzu_stage_seconds_count", stage="FIRST_ATTEMPT", risk="HIGH") == 1
    assert growth.of("quanzu_stage_seconds_count", stage="CONTACT", risk="HIGH") == 1
    assert growth.of("quanzu_cases_moved_total", action="HAND_OVER") == 1


def test_marks_count_by_stage_and_risk(growth: Growth) -> None:
    first = moves.tick(opened().case, now=NOW + timedelta(minutes=2.5), policy=POLICY)
    assert first is not None
    second = moves.tick(first.case, now=NOW + timedelta(minutes=4), policy=POLICY)
    assert second is not None

    tally([first, second])

    assert growth.of("quanzu_limit_at_risk_total", stage="ACK", risk="HIGH") == 1
    assert growth.of("quanzu_limit_breached_total", stage="ACK", risk="HIGH") == 1
    assert growth.of("quanzu_cases_moved_total", action="EXPIRE") == 1


def test_follow_ups_count_by_state_but_not_of_exercises(growth: Growth) -> None:
    def told(mode: Mode, *states: str) -> list[Change]:
        case = opened(mode).case
        return [noted(case, Action.FOLLOW_UP, by=RESPONDER, now=NOW, detail={"state": state}) for state in states]

    tally([*told(Mode.ACTUAL, "DUE", "MISSED", "DUE", "DONE"), *told(Mode.EXERCISE, "DUE", "ESCALATED")])

    grown = {
        state: growth.of("quanzu_follow_ups_total", state=state) for state in ("DUE", "MISSED", "ESCALATED", "DONE")
    }
    assert grown == {"DUE": 2, "MISSED": 1, "ESCALATED": 0, "DONE": 1}


def test_repeats_count_by_effect(growth: Growth) -> None:
    tally_repeats(["REPEATED", "ATTACHED", "REPEATED"])

    assert growth.of("quanzu_warnings_repeated_total", effect="REPEATED") == 2
    assert growth.of("quanzu_warnings_repeated_total", effect="ATTACHED") == 1
