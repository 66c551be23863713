"""What simulated people do: how often, how fast, and only what the api takes."""

from collections import Counter
from random import Random
from statistics import fmean, median

import pytest

from services.domain.words import AttemptResult, ContactMode, Outcome, Risk
from services.simulator import behaviour
from services.simulator.behaviour import CALLS, OUTCOMES, TO_ANSWER, Step, planned
from services.simulator.chance import Shares, one_of
from services.simulator.people import RETURNED, reviewed

DRAWS = 4_000


def plans(risk: Risk = Risk.MEDIUM) -> list[tuple[Step, ...]]:
    return [planned(Random(f"plan {number}"), risk) for number in range(DRAWS)]


def commands(plan: tuple[Step, ...]) -> list[str]:
    return [step.command for step in plan]


def test_the_same_seed_plans_the_same_steps() -> None:
    assert planned(Random("a"), Risk.HIGH) == planned(Random("a"), Risk.HIGH)
    assert planned(Random("a"), Risk.HIGH) != planned(Random("b"), Risk.HIGH)


def test_one_in_twenty_never_answers_and_one_declines() -> None:
    first = Counter(commands(plan)[0] if plan else "silence" for plan in plans())

    assert 0.035 < first["silence"] / DRAWS < 0.065
    assert 0.035 < first["decline"] / DRAWS < 0.065
    assert set(first) == {"silence", "decline", "acknowledgement"}


@pytest.mark.parametrize("shares", [CALLS, OUTCOMES, behaviour.VISITS, behaviour.FAMILY])
def test_each_table_adds_up_and_is_drawn_by_its_shares(shares: Shares[str]) -> None:
    rng = Random("shares")

    drawn = Counter(one_of(rng, shares) for _ in range(20_000))

    assert sum(shares.values()) == 100
    for thing, share in shares.items():
        assert abs(drawn[thing] / 200 - share) < 1.2


def test_a_lognormal_has_the_mean_it_says() -> None:
    rng = Random("mean")

    drawn = [TO_ANSWER.draw(rng) for _ in range(20_000)]

    assert fmean(drawn) == pytest.approx(TO_ANSWER.mean, rel=0.03)
    assert median(drawn) < TO_ANSWER.mean
    assert min(drawn) > 0


def test_a_plan_never_concludes_before_a_contact() -> None:
    for plan in plans(Risk.HIGH):
        said = commands(plan)
        if "conclusion" in said:
            assert said.index("acknowledgement") < said.index("attempts") < said.index("contact")
            assert said.index("contact") < said.index("conclusion") < said.index("feedback")


@pytest.mark.parametrize("risk", [Risk.URGENT, Risk.HIGH])
def test_what_closes_only_in_person_is_concluded_after_a_meeting(risk: Risk) -> None:
    for plan in plans(risk):
        if "conclusion" in commands(plan):
            assert AttemptResult.REACHED_IN_PERSON in {step.body.get("result") for step in plan}


def test_a_case_raised_by_a_busy_line_is_met_too() -> None:
    for plan in plans(Risk.LOW):
        results = {step.body.get("result") for step in plan}
        if "conclusion" in commands(plan) and results & {AttemptResult.BUSY, AttemptResult.HUNG_UP}:
            assert AttemptResult.REACHED_IN_PERSON in results


def test_a_visit_that_is_wanted_at_once_is_set_out_on_first() -> None:
    for number in range(200):
        plan = planned(Random(f"visit {number}"), Risk.URGENT, visit=True)
        if "attempts" in commands(plan):
            first = next(step for step in plan if step.command == "attempts")
            assert (first.body["channel"], first.body["result"]) == ("visit", "SET_OUT")


def test_each_visit_is_told_in_steps() -> None:
    for plan in plans(Risk.HIGH):
        visits = [step.body["result"] for step in plan if step.body.get("channel") == "visit"]
        for index, result in enumerate(visits):
            if result in ("REACHED_IN_PERSON", "NOT_HOME"):
                assert visits[index - 2 : index] == ["SET_OUT", "ARRIVED"]


def test_a_hold_protects_only_after_a_refusal() -> None:
    for plan in plans():
        held = "protective-hold" in commands(plan)
        outcomes = {step.body["outcome"] for step in plan if step.command == "conclusion"}
        assert not held or outcomes == {"REFUSED"}


def test_some_lose_contact_and_find_it_again() -> None:
    lost = [commands(plan) for plan in plans() if "contact-lost" in commands(plan)]

    assert 0.03 < len(lost) / DRAWS < 0.06
    assert any(said.count("contact") == 2 for said in lost)


def test_every_word_of_a_plan_is_one_of_the_lists() -> None:
    for plan in plans():
        for step in plan:
            assert step.after_s > 0
            if step.command == "attempts":
                AttemptResult(step.body["result"])
            elif step.command == "contact":
                ContactMode(step.body["mode"])
            elif step.command == "conclusion":
                Outcome(step.body["outcome"])


def test_amounts_are_whole_fen_and_fit_their_outcome() -> None:
    endings = [step.body for plan in plans() for step in plan if step.command == "conclusion"]

    for body in endings:
        amounts = {name: fen for name, fen in body.items() if name.endswith("_fen")}
        assert all(isinstance(fen, int) and fen > 0 for fen in amounts.values())
        assert ("loss_after_fen" in amounts) == (body["outcome"] == Outcome.DEFRAUDED_AFTER_WARNING)
        if body["outcome"] in (Outcome.FALSE_POSITIVE, Outcome.WRONG_PERSON):
            assert not amounts


def test_one_feedback_in_twenty_is_returned_for_its_words() -> None:
    steps = [reviewed(Random(f"review {number}")) for number in range(DRAWS)]

    returned = [step for step in steps if step.command == "return"]

    assert abs(len(returned) / DRAWS * 100 - RETURNED) < 1.5
    assert all(step.body["text_only"] for step in returned)
