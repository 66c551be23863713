"""quanzu policy, as a person uses it: show, change, check, import, publish."""

import json
from pathlib import Path

import pytest

from services.handlers.policy_yaml import write
from services.store.policies import default_document
from tests.story.cli.conftest import Quanzu


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(write(default_document()), "utf-8")
    return path


def change(file: Path, old: str, new: str) -> int:
    """Change one word; the line it stands in."""
    text = file.read_text("utf-8")
    file.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_what_is_shown_can_be_checked_and_imported(installed: Quanzu, file: Path) -> None:
    shown = installed("policy", "show")
    file.write_text(shown.out, "utf-8")

    assert shown.code == 0
    assert json.loads(installed("policy", "show", "--json").out)["document"] == default_document()
    assert installed("policy", "check", file).code == 0
    change(file, "CONTACT: 20", "CONTACT: 19")
    assert "draft 2" in installed("policy", "import", file, "--by", "测试甲").out
    assert installed("policy", "publish", 2, "--note", "试行", "--by", "测试乙").code == 0
    listed = json.loads(installed("policy", "list", "--json").out)
    assert [(one["version"], one["in_force"]) for one in listed] == [(2, True), (1, False)]
    assert (listed[0]["drafted_by"], listed[0]["published_by"], listed[0]["note"]) == ("测试甲", "测试乙", "试行")
    assert "CONTACT: 19" in installed("policy", "show").out
    assert "CONTACT: 19" not in installed("policy", "show", 1).out
    assert "试行" in installed("policy", "list").out
    assert "draft 3" in installed("policy", "import", file, "--by", "测试甲").out
    assert [installed("policy", "delete", version).code for version in (3, 3, 2)] == [0, 1, 1]


def test_a_wrong_word_is_told_with_line_and_nearest_word(installed: Quanzu, file: Path) -> None:
    line = change(file, "failed_calls_apart_min", "failed_calls_appart_min")

    told = installed("policy", "check", file)
    machines = json.loads(installed("policy", "check", file, "--json").out)

    text = f"line {line}: attempts.failed_calls_appart_min is no word of a policy; did you mean failed_calls_apart_min?"
    assert (told.code, told.out.splitlines()) == (1, [text])
    assert [(one["line"], one["nearest"]) for one in machines["faults"]] == [(line, "failed_calls_apart_min")]
    assert installed("policy", "import", file).code == 1
    assert len(json.loads(installed("policy", "list", "--json").out)) == 1


def test_stages_over_their_total_are_told_with_the_sum(installed: Quanzu, file: Path) -> None:
    change(file, "CONTACT: 15", "CONTACT: 25")

    told = installed("policy", "check", file)

    assert (told.code, told.out.strip()) == (
        1,
        "line 4: limits_min.URGENT: the stages take 0:55:00, the total is only 0:45:00",
    )


def test_a_file_or_a_version_can_be_previewed(installed: Quanzu, file: Path) -> None:
    answers = [installed("policy", "preview", what) for what in (file, 1)]

    assert [(answer.code, answer.out.split()[0]) for answer in answers] == [(0, "0"), (0, "0")]
    assert json.loads(installed("policy", "preview", 1, "--json").out) == {"cases": 0, "items": []}
    assert [installed("policy", "preview", what).code for what in ("9" * 30, "nowhere.yaml")] == [1, 2]


def test_wrong_use_is_told_in_one_line(installed: Quanzu, file: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_bytes(b"\xff\xfe\x00")
    answers = [
        installed("policy", "check", tmp_path / "nowhere.yaml"),
        installed("policy", "check", tmp_path),
        installed("policy", "check", tmp_path / "other.yaml"),
        installed("policy", "show", 9),
        installed("policy", "publish", 9, "--note", "x"),
        installed("policy", "publish", 1, "--note", " "),
        installed("policy", "publish", 1, "--note", "x"),
    ]

    assert [answer.code for answer in answers] == [2, 2, 2, 1, 1, 2, 1]
    assert all(len(answer.err.splitlines()) == 1 for answer in answers)
    assert "published by quanzu" in answers[-1].err
