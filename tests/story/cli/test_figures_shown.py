"""Figures from the command line: shown with what they are out of, checked against a recount, counted anew."""

import json
import sqlite3
from pathlib import Path

from tests.story.cli.conftest import Quanzu


def test_nothing_yet_has_no_figures_and_checks_out(installed: Quanzu) -> None:
    assert installed("figures", "check").code == 0

    shown = json.loads(installed("--json", "figures", "show", "--from", "2026-11-01", "--to", "2026-12-01").out)

    assert {row["value"] for row in shown["figures"] if "part" in row} == {None}
    assert shown["as_of"] is not None
    assert "closed loop within one hour" in installed("figures", "show").out


def test_a_count_that_is_wrong_is_named_and_mended(installed: Quanzu, tmp_path: Path) -> None:
    assert installed("figures", "check").code == 0
    with sqlite3.connect(tmp_path / "quanzu.db") as database:
        database.execute(
            "INSERT INTO figure_count (span, starts_at, unit, level, loops, cases) VALUES ('DAY', 0, 'P1', 'LOW', x'', 2)"
        )

    wrong = installed("figures", "check")
    told = json.loads(installed("--json", "figures", "check").out)
    mended = installed("figures", "recount")

    assert (wrong.code, mended.code, installed("figures", "check").code) == (1, 0, 0)
    assert "P1 LOW" in wrong.out
    assert told["wrong_sums"][0]["off"] == {"cases": 2}


def test_wrong_use_says_what_to_do(installed: Quanzu) -> None:
    backwards = installed("figures", "show", "--from", "2026-12-01", "--to", "2026-11-01")

    assert (backwards.code, "first day" in backwards.err) == (2, True)
    assert installed("figures", "show", "--unit", "NOWHERE").code == 1
    assert installed("figures", "show", "--from", "yesterday").code == 2
