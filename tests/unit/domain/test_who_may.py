"""Who may do what (domain.md §2 and §7): roles, the own unit, the own case, never the own submission."""

import pytest

from services.domain import moves
from services.domain.actor import Actor
from services.domain.case import Case
from services.domain.refusals import Incomplete, NotAllowed, NotYours, OutOfOrder, OwnSubmission
from services.domain.states import Action, State
from services.domain.words import Outcome, Role
from tests.unit.domain.samples import (
    ASKED,
    COLLEAGUE,
    DESK,
    ELSEWHERE,
    INTEGRATOR,
    OPERATOR,
    OTHER_DESK,
    POLICY,
    STRANGER,
    SUPERVISOR,
    UNIT,
    assigned,
    case_in,
    does,
    minute,
)

NAMELESS = Actor(name="nameless", role=Role.RESPONDER, unit=UNIT)
STEPS = [
    (State.ACKNOWLEDGED, Action.ATTEMPT),
    (State.IN_PROGRESS, Action.ATTEMPT),
    (State.IN_PROGRESS, Action.CONTACT),
    (State.IN_PROGRESS, Action.CONCLUDE),
    (State.CONTACTED, Action.LOSE_CONTACT),
    (State.CONTACTED, Action.CONCLUDE),
    (State.CONCLUDED, Action.REPORT),
]


def concluded(case: Case, outcome: Outcome, by: Actor) -> Case:
    return moves.conclude(case, outcome, by=by, now=minute(5), policy=POLICY).case


@pytest.mark.parametrize("by", [ASKED, COLLEAGUE, DESK], ids=lambda by: by.name)
def test_anybody_of_the_unit_may_acknowledge(by: Actor) -> None:
    assert does(case_in(State.ASSIGNED), Action.ACKNOWLEDGE, by=by, at=minute(1)).state is State.ACKNOWLEDGED


@pytest.mark.parametrize("by", [STRANGER, OTHER_DESK, NAMELESS], ids=lambda by: by.name)
def test_nobody_else_may_acknowledge(by: Actor) -> None:
    with pytest.raises(NotYours):
        does(case_in(State.ASSIGNED), Action.ACKNOWLEDGE, by=by, at=minute(1))


def test_the_first_to_acknowledge_holds_the_case() -> None:
    case = does(case_in(State.ASSIGNED), Action.ACKNOWLEDGE, by=COLLEAGUE, at=minute(1), responder="R-2")

    with pytest.raises(NotYours):
        does(case, Action.ATTEMPT, by=ASKED, at=minute(2))
    assert does(case, Action.ATTEMPT, by=COLLEAGUE, at=minute(2)).state is State.IN_PROGRESS


def test_nobody_declines_what_a_colleague_was_asked() -> None:
    with pytest.raises(NotYours):
        moves.release(case_in(State.ASSIGNED), Action.DECLINE, by=COLLEAGUE, now=minute(1), policy=POLICY)


@pytest.mark.parametrize("by", [ASKED, DESK], ids=lambda by: by.name)
def test_the_asked_and_the_desk_may_decline(by: Actor) -> None:
    case = moves.release(case_in(State.ASSIGNED), Action.DECLINE, by=by, now=minute(1), policy=POLICY).case

    assert (case.state, case.assigned_unit, case.responder, case.tried) == (State.PENDING, None, None, ("R-1",))


@pytest.mark.parametrize(("state", "action"), STEPS)
@pytest.mark.parametrize("by", [COLLEAGUE, STRANGER, NAMELESS], ids=lambda by: by.name)
def test_a_step_is_only_for_the_holder(state: State, action: Action, by: Actor) -> None:
    with pytest.raises(NotYours):
        does(case_in(state), action, by=by, at=minute(5))


@pytest.mark.parametrize(("state", "action"), STEPS)
@pytest.mark.parametrize("by", [DESK, OPERATOR, SUPERVISOR, INTEGRATOR], ids=lambda by: by.name)
def test_only_responders_do_the_steps_of_the_loop(state: State, action: Action, by: Actor) -> None:
    with pytest.raises(NotAllowed):
        does(case_in(state), action, by=by, at=minute(5))


@pytest.mark.parametrize("state", [State.ASSIGNED, State.ACKNOWLEDGED, State.IN_PROGRESS])
def test_a_desk_assigns_inside_its_own_unit(state: State) -> None:
    case = assigned(case_in(state), at=minute(2), by=DESK, responder="R-2")

    assert (case.state, case.assigned_unit, case.responder) == (State.ASSIGNED, UNIT, "R-2")


@pytest.mark.parametrize("state", [State.CONTACTED, State.CONCLUDED])
def test_a_desk_changes_the_responder_of_a_late_case(state: State) -> None:
    assert assigned(case_in(state), at=minute(2), by=DESK, responder="R-2").state is state


def test_a_desk_sends_no_case_to_another_unit() -> None:
    with pytest.raises(NotYours):
        assigned(case_in(State.ASSIGNED), at=minute(1), by=DESK, unit=ELSEWHERE, responder="R-3")


def test_a_desk_takes_no_case_from_another_unit() -> None:
    with pytest.raises(NotYours):
        assigned(case_in(State.ASSIGNED), at=minute(1), by=OTHER_DESK, unit=ELSEWHERE, responder="R-3")


def test_a_desk_takes_nothing_from_the_centres_queue() -> None:
    with pytest.raises(NotAllowed):
        assigned(case_in(State.PENDING), at=minute(1), by=DESK)


def test_an_operator_may_cross_units() -> None:
    case = assigned(case_in(State.ASSIGNED), at=minute(1), by=OPERATOR, unit=ELSEWHERE, responder="R-3")

    assert (case.assigned_unit, case.responsible_unit) == (ELSEWHERE, UNIT)


@pytest.mark.parametrize("action", [Action.CLOSE, Action.RETURN, Action.RETURN_TEXT])
def test_nobody_reviews_their_own_submission(action: Action) -> None:
    own = Actor(name=ASKED.name, role=Role.OPERATOR)

    with pytest.raises(OwnSubmission):
        does(case_in(State.REPORTED), action, by=own, at=minute(5))
    assert does(case_in(State.REPORTED), action, by=OPERATOR, at=minute(5)).state is not State.REPORTED


def test_only_a_supervisor_says_not_reached() -> None:
    case = case_in(State.IN_PROGRESS)

    assert concluded(case, Outcome.NOT_REACHED, SUPERVISOR).state is State.CONCLUDED
    for by in (ASKED, OPERATOR, DESK):
        with pytest.raises(NotAllowed):
            concluded(case, Outcome.NOT_REACHED, by)


def test_who_was_reached_is_never_not_reached() -> None:
    with pytest.raises(Incomplete):
        concluded(case_in(State.CONTACTED), Outcome.NOT_REACHED, SUPERVISOR)


def test_a_refusal_names_the_state_it_found() -> None:
    with pytest.raises(OutOfOrder) as refused:
        does(case_in(State.CLOSED), Action.ATTEMPT, by=ASKED, at=minute(5))
    assert refused.value.facts == {"state": "CLOSED", "action": "ATTEMPT"}
    assert refused.value.code == "out-of-order"


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.REVIEWER, Role.AUDITOR])
def test_the_centre_sees_every_unit(role: Role) -> None:
    by = Actor(name="somebody", role=role)

    assert by.sees(UNIT)
    assert by.sees(None)


@pytest.mark.parametrize("by", [DESK, ASKED], ids=lambda by: by.name)
def test_a_precinct_sees_only_its_own_cases(by: Actor) -> None:
    assert [by.sees(unit) for unit in (UNIT, ELSEWHERE, None)] == [True, False, False]


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.INTEGRATOR, Role.BANK, Role.SYSTEM])
def test_other_roles_see_no_case(role: Role) -> None:
    assert not Actor(name="somebody", role=role, unit=UNIT).sees(UNIT)
