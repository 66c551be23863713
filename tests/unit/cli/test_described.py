"""The pages drawn from the code are as the code is now, and name everything that is in it."""

import re
from pathlib import Path

import pytest

from services.cli.described import ROOT, TEXTS, pages
from services.domain.names import RISKS, STAGES, STATES
from services.domain.states import MOVES, State, TimerKind
from services.domain.words import Risk

PAGES = pages()
every_page = pytest.mark.parametrize("place", PAGES, ids=lambda place: str(place.relative_to(ROOT)))


@every_page
def test_a_drawn_page_has_not_drifted_from_the_code(place: Path) -> None:
    """Where it has: python -m services.cli.described"""
    assert place.read_text("utf-8") == PAGES[place]


@every_page
def test_a_page_in_the_other_language_has_the_same_codes(place: Path) -> None:
    other = ROOT / "docs" / ("zh" if place.parent.name == "docs" else "") / place.name

    assert PAGES[place] != PAGES[other]
    assert codes(PAGES[place]) == codes(PAGES[other])


def codes(page: str) -> list[str]:
    return sorted(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", page, flags=re.DOTALL)))


def test_every_state_stage_and_risk_has_its_names() -> None:
    assert (set(STATES), set(STAGES), set(RISKS)) == (set(State), set(TimerKind), set(Risk))
    assert all(zh and en for zh, en in (*STATES.values(), *STAGES.values(), *RISKS.values(), *TEXTS.values()))


def test_every_move_that_changes_the_state_is_drawn() -> None:
    graph = PAGES[ROOT / "docs" / "states.md"].split("```")[1]
    arrows = {tuple(line.split(":")[0].split(" --> ")) for line in map(str.strip, graph.splitlines()) if "-->" in line}

    assert {(state, move.to) for (state, _), move in MOVES.items() if state is not move.to} <= arrows


def test_every_limit_of_the_default_is_in_the_table() -> None:
    page = PAGES[ROOT / "docs" / "limits.md"]

    assert "| total `TOTAL` | 45 | 60 | 60 | 60 |" in page
    assert "| lease of an acknowledgement `LEASE` | 4 | 6 | 10 | 20 |" in page
    assert all(f"`{kind}`" in page for kind in TimerKind)
