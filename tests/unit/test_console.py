"""The console's sources: their types fit the api, no address is in the lock, the acts are the moves, their own tests pass."""

import json
import re
import subprocess

import pytest

from deploy.native import console
from deploy.native.console import HOME, MODULES, TYPES, fingerprint, openapi
from deploy.native.processes import MissingError
from services.domain.names import RISKS, STATES
from services.domain.states import MOVES, Action, TimerKind
from services.domain.words import AttemptResult, Outcome, Role

WORDS = {language: json.loads((HOME / "src" / "words" / f"{language}.json").read_text()) for language in ("zh", "en")}


def test_the_types_are_drawn_from_the_api_as_it_is() -> None:
    """Where they are not: python -m deploy.native.console client"""
    assert f"// openapi {fingerprint(openapi())}\n" in TYPES.read_text()


def test_the_lock_names_no_address_to_fetch_from() -> None:
    lock = json.loads((HOME / "package-lock.json").read_text())

    assert lock["packages"]
    assert not [name for name, about in lock["packages"].items() if "resolved" in about]
    assert not [name for name, about in lock["packages"].items() if name and not about.get("integrity")]


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("state", STATES),
        ("risk", RISKS),
        ("timer", TimerKind),
        ("action", Action),
        ("outcome", Outcome),
        ("attempt", AttemptResult),
        ("role", Role),
    ],
)
def test_every_code_of_the_api_has_its_words_in_both_languages(kind: str, codes: object) -> None:
    for words in WORDS.values():
        assert {f"{kind}.{code}" for code in codes} <= words.keys()  # type: ignore[attr-defined]  # an enum or a table


def test_police_words_are_those_of_the_domain() -> None:
    assert {code: WORDS["zh"][f"state.{code}"] for code in STATES} == {code: zh for code, (zh, _) in STATES.items()}
    assert {code: WORDS["zh"][f"risk.{code}"] for code in RISKS} == {code: zh for code, (zh, _) in RISKS.items()}


def test_the_board_offers_each_act_from_the_states_that_the_domain_allows() -> None:
    acts = (HOME / "src" / "board" / "acts.ts").read_text()
    named = {
        "acknowledge": Action.ACKNOWLEDGE,
        "report": Action.REPORT,
        "close": Action.CLOSE,
        "reopen": Action.REOPEN,
        "decline": Action.DECLINE,
        "contact": Action.CONTACT,
        "contact_lost": Action.LOSE_CONTACT,
        "attempt": Action.ATTEMPT,
        "give_up": Action.GIVE_UP,
        "return": Action.RETURN,
        "hand_over": Action.HAND_OVER,
        "transfer": Action.TRANSFER,
    }
    for name, action in named.items():
        said = re.search(rf"name: '{name}', path:.*?from: \[(.*?)\]", acts, re.DOTALL)
        assert said is not None, name
        people = {state for (state, one), move in MOVES.items() if one is action and move.may != {Role.SYSTEM}}
        assert set(re.findall(r"'(\w+)'", said.group(1))) == people, name


def test_the_consoles_own_tests_pass() -> None:
    try:
        console.install()
        said = console.run("vitest", "run", "--reporter=dot")
    except MissingError as missing:
        pytest.skip(str(missing))
    except subprocess.CalledProcessError as failed:
        pytest.fail(failed.output)
    assert "passed" in said
    assert MODULES.is_dir()
