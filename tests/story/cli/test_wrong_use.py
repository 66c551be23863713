"""Wrong use and settings that can't work: one line that says what to do, exit 2, nothing else."""

import fcntl
from pathlib import Path

import pytest

from tests.story.cli.conftest import Quanzu

POSTGRES = "postgresql://a:secret-word@127.0.0.1:1/x"


@pytest.mark.parametrize(
    ("name", "value", "words", "told"),
    [
        ("QUANZU_KAFKA", "kafka", ["token", "list"], "QUANZU_KAFKA: 'kafka' has no port"),
        ("QUANZU_KAFKA", "kafka", ["serve"], "QUANZU_KAFKA: 'kafka' has no port"),
        ("QUANZU_DATABASE", "mysql://x", ["cases", "list"], "QUANZU_DATABASE: use postgresql://"),
        ("QUANZU_DATABASE", "postgresql://h:port/x", ["db", "check"], "QUANZU_DATABASE: "),
        ("QUANZU_API_PORT", "many", ["serve"], "QUANZU_API_PORT: "),
        ("QUANZU_MASTER_KEYS", "", ["serve"], "QUANZU_MASTER_KEYS is missing"),
        ("QUANZU_IDENTITY", "", ["serve"], "QUANZU_IDENTITY is missing"),
        ("QUANZU_IDENTITY", "password", ["serve"], "QUANZU_IDENTITY: use oidc, accounts, tokens"),
        ("QUANZU_IDENTITY", "accounts", ["serve"], "QUANZU_PUBLIC_URL must begin with https://"),
        ("QUANZU_INDEX_KEY", "c2hvcnQ=", ["serve"], "QUANZU_INDEX_KEY has 5 bytes"),
        ("QUANZU_DATABASE", POSTGRES, ["serve", "api"], "without Kafka the embedded broker lives in one process"),
        ("QUANZU_SMALL_N", "2", ["serve", "router"], "SQLite serves one process only"),
        ("QUANZU_SMALL_N", "2", ["serve", "nobody"], "there is no process nobody"),
        ("QUANZU_SMALL_N", "2", ["send"], "no broker is named"),
        ("QUANZU_SMALL_N", "2", ["send", "--lat", "1"], "--lat and --lon come together"),
        ("QUANZU_SMALL_N", "2", ["dead-letters", "replay"], "give an ID, or --all"),
        ("QUANZU_SMALL_N", "2", ["replay", "absent.csv"], "absent.csv is not there"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(
    quanzu: Quanzu, monkeypatch: pytest.MonkeyPatch, *, name: str, value: str, words: list[str], told: str
) -> None:
    monkeypatch.setenv(name, value)

    answer = quanzu(*words)

    assert answer.code == 2
    assert answer.out == ""
    assert len(answer.err.splitlines()) == 1
    assert told in answer.err
    assert "secret-word" not in answer.err


def test_an_unknown_command_is_exit_2(quanzu: Quanzu) -> None:
    assert quanzu("nothing").code == 2


def test_a_second_process_on_one_file_is_refused(installed: Quanzu, tmp_path: Path) -> None:
    with (tmp_path / "quanzu.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        answer = installed("serve")

    assert answer.code == 2
    assert "another `quanzu serve` is using" in answer.err


def test_a_database_that_is_away_fails_in_one_line(quanzu: Quanzu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANZU_DATABASE", POSTGRES)

    answer = quanzu("cases", "list")

    assert (answer.code, answer.err) == (1, "the database does not answer (ConnectionRefusedError)\n")
