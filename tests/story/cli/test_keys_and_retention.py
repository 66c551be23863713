"""keys, retention and erasure from the terminal: what they say, what they refuse, and with which exit code."""

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.story.cli.conftest import Quanzu
from tests.story.cli.test_cases_shown import _one_case


@pytest.fixture
async def case_id(installed: Quanzu) -> UUID:
    """One case that nobody was on duty for."""
    return await _one_case(datetime.now(UTC) - timedelta(minutes=1))


def test_master_keys_are_rotated_and_the_old_one_may_go(
    installed: Quanzu, case_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = os.environ["QUANZU_MASTER_KEYS"], base64.b64encode(os.urandom(32)).decode()
    before = json.loads(installed("keys", "status", "--json").out)
    monkeypatch.setenv("QUANZU_MASTER_KEYS", f"{new},{old}")

    waiting = json.loads(installed("keys", "status", "--json").out)
    rotated = installed("keys", "rotate", "--json")
    again = installed("keys", "rotate")
    monkeypatch.setenv("QUANZU_MASTER_KEYS", new)
    after = installed("keys", "status", "--json")
    shown = json.loads(installed("cases", "show", case_id, "--json").out)
    monkeypatch.setenv("QUANZU_MASTER_KEYS", old)
    foreign = installed("keys", "status")

    assert {row["which"] for row in before} == {"newest"}
    assert {row["which"] for row in waiting} == {"older"}
    assert (rotated.code, json.loads(rotated.out)["left"]) == (0, 0)
    assert json.loads(rotated.out)["done"] == sum(row["rows"] for row in before)
    assert again.out.startswith("0 rows are wrapped by ")
    assert {row["which"] for row in json.loads(after.out)} == {"newest"}
    assert shown["subject"]["phone"].endswith("4321")
    assert (foreign.code, "not here" in foreign.out) == (1, True)


def test_a_new_index_key_is_laid_over_the_old(
    installed: Quanzu, case_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = os.environ["QUANZU_INDEX_KEY"], base64.b64encode(os.urandom(32)).decode()
    monkeypatch.setenv("QUANZU_INDEX_KEY", f"{new},{old}")
    laid = [json.loads(installed("keys", "reindex", "--json").out)["found"] for _ in range(2)]
    monkeypatch.setenv("QUANZU_INDEX_KEY", new)
    unknown = installed("keys", "reindex")

    assert laid == ["DONE", "BEFORE"]
    assert (unknown.code, unknown.out.strip()) == (
        1,
        "no key in QUANZU_INDEX_KEY has made these hashes; nothing was changed",
    )
    assert installed("cases", "show", case_id).code == 0


def test_a_hold_is_placed_listed_and_lifted_once(installed: Quanzu, case_id: UUID) -> None:
    placed = installed("retention", "hold", "2026-117", "--case", case_id)
    everything = installed("retention", "hold", "2026-118", "--json")
    listed = json.loads(installed("retention", "holds", "--json").out)
    refused = [
        installed("retention", "run"),
        installed("retention", "hold", ""),
        installed("retention", "hold", "x\ny"),
    ]
    unknown = installed("retention", "hold", "2026-119", "--case", uuid4())
    lifted = [installed("retention", "lift", json.loads(everything.out)["id"]).code for _ in range(2)]

    assert (placed.code, placed.out) == (0, "held, number 1\n")
    assert [(one["case_id"], one["reference"]) for one in listed] == [(None, "2026-118"), (str(case_id), "2026-117")]
    assert [answer.code for answer in refused] == [1, 2, 2]
    assert refused[0].err.strip().endswith("under a legal hold: nothing was deleted")
    assert (unknown.code, lifted) == (1, [0, 1])


def test_nothing_young_is_past_its_period(installed: Quanzu, case_id: UUID) -> None:
    planned = installed("retention", "plan", "--json")
    ran = installed("retention", "run")
    bad = installed("retention", "verify", "/nowhere.jsonl")

    assert {one["class"]: (one["due"], one["held"]) for one in json.loads(planned.out)["classes"]} == dict.fromkeys(
        ("cases", "submissions", "tips", "dead_letters"), (0, 0)
    )
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "nothing is past its period")
    assert (bad.code, bad.err.strip()) == (1, "the archive is not sound (manifest): nothing was deleted by it")


def test_a_running_case_is_not_erased(installed: Quanzu, case_id: UUID, tmp_path: Path) -> None:
    running = installed("cases", "erase", case_id, "--reason", "ON_REQUEST")
    unknown = installed("cases", "erase", uuid4(), "--reason", "MISTAKE")
    unsaid = installed("cases", "erase", case_id)
    wrong = installed("cases", "erase", case_id, "--reason", "BECAUSE")

    assert (running.code, "PENDING" in running.err) == (1, True)
    assert (unknown.code, unsaid.code, wrong.code) == (1, 2, 2)
    assert json.loads(installed("cases", "show", case_id, "--json").out)["subject"]
