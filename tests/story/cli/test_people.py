"""people and account: who may log in, said at the command line."""

import io
import json
import sys

import pytest

from tests.story.cli.conftest import Quanzu

PASSWORD = "a long enough one\n"


def test_people_are_let_in_changed_and_cut_off(installed: Quanzu) -> None:
    installed("people", "add", "zhang", "--login", "z@p", "--role", "operator")
    installed("people", "add", "zhang", "--login", "z@p", "--role", "auditor")
    installed("token", "add", "zhang", "--role", "operator")

    (before,) = json.loads(installed("--json", "people", "list").out)
    cut = json.loads(installed("--json", "people", "revoke", "zhang").out)
    (after,) = json.loads(installed("--json", "people", "list").out)

    assert (before["role"], before["login"], before["revoked_at"]) == ("auditor", "z@p", None)
    assert cut == {"name": "zhang", "people": 1, "sessions": 0, "invitations": 0, "tokens": 1}
    assert after["revoked_at"] is not None
    assert installed("people", "revoke", "nobody").code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["a b", "--role", "operator"], "1 to 100 characters"),
        (["x", "--role", "desk"], "have a unit"),
        (["x", "--role", "operator", "--unit", "P1"], "have a unit"),
        (["x", "--role", "desk", "--unit", "nowhere"], "nowhere"),
        (["x", "--role", "device"], "no person is a device"),
    ],
)
def test_who_cannot_be_is_told_in_one_line(installed: Quanzu, words: list[str], told: str) -> None:
    answer = installed("people", "add", *words)

    assert answer.code == 2
    assert told in answer.err
    assert len(answer.err.splitlines()) == 1


def test_accounts_are_off_until_a_setting_says_so(installed: Quanzu, monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed("account", "add", "zhang", "--role", "operator").code == 2
    monkeypatch.setenv("QUANZU_IDENTITY", "accounts")

    def typed(words: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(words))

    typed("short\n")
    assert "at least 10" in installed("account", "add", "zhang", "--role", "operator").err
    typed("password123\n")
    assert "breaches" in installed("account", "add", "zhang", "--role", "operator").err
    typed("zhangsan quanzu\n")
    assert "QUANZU_PASSWORD_WORDS" in installed("account", "add", "zhangsan", "--role", "operator").err
    typed(PASSWORD)
    added = installed("account", "add", "zhang", "--role", "operator")
    typed(PASSWORD)
    changed = installed("account", "password", "zhang")
    off = installed("account", "disable", "zhang")

    assert (added.code, changed.code, off.code) == (0, 0, 0)
    assert PASSWORD.strip() not in added.out + added.err + changed.out
    typed(PASSWORD)
    assert installed("account", "password", "nobody").code == 1
